import { createPublicKey, generateKeyPair as generate, type KeyObject, sign, verify } from "node:crypto";
import { promisify } from "node:util";
import { SignetError } from "../errors.js";
import { cryptoInput, keyTypeOf, namedCurveOf } from "./crypto-terms.js";
import { assertRsaNumbers } from "./key-strength.js";
import { ALGORITHMS, type Algorithm, type AlgorithmName } from "./table.js";

/** Of keys that are made. */
const RSA_BITS = 2_048;

/**
 * Makes a private key for an algorithm, from the operating system's randomness. RSA keys have 2,048 bits.
 *
 * @throws SignetError `algorithm_unavailable` where the running Node lacks the algorithm
 */
export async function generatePrivateKey(algorithm: Algorithm): Promise<KeyObject> {
  const make = promisify(generate) as unknown as (type: string, options: object) => Promise<{ privateKey: KeyObject }>;
  try {
    const options = { modulusLength: RSA_BITS, namedCurve: namedCurveOf(algorithm) };
    return (await make(keyTypeOf(algorithm), options)).privateKey;
  } catch (error) {
    throw unavailable(algorithm, error);
  }
}

/** The error for an algorithm that the running Node does not have; it names the Node version that does. */
export function unavailable(algorithm: Algorithm, cause?: unknown): SignetError {
  const remedy = algorithm.kty === "AKP" ? "it needs Node 24.6 or newer" : "this build of Node lacks it";
  return new SignetError(
    "algorithm_unavailable",
    `${algorithm.name} is not available here: ${remedy} (running ${process.version})`,
    { cause },
  );
}

/** The algorithms that a key, public or private, can be used with; the first is the usual one. */
export function algorithmsFor(key: KeyObject): readonly AlgorithmName[] {
  const curve = curveOf(key);
  return ALGORITHMS.filter((algorithm) => fits(algorithm, key, curve)).map((algorithm) => algorithm.name);
}

/**
 * Checks that a key belongs to an algorithm and is strong enough for it (RFC 7518 section 3.3: RSA from 2,048 bits).
 *
 * @throws SignetError `invalid_key` or `key_too_weak`
 */
export function assertKeyFits(algorithm: Algorithm, key: KeyObject): void {
  if (!fits(algorithm, key)) {
    const usual = algorithmsFor(key);
    const remedy = usual.length === 0 ? "no supported algorithm uses such a key" : `it can sign ${usual.join(", ")}`;
    throw new SignetError("invalid_key", `the key does not fit ${algorithm.name}: ${remedy}`);
  }
  if (algorithm.kty === "RSA") assertRsaStrength(key);
}

/**
 * Checks that a private key that came from outside signs what its public part confirms. OpenSSL believes the public part that
 * an EC or RSA key brings along, and every token signed with two halves of different keys would be refused by everyone.
 *
 * @param publicKey the public part that the key is said to have; its own when absent
 * @throws SignetError `invalid_key`
 */
export function assertHalvesMatch(algorithm: Algorithm, privateKey: KeyObject, publicKey = createPublicKey(privateKey)): void {
  const probe = Buffer.from("signet");
  if (!attempt(() => verifyProbe(algorithm, probe, privateKey, publicKey))) {
    throw new SignetError("invalid_key", "the private part does not belong to the public part; export the key again");
  }
}

function verifyProbe(algorithm: Algorithm, probe: Buffer, privateKey: KeyObject, publicKey: KeyObject): boolean {
  const { digest } = algorithm;
  return verify(digest, probe, cryptoInput(algorithm, publicKey), sign(digest, probe, cryptoInput(algorithm, privateKey)));
}

// An RSA key whose numbers contradict each other makes OpenSSL throw instead of signing.
function attempt(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

function fits(algorithm: Algorithm, key: KeyObject, curve = curveOf(key)): boolean {
  return key.asymmetricKeyType === keyTypeOf(algorithm) && curve === namedCurveOf(algorithm);
}

/** The curve of an EC key that can be written out, as `namedCurveOf` has it. */
function curveOf(key: KeyObject): string | undefined {
  return key.asymmetricKeyType === "ec" && isWritable(key) ? key.asymmetricKeyDetails?.namedCurve : undefined;
}

/**
 * Tells whether a key of an elliptic curve can be written out. The point at infinity is read as a key, and so is a private number that is
 * longer than its curve's. Node 20 and 22 end the process when they are asked for the curve or the JWK of such a key.
 */
export function isWritable(key: KeyObject): boolean {
  const isPrivate = key.type === "private";
  const publicKey = isPrivate ? createPublicKey(key) : key;
  return attempt(() => {
    if (isPrivate) key.export({ format: "der", type: "pkcs8" });
    return publicKey.export({ format: "der", type: "spki" }).length > 0;
  });
}

function assertRsaStrength(key: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  assertRsaNumbers(modulusLength, publicExponent);
}
