import { NOT_AHEAD, noRule, observed, page } from "./notation.js";
import type { PartyRules } from "./relying-party.js";

const OURS = page("docs/verifying.md", "2026-11-27");

/** What Signet's own verifier does unless it is told otherwise, in the authorizer as in a program. */
export const OWN_VERIFIER = {
  leastRsaBits: observed(2_048, OURS),
  leeway: observed({ exp: 60, nbf: 60, iat: 60 }, OURS),
  iat: observed(NOT_AHEAD, OURS),
  nbf: observed(NOT_AHEAD, OURS),
  kid: observed("several", OURS),
  typ: observed(null, OURS, "JWT, or none; at+jwt where a request carries the token; types names others"),
  longestToken: observed(32_768, OURS),
  forbiddenClaims: observed([], OURS),
  moreClaims: observed({ scope: "or scp, where scopes are demanded" }, OURS),
  headerMembers: observed([], OURS),
  azp: observed("ignored", OURS),
  singleUse: observed("no", OURS),
  ...noRule("observed", OURS, "onlyKinds", "wholeOctets", "longestLife", "subject", "audiences", "reuseAtLeastSeconds"),
  ...noRule("observed", OURS, "credentials"),
} satisfies Partial<PartyRules>;
