import { closedObject, requestChecker, requestFault } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import { issOfKey, namedInTokens } from "../issue/token-rules.js";
import type { Jwks } from "../keyring/documents.js";
import type { Tokens } from "../settings/tokens.js";
import { createVerifier } from "../verify/create-verifier.js";
import { verifierWithoutKid } from "../verify/unnamed-keys.js";
import type { Verifier } from "../verify/verifier.js";
import { privateJson } from "./answers.js";
import type { Authenticator } from "./authenticate.js";
import { parseJsonBody, withBody } from "./body.js";
import type { Handler } from "./request-context.js";

/** The question whether a token is good. */
export const VERIFY_REQUEST = closedObject(["token", "audience"], {
  token: { type: "string", title: "a text", description: "The token, a JWT in compact form, without Bearer." },
  audience: {
    type: ["string", "array", "null"],
    title: "a text, a list of texts, or null to accept tokens for anybody",
    description: "The audiences of which the token must name one.",
    minLength: 1,
    minItems: 1,
    maxItems: 100,
    items: { type: "string", minLength: 1 },
  },
});

const MAX_BYTES = 64 * 1024;
const MAX_VERIFIERS = 100;
const checked = requestChecker(VERIFY_REQUEST, '{"token": "...", "audience": "..."}');

/** What is needed to verify this issuer's tokens. */
export interface OwnVerifiersOptions {
  readonly issuer: string | undefined;
  /** How its tokens differ from the usual now; the same object for as long as nothing has changed. */
  readonly tokens?: (() => Tokens) | undefined;
  /** The public keys as they are published now. */
  readonly jwks: () => Jwks | undefined;
  readonly clock: () => number;
}

/** The verifier of this issuer's tokens for an audience, by the keys that are published now. @throws SignetError `not_ready` */
export type OwnVerifiers = (audience: string | readonly string[] | null) => Verifier;

/** Makes verifiers for the audiences that are asked for, and keeps them until other keys are published, or are called otherwise. */
export function ownVerifiers({ issuer, tokens: tokensNow, jwks, clock }: OwnVerifiersOptions): OwnVerifiers {
  let keys: Jwks | undefined;
  let tokens: Tokens | undefined;
  const verifiers = new Map<string, Verifier>();

  function verifierOf(present: Jwks, audience: string | readonly string[] | null): Verifier {
    const { iss, kid = true, kids, exp: requireExpiration = true } = tokens ?? {};
    const own = iss === undefined ? (issuer ?? null) : present.keys.map((jwk) => issOfKey(iss, jwk));
    const rules = { keys: namedInTokens(kids, present), requireExpiration, issuer: own, audience, types: null, clock };
    return kid ? createVerifier({ ...rules, requireKid: true }) : verifierWithoutKid(rules);
  }

  return (audience) => {
    const present = jwks();
    if (present === undefined) throw new SignetError("not_ready", "no keys are published yet");
    const rules = tokensNow?.();
    if (present !== keys || rules !== tokens || verifiers.size >= MAX_VERIFIERS) verifiers.clear();
    [keys, tokens] = [present, rules];
    const name = JSON.stringify(audience);
    const known = verifiers.get(name) ?? verifierOf(present, audience);
    verifiers.set(name, known);
    return known;
  };
}

/** `POST /verify`: the header and claims of a good token of this issuer, or the reason why it is none. */
export function verifyRoute(authenticate: Authenticator, verifierFor: OwnVerifiers): Handler {
  return (request, context) =>
    authenticate.byHeader(request, context, (caller) => {
      caller.assertMay("issue");
      return withBody(request, context, MAX_BYTES, (body) => {
        const { token, audience } = checked(parseJsonBody(request, body));
        const { header, claims } = verifierFor(checkedAudience(audience)).verify(token as string);
        return privateJson(JSON.stringify({ header, claims }));
      });
    });
}

function checkedAudience(audience: unknown): string | readonly string[] | null {
  if (Array.isArray(audience) && !audience.every((each) => typeof each === "string" && each !== "")) {
    throw requestFault({ field: "audience", mustBe: "a text or a list of texts" }, VERIFY_REQUEST);
  }
  return audience as string | readonly string[] | null;
}
