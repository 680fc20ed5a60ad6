import { jwksUrlOf } from "../keyring/documents.js";
import { checkDecodeRequest } from "../verify/decode-request.js";
import { createDecoder } from "../verify/decoder.js";
import type { VerifiedToken } from "../verify/verifier.js";
import { privateJson } from "./answers.js";
import type { Authenticator } from "./authenticate.js";
import { parseJsonBody, withBody } from "./body.js";
import type { Handler } from "./request-context.js";

/** What the route is made of. */
export interface DecodeRouteOptions {
  readonly authenticate: Authenticator;
  readonly issuer: string | undefined;
  /** The hosts that keys are fetched from; by default the issuer's own. */
  readonly hosts: readonly string[] | undefined;
  /** Verifies a token of this issuer, for whatever audience, by the keys that are published now. */
  readonly verifyOwn: (token: string) => VerifiedToken;
  readonly clock: () => number;
}

const MAX_BYTES = 64 * 1024;

/** `POST /decode`: the claims of a token that is good by the JWKS at a URL, or the reason why it is none. */
export function decodeRoute({ authenticate, issuer, hosts, verifyOwn, clock }: DecodeRouteOptions): Handler {
  const decode = createDecoder({ issuer, hosts, clock });
  const own = issuer === undefined ? undefined : jwksUrlOf(issuer);

  return (request, context) =>
    authenticate.byHeader(request, context, ({ name, assertMay }) => {
      assertMay("issue");
      return withBody(request, context, MAX_BYTES, async (body) => {
        const { jwksUri, token } = checkDecodeRequest(parseJsonBody(request, body));
        // What is published here need not be fetched from here.
        const claims = jwksUri === own ? verifyOwn(token).claims : await decode(jwksUri, token, name);
        return privateJson(JSON.stringify(claims));
      });
    });
}
