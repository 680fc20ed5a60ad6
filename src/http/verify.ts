import { closedObject, faultFinder, isObject } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import { requestFault } from "../issue/request.js";
import type { Jwks } from "../keyring/documents.js";
import { createVerifier } from "../verify/create-verifier.js";
import type { Verifier } from "../verify/verifier.js";
import { privateJson } from "./answers.js";
import type { Authenticator } from "./authenticate.js";
import { parseJsonBody, withBody } from "./body.js";
import type { Handler } from "./call.js";

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

const MOST_BYTES = 64 * 1024;
const MOST_VERIFIERS = 100;
const findFault = faultFinder(VERIFY_REQUEST);

/** What the route needs to know of the issuer. */
export interface VerifyRouteOptions {
  readonly authenticate: Authenticator;
  readonly issuer: string | undefined;
  /** The public keys as they are published now. */
  readonly jwks: () => Jwks | undefined;
  readonly clock: () => number;
}

/** `POST /verify`: the header and claims of a good token of this issuer, or the reason why it is none. */
export function verifyRoute({ authenticate, issuer, jwks, clock }: VerifyRouteOptions): Handler {
  let keys: Jwks | undefined;
  const verifiers = new Map<string, Verifier>();

  function verifierFor(audience: string | readonly string[] | null): Verifier {
    const present = jwks();
    if (present === undefined) throw new SignetError("not_ready", "no keys are published yet");
    if (present !== keys || verifiers.size >= MOST_VERIFIERS) verifiers.clear();
    keys = present;
    const name = JSON.stringify(audience);
    const known = verifiers.get(name) ?? newVerifier(present, audience);
    verifiers.set(name, known);
    return known;
  }

  function newVerifier(present: Jwks, audience: string | readonly string[] | null): Verifier {
    if (Array.isArray(audience) && !audience.every((each) => typeof each === "string" && each !== "")) {
      throw requestFault({ field: "audience", mustBe: "a text or a list of texts" }, VERIFY_REQUEST);
    }
    return createVerifier({ keys: present, issuer: issuer ?? null, audience, types: null, clock });
  }

  return (request, call) => {
    authenticate.byHeader(request, call);
    return withBody(request, call, MOST_BYTES, (body) => {
      const value = parseJsonBody(request, body);
      if (!isObject(value))
        throw new SignetError("invalid_request", 'the body must be an object: {"token": "...", "audience": "..."}');
      const fault = findFault(value);
      if (fault !== undefined) throw requestFault(fault, VERIFY_REQUEST);
      const { header, claims } = verifierFor(value.audience as string | readonly string[] | null).verify(value.token as string);
      return privateJson(JSON.stringify({ header, claims }));
    });
  };
}
