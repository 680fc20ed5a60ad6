import { decodeBase64url } from "../encoding/base64url.js";
import { SignetError } from "../errors.js";
import type { Algorithm, AlgorithmName } from "./table.js";

/** A public key as Signet publishes it (RFC 7517): `kty use alg kid` and the public parameters, nothing else. */
export interface PublicJwk {
  readonly kty: "RSA" | "EC" | "OKP" | "AKP";
  readonly use: "sig";
  readonly alg: AlgorithmName;
  readonly kid: string;
  /** EC and OKP. */
  readonly crv?: string;
  readonly x?: string;
  /** EC. */
  readonly y?: string;
  /** RSA. */
  readonly n?: string;
  readonly e?: string;
  /** AKP (RFC 9964). */
  readonly pub?: string;
}

/** The members that make a public key, by its type. */
export const PUBLIC_PARAMETERS = {
  RSA: ["n", "e"],
  EC: ["crv", "x", "y"],
  OKP: ["crv", "x"],
  AKP: ["pub"],
} as const;

const SMALLEST_RSA_BITS = 2_048;
const LARGEST_RSA_BITS = 16_384;

/**
 * Takes the members of a key that an algorithm needs out of a JWK, and leaves the others.
 *
 * @throws SignetError `invalid_key`
 */
export function pickMembers(value: object, algorithm: Algorithm, names: readonly string[]): Record<string, string> {
  const source = value as Record<string, unknown>;
  if (source.kty !== algorithm.kty || (algorithm.crv !== undefined && source.crv !== algorithm.crv)) {
    throw new SignetError("invalid_key", `the JWK's kty and crv are not those of ${algorithm.name}`);
  }
  const picked: Record<string, string> = { kty: algorithm.kty };
  if (algorithm.kty === "AKP") picked.alg = algorithm.name;
  for (const name of names) {
    const parameter = source[name];
    if (typeof parameter !== "string" || (name !== "crv" && !decodeBase64url(parameter)?.length)) {
      throw new SignetError("invalid_key", `the JWK's member "${name}" is missing or not base64url`, { field: name });
    }
    picked[name] = parameter;
  }
  return picked;
}

/**
 * Checks that an RSA key is strong enough (RFC 7518 section 3.3: from 2,048 bits).
 *
 * @throws SignetError `key_too_weak` or `invalid_key`
 */
export function assertRsaNumbers(modulusLength: number, publicExponent: bigint): void {
  if (modulusLength < SMALLEST_RSA_BITS) {
    throw new SignetError("key_too_weak", `the RSA key has ${modulusLength} bits; at least ${SMALLEST_RSA_BITS} are required`);
  }
  // A huge modulus makes every verification a denial of service; an exponent of 1 makes every signature forgeable.
  if (modulusLength > LARGEST_RSA_BITS) {
    throw new SignetError("invalid_key", `the RSA key has ${modulusLength} bits; at most ${LARGEST_RSA_BITS} are accepted`);
  }
  if (publicExponent < 3n || publicExponent % 2n === 0n) {
    throw new SignetError("key_too_weak", "the RSA key's public exponent must be odd and at least 3");
  }
}
