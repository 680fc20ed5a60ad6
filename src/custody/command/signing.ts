import { createHash } from "node:crypto";
import { type Algorithm, algorithmNamed } from "../../algorithms/table.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { OpenableKey, Signer } from "../contract.js";
import { remoteSigner, type SignOnce } from "../remote-signer.js";
import { assertNamed, keyOfSpki, type ReportedKey } from "../stored-key.js";
import type { Ask } from "./calls.js";

/** A key that the program signs with: its name for it, and its SubjectPublicKeyInfo, base64. */
export interface ProgramKey {
  readonly key: string;
  readonly spki: string;
}

/** Makes a signer whose key stays with the program. */
export function programSigner(ask: Ask, { key, spki }: ProgramKey, wanted: OpenableKey): Signer {
  const algorithm = algorithmNamed(wanted.alg);
  const reported = reportedKey(spki, algorithm);
  assertNamed(reported.jwk, wanted);
  const signOnce: SignOnce = async (signingInput, isGood) => {
    const message = Buffer.from(signingInput, "latin1");
    const digest = algorithm.digest === null ? null : createHash(algorithm.digest).update(message).digest("base64");
    const { signature } = await ask("sign", { key, alg: algorithm.name, message: message.toString("base64"), digest });
    const found = Buffer.from(signature, "base64");
    return isGood(found) ? found : undefined;
  };
  const refusal = `the program answered two signatures that ${algorithm.name} and the public key refuse: RSA as PKCS #1 says, ECDSA as r || s`;
  return remoteSigner(reported, signOnce, refusal);
}

/** The public key that the program reports. */
export function reportedKey(spki: string, algorithm: Algorithm): ReportedKey {
  try {
    return keyOfSpki(Buffer.from(spki, "base64"), algorithm);
  } catch (cause) {
    if (!isSignetError(cause, "invalid_key")) throw cause;
    throw new SignetError("key_mismatch", `the program's key is not one for ${algorithm.name}`, { cause });
  }
}
