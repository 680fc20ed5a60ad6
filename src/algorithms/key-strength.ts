import { decodeBase64url } from "../encoding/base64url.js";
import { SignetError } from "../errors.js";
import { pointFault } from "./ed25519-point.js";
import type { Algorithm } from "./table.js";

const SMALLEST_RSA_BITS = 2_048;
// A huge modulus, or exponent, makes every verification a denial of service. OpenSSL itself takes no longer exponent than 64 bits
// with a modulus of more than 3,072.
const LARGEST_RSA_BITS = 8_192;
const LARGEST_EXPONENT_BITS = 64;
/** ML-DSA's public key begins with the seed of its matrix (FIPS 204, algorithm 22). */
const ML_DSA_SEED_BYTES = 32;

type Members = Readonly<Record<string, string>>;

/**
 * Judges the public members of a key, the same wherever a key comes in: a key under which anybody can sign, or that makes verifiers
 * slow, is no key. It is computed without node:crypto, which does not judge this, so that a browser judges alike. A point beside an EC
 * curve is refused by node:crypto and the Web Cryptography API themselves when they read it.
 *
 * @param members base64url texts, as a JWK has them
 * @throws SignetError `key_too_weak` or `invalid_key`
 */
export function assertStrongMembers(members: Members, { kty }: Pick<Algorithm, "kty">): void {
  if (kty === "RSA") assertRsa(bytesOf(members, "n"), bytesOf(members, "e"));
  if (kty === "OKP") assertEdwards(bytesOf(members, "x"));
  if (kty === "AKP") assertMlDsa(bytesOf(members, "pub"));
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
  if (modulusLength > LARGEST_RSA_BITS) {
    throw new SignetError("invalid_key", `the RSA key has ${modulusLength} bits; at most ${LARGEST_RSA_BITS} are accepted`);
  }
  // An exponent of 1 makes every signature forgeable.
  if (publicExponent < 3n || publicExponent % 2n === 0n) {
    throw new SignetError("key_too_weak", "the RSA key's public exponent must be odd and at least 3");
  }
  if (publicExponent >> BigInt(LARGEST_EXPONENT_BITS) > 0n) {
    throw new SignetError("invalid_key", `the RSA key's public exponent has more than ${LARGEST_EXPONENT_BITS} bits`);
  }
}

/** The bits of a number that is written in bytes. */
export function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] as number) + 24;
}

/** The number that bytes are, the greatest first. */
export function numberOf(bytes: Uint8Array): bigint {
  let digits = "";
  for (const byte of bytes) digits += byte.toString(16).padStart(2, "0");
  return BigInt(`0x${digits || "0"}`);
}

function assertRsa(modulus: Uint8Array, exponent: Uint8Array): void {
  // Longer numbers are never computed: a caller could send them to keep the process busy.
  const shortExponent = bitLength(exponent) > LARGEST_EXPONENT_BITS ? 2n ** 65n + 1n : numberOf(exponent);
  assertRsaNumbers(bitLength(modulus), shortExponent);
  if ((modulus.at(-1) as number) % 2 === 0) throw weak("its modulus is even: it has 2 for a factor");
}

function assertEdwards(encoded: Uint8Array): void {
  const fault = pointFault(encoded);
  if (fault === "small") throw weak("its point has a small order: anybody can sign under it");
  if (fault === "form") throw invalid("its point is not written as RFC 8032 has it");
  if (fault === "curve") throw invalid("its point is not one of the curve Ed25519");
}

function assertMlDsa(key: Uint8Array): void {
  const t = key.subarray(ML_DSA_SEED_BYTES);
  // Then every short vector is a signature.
  if (t.length > 0 && t.every((byte) => byte === 0)) throw weak("its vector t is zero: anybody can sign under it");
}

function bytesOf(members: Members, name: "n" | "e" | "x" | "pub"): Uint8Array {
  return decodeBase64url(members[name] ?? "") ?? new Uint8Array();
}

function weak(why: string): SignetError {
  return new SignetError("key_too_weak", `the key cannot be used: ${why}`);
}

function invalid(why: string): SignetError {
  return new SignetError("invalid_key", `the key cannot be used: ${why}`);
}
