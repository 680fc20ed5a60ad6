import { signatureChecker } from "../algorithms/signature.js";
import { algorithmNamed } from "../algorithms/table.js";
import { SignetError } from "../errors.js";
import type { Signer } from "./contract.js";
import type { ReportedKey } from "./stored-key.js";

/** Asks for one signature in JWS form; `undefined` where `isGood` refuses it. */
export type SignOnce = (signingInput: string, isGood: (signature: Buffer) => boolean) => Promise<Buffer | undefined>;

/**
 * Makes a signer whose key stays elsewhere. Each signature is checked against the public key before it is answered; one that does not
 * belong to it is asked for once more.
 *
 * @param refusal says whose two signatures were refused, and why that may be
 */
export function remoteSigner({ key, jwk: publicJwk }: ReportedKey, signOnce: SignOnce, refusal: string): Signer {
  const check = signatureChecker(algorithmNamed(publicJwk.alg), key);
  return Object.freeze({
    kid: publicJwk.kid,
    alg: publicJwk.alg,
    publicJwk,
    isRemote: true as const,
    async sign(signingInput: string): Promise<Buffer> {
      const isGood = (signature: Buffer) => check(signingInput, signature);
      const signature = (await signOnce(signingInput, isGood)) ?? (await signOnce(signingInput, isGood));
      if (signature !== undefined) return signature;
      throw new SignetError("signature_unproven", refusal);
    },
  });
}
