import { SignetError } from "../errors.js";
import type { TokenPurpose } from "./header.js";
import { followIssuers, type IssuersVerifierOptions, verifyByFollowed } from "./issuers.js";
import { localVerifier, type VerifiedToken } from "./verifier.js";

/** A verifier that follows its issuers' keys. */
export interface IssuersVerifier {
  /**
   * Verifies a token, once the keys of its issuer are there.
   *
   * @throws SignetError as `Verifier.verify`; `jwks_unavailable` where there are no keys, or none that are new enough;
   *   `jwks_misconfigured` where that lasts until it is corrected
   */
  verify(token: string, purpose?: TokenPurpose): Promise<VerifiedToken>;
  /**
   * Verifies by the keys that are there, and waits for nothing: after `ready`, or a token that was verified. A key that is not among
   * them is refused; `verify` would look for it. Keys that fell due while no token came are used until the fetch that it starts has ended:
   * `verify` would wait for it.
   *
   * @throws SignetError as `verify`
   */
  verifySync(token: string, purpose?: TokenPurpose): VerifiedToken;
  /**
   * Fetches every issuer's keys now: at a start, so that the first token does not wait.
   *
   * @throws SignetError `jwks_unavailable`, `jwks_misconfigured`
   */
  ready(): Promise<void>;
}

/**
 * Makes a verifier by issuers' URLs. Nothing is fetched yet.
 *
 * @throws SignetError `config_invalid`
 */
export function issuersVerifier(options: IssuersVerifierOptions): IssuersVerifier {
  const { sourceFor, ready } = followIssuers(options, localVerifier);
  return Object.freeze({
    async verify(token: string, purpose?: TokenPurpose) {
      return verifyByFollowed(sourceFor(token), token, purpose);
    },
    verifySync(token: string, purpose?: TokenPurpose) {
      const verifier = sourceFor(token).latest();
      if (verifier !== undefined) return verifier.verify(token, purpose);
      throw new SignetError("jwks_unavailable", "the issuer's keys are not there yet: await ready() first");
    },
    ready,
  });
}
