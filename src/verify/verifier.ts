import type { PublicJwk } from "../algorithms/jwk.js";
import { SignetError } from "../errors.js";
import { type ClaimChecks, claimsChecker, type VerifiedClaims } from "./claims.js";
import { headerReader, type TokenHeader } from "./header.js";
import { keyFinder } from "./keys.js";
import { parsePayload, splitToken } from "./token.js";

/** What a verifier is made of. */
export interface VerifierOptions extends ClaimChecks {
  /** The issuer's public keys, as its JWKS has them. */
  readonly keys: { readonly keys: readonly (PublicJwk | Readonly<Record<string, unknown>>)[] };
  /** The header's `typ` that is accepted; default `["JWT"]`, and no `typ` at all. `null` accepts any. */
  readonly types?: readonly string[] | null | undefined;
  /** The longest token that is looked at, in characters. Default 32,768. */
  readonly maxTokenLength?: number | undefined;
}

/** A token that was verified. */
export interface VerifiedToken {
  readonly header: TokenHeader;
  readonly claims: VerifiedClaims;
}

/** A verifier: it tells tokens of its issuer from everything else. */
export interface Verifier {
  /**
   * Verifies a token.
   *
   * @throws SignetError with a code that begins with `token_` for a token that is refused; `algorithm_unavailable` for one whose
   * key this Node cannot use
   */
  verify(token: string): VerifiedToken;
}

/**
 * Makes a verifier over public keys that are at hand.
 *
 * @throws SignetError `config_invalid` where issuer or audience is neither given nor waived by `null`
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const checkClaims = claimsChecker(options);
  const readHeader = headerReader(options.types === undefined ? ["JWT"] : options.types);
  const findKey = keyFinder(options.keys);
  const longest = options.maxTokenLength ?? 32_768;
  return Object.freeze({
    verify(token: string): VerifiedToken {
      const parts = splitToken(token, longest);
      const header = readHeader(parts.header);
      const isSigned = findKey(header);
      // Nothing of the payload is read, and nothing said of it, before the signature is known to be good.
      if (!isSigned(parts.signingInput, parts.signature)) {
        throw new SignetError("token_signature_invalid", "the token's signature does not belong to it and to the issuer's key");
      }
      const claims = parsePayload(parts.payload);
      checkClaims(claims);
      return Object.freeze({ header, claims });
    },
  });
}
