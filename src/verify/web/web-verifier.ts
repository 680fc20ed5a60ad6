import { claimsChecker } from "../claims.js";
import { headerReader, type TokenPurpose } from "../header.js";
import { followIssuers, type IssuersVerifierOptions, verifyByFollowed } from "../issuers.js";
import { keyFinder } from "../keys.js";
import { claimsFrom, decodePart, signatureInvalid, splitToken } from "../token.js";
import type { VerifiedToken, VerifierOptions } from "../verifier.js";
import { hasKeys, readVerifierOptions } from "../verifier-options.js";
import { webKeyCheck } from "./key-check.js";

/** A verifier where there is no Node: what computes signatures there answers later. */
export interface WebVerifier {
  /** Verifies a token: its structure, its header, its signature, and only then its claims. @throws SignetError as in Node */
  verify(token: string, purpose?: TokenPurpose): Promise<VerifiedToken>;
}

/** A verifier that follows its issuers' keys. */
export interface WebIssuersVerifier extends WebVerifier {
  /** Fetches every issuer's keys now: at a start, so that the first token does not wait. @throws SignetError as in Node */
  ready(): Promise<void>;
}

/**
 * Makes a verifier on the Web Cryptography API, as strict as Node's: over `keys` that are at hand, or by the URL of each `issuer`.
 *
 * @example
 * ```ts
 * import { createVerifier, isTokenRefusal } from "signet-jwt/verify/web";
 *
 * const jwk = { kid: "a", kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } as const;
 * const verifier = createVerifier({ keys: { keys: [jwk] }, issuer: "https://issuer.example", audience: "api" });
 * const verdict = await verifier.verify("no token").then(
 *   ({ claims }) => claims.sub,
 *   (error) => isTokenRefusal(error) && error.code,
 * );
 * console.log(verdict); // token_malformed
 * ```
 *
 * @throws SignetError as in Node; what only the runtime can tell of a key is told with the first token that names it
 */
export function createVerifier(options: VerifierOptions): WebVerifier;
export function createVerifier(options: IssuersVerifierOptions): WebIssuersVerifier;
export function createVerifier(options: VerifierOptions | IssuersVerifierOptions): WebVerifier | WebIssuersVerifier {
  const read = readVerifierOptions(options);
  if (hasKeys(read)) return localVerifier(read);
  const { sourceFor, ready } = followIssuers(read, localVerifier);
  return Object.freeze({
    verify: async (token: string, purpose?: TokenPurpose) => verifyByFollowed(sourceFor(token), token, purpose),
    ready,
  });
}

function localVerifier(options: VerifierOptions): WebVerifier {
  const integersAsText = options.integersAsText && [...options.integersAsText];
  const checkClaims = claimsChecker(options);
  const readHeader = headerReader(options);
  const findKey = keyFinder(options, webKeyCheck);
  return Object.freeze({
    async verify(token: string, purpose?: TokenPurpose) {
      const parts = splitToken(token, options.maxTokenLength);
      const read = readHeader(parts.header, purpose);
      const isSigned = findKey(read);
      const payload = decodePart(parts.payload, "payload");
      if (!(await isSigned(parts.signingInput, parts.signature))) throw signatureInvalid();
      const claims = claimsFrom(payload, integersAsText);
      checkClaims(claims);
      return Object.freeze({ header: read.header, claims });
    },
  });
}
