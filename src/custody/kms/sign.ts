import { createHash, hash } from "node:crypto";
import type { PublicJwk } from "../../algorithms/jwk.js";
import { type Algorithm, algorithmNamed } from "../../algorithms/table.js";
import { isAws } from "../../aws/failure.js";
import type { Kms, KmsMessage } from "../../aws/kms.js";
import { ecdsaFromDer, ecdsaToDer } from "../../encoding/ecdsa-der.js";
import { monotonicMs } from "../../encoding/monotonic.js";
import { SignetError } from "../../errors.js";
import type { Signer } from "../contract.js";
import { kmsSigningAlgorithm } from "../kms-names.js";
import { remoteSigner, type SignOnce } from "../remote-signer.js";
import type { ReportedKey } from "../stored-key.js";

/** The most bytes that KMS takes as they are (Sign, "Message"). */
const MAX_RAW_BYTES = 4_096;

/** A signature that KMS has made. */
export interface KmsSigned {
  /** How long KMS took, retries included. */
  readonly milliseconds: number;
  /** Whether the public key takes it; what it does not take is never answered. */
  readonly isProven: boolean;
}

/** Told of each signature that KMS has made. */
export type OnKmsSigned = (signed: KmsSigned) => void;

/** Makes a signer whose key stays in KMS. */
export function kmsSigner(kms: Pick<Kms, "sign">, keyArn: string, reported: ReportedKey, onSigned?: OnKmsSigned): Signer {
  const publicJwk = reported.jwk;
  const algorithm = algorithmNamed(publicJwk.alg);
  const signOnce: SignOnce = async (signingInput, isGood) => {
    const message = messageOf(signingInput, algorithm, publicJwk);
    const began = monotonicMs();
    const answer = await kms.sign(keyArn, message);
    const milliseconds = monotonicMs() - began;
    const signature = signatureOf(answer, algorithm);
    const isProven = signature !== undefined && isGood(signature);
    onSigned?.({ milliseconds, isProven });
    return isProven ? signature : undefined;
  };
  return remoteSigner(
    reported,
    signOnce,
    `KMS answered two signatures that ${publicJwk.alg} and the public key refuse; is the endpoint AWS?`,
  );
}

/**
 * Asks KMS whether a signature in JWS form belongs to a text.
 *
 * @throws AwsFailure for every other answer than yes and no
 */
export async function kmsVerifies(
  kms: Kms,
  key: string,
  publicJwk: PublicJwk,
  signingInput: string,
  signature: Uint8Array,
): Promise<boolean> {
  const algorithm = algorithmNamed(publicJwk.alg);
  const given = algorithm.kty === "EC" ? ecdsaToDer(signature) : signature;
  try {
    await kms.verify(key, { ...messageOf(signingInput, algorithm, publicJwk), signature: given });
    return true;
  } catch (error) {
    if (isAws(error, "KMSInvalidSignatureException")) return false;
    throw error;
  }
}

/**
 * What KMS signs of a text. A digest for RSA and ECDSA, so that the text may have any length; Ed25519 takes the text alone; ML-DSA
 * beyond the limit takes the message representative (FIPS 204 section 6.2).
 *
 * @throws SignetError `request_too_large` for Ed25519 beyond 4,096 bytes
 */
function messageOf(signingInput: string, algorithm: Algorithm, publicJwk: PublicJwk): KmsMessage {
  const signingAlgorithm = kmsSigningAlgorithm(algorithm);
  const message = Buffer.from(signingInput, "latin1");
  if (algorithm.digest !== null) {
    return { message: hash(algorithm.digest, message, "buffer"), messageType: "DIGEST", signingAlgorithm };
  }
  if (message.length <= MAX_RAW_BYTES) return { message, messageType: "RAW", signingAlgorithm };
  if (algorithm.kty === "AKP")
    return { message: representative(message, publicJwk), messageType: "EXTERNAL_MU", signingAlgorithm };
  throw new SignetError(
    "request_too_large",
    `KMS signs at most ${MAX_RAW_BYTES} bytes with ${algorithm.name}; ES256 has no such limit`,
    {
      field: "claims",
    },
  );
}

// KMS answers ECDSA signatures in DER, all others as JWS has them.
function signatureOf(answer: Buffer, { kty, signatureBytes }: Algorithm): Buffer | undefined {
  return kty === "EC" ? ecdsaFromDer(answer, signatureBytes as number) : answer;
}

function representative(message: Buffer, { pub = "" }: PublicJwk): Buffer {
  const shake = (bytes: Buffer): Buffer => createHash("shake256", { outputLength: 64 }).update(bytes).digest();
  // No context string: a domain separator of 0 and a length of 0 stand before the message.
  return shake(Buffer.concat([shake(Buffer.from(pub, "base64url")), Buffer.alloc(2), message]));
}
