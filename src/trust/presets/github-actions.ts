import { isObject } from "../../encoding/list-of.js";
import { ownMember } from "../../encoding/own-member.js";
import type { TrustRule } from "../../settings/trusts.js";
import { isFixed, isFixedOrPrefixed, isHttpsIssuer, isNumericId, type Preset, type RuleClaims, refusedRule } from "./preset.js";

const ISSUER = "https://token.actions.githubusercontent.com";

/**
 * https://docs.github.com/en/actions/reference/security/oidc (read 2026-11-26): every claim is a text, ids too. An enterprise may have an
 * issuer of its own (`.../ENTERPRISE`), GitHub Enterprise Server has `https://HOST/_services/token`; the issuer of GHE.com,
 * `https://token.actions.SUBDOMAIN.ghe.com`, is from memory.
 *
 * https://github.com/github/docs/pull/45221 (2026-07-20): the default `sub` of repositories made, renamed or moved since 2026-07-15 is
 * `repo:OWNER@ID/NAME@ID:...`, of others `repo:OWNER/NAME:...`, whose names another account can take over. The changelog of 2026-04-23 had
 * announced another form and 2026-06-18.
 */
const FORMS = [
  /^https:\/\/token\.actions\.githubusercontent\.com(\/[A-Za-z0-9-]+)?$/,
  /^https:\/\/token\.actions\.[a-z0-9-]+\.ghe\.com$/,
  /^https:\/\/[^/]+\/_services\/token$/,
];

/** A subject that names its owner by id: names have no @. */
const SUBJECT_WITH_ID = /^repo:[A-Za-z0-9-]+@\d+\//;

export const githubActions: Preset = {
  name: "github-actions",
  about: "a job of GitHub Actions",
  issuer: ISSUER,
  isIssuer: (issuer) => isHttpsIssuer(issuer) && FORMS.some((form) => form.test(issuer)),
  issuerForm: `${ISSUER}, the same with /ENTERPRISE, or https://HOST/_services/token of GitHub Enterprise Server`,
  identifiedBy: [["repository_id"], ["repository_owner_id"], ["sub"]],
  subjectsBegin: ["repo:"],
  identifies: (claims) =>
    isFixed(ownMember(claims, "repository_id"), isNumericId) ||
    isFixed(ownMember(claims, "repository_owner_id"), isNumericId) ||
    isFixedOrPrefixed(ownMember(claims, "sub"), (sub) => SUBJECT_WITH_ID.test(sub)),
  identity:
    'repository_id or repository_owner_id, digits as a text such as "1234" (`gh api repos/OWNER/NAME --jq .id`): a name can be taken over by another account',
  complete: withoutForeignCode,
};

const FOREIGN_CODE = "pull_request_target";

// pull_request_target runs with the rights of the repository and, by mistake or not, often on code of the pull request's author. An environment
// has protection rules of its own, and job_workflow_ref says which workflow it is.
function withoutForeignCode(rule: TrustRule): TrustRule {
  const claims: RuleClaims = rule.claims ?? {};
  const isChosen = (name: string) => isFixedOrPrefixed(ownMember(claims, name), (text) => text !== "");
  if (isChosen("environment") || isChosen("job_workflow_ref")) return rule;
  return { ...rule, claims: { ...claims, event_name: withoutForeignEvent(ownMember(claims, "event_name")) } };
}

function withoutForeignEvent(event: unknown): unknown {
  if (event === undefined) return { not: [FOREIGN_CODE] };
  if ([event].flat().includes(FOREIGN_CODE)) {
    const words = `names ${FOREIGN_CODE}, which often runs code of strangers; expected environment or job_workflow_ref beside it`;
    throw refusedRule("claims.event_name", words);
  }
  const not = isObject(event) && Object.keys(event).length === 1 ? ownMember(event, "not") : undefined;
  return not === undefined ? event : { not: [...new Set([not, FOREIGN_CODE].flat())] };
}
