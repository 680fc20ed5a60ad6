import { decodeBase64url } from "../encoding/base64url.js";
import { bitLength, numberOf } from "../encoding/number-of.js";
import { SignetError } from "../errors.js";
import { pointFault } from "./ed25519-point.js";
import type { Algorithm } from "./table.js";

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
  if (kty === "RSA") assertRsa(numberOf(bytesOf(members.n)), numberOf(bytesOf(members.e)));
  if (kty === "OKP") assertEdwards(bytesOf(members.x));
  if (kty === "AKP") assertMlDsa(bytesOf(members.pub));
}

/**
 * Checks that an RSA key is strong enough (RFC 7518 section 3.3: from 2,048 bits).
 *
 * @throws SignetError `key_too_weak` or `invalid_key`
 */
export function assertRsaNumbers(modulusLength: number, publicExponent: bigint): void {
  const minBits = 2_048;
  // A huge modulus, or exponent, makes every verification a denial of service. OpenSSL itself takes no longer exponent than 64 bits
  // with a modulus of more than 3,072.
  const maxBits = 8_192;
  const maxExponentBits = 64;
  if (modulusLength < minBits) {
    throw new SignetError("key_too_weak", `the RSA key has ${modulusLength} bits; at least ${minBits} are required`);
  }
  if (modulusLength > maxBits) {
    throw new SignetError("invalid_key", `the RSA key has ${modulusLength} bits; at most ${maxBits} are accepted`);
  }
  if (bitLength(publicExponent) > maxExponentBits) {
    throw new SignetError("invalid_key", `the RSA key's public exponent has more than ${maxExponentBits} bits`);
  }
  // An exponent of 1 makes every signature forgeable.
  if (publicExponent < 3n || publicExponent % 2n === 0n) {
    throw new SignetError("key_too_weak", "the RSA key's public exponent must be odd and at least 3");
  }
}

function assertRsa(modulus: bigint, exponent: bigint): void {
  assertRsaNumbers(bitLength(modulus), exponent);
  if (modulus % 2n === 0n) throw weak("its modulus is even: it has 2 for a factor");
}

function assertEdwards(encoded: Uint8Array): void {
  const fault = pointFault(encoded);
  if (fault === "small") throw weak("its point has a small order: anybody can sign under it");
  if (fault)
    throw invalid(fault === "form" ? "its point is not written as RFC 8032 has it" : "its point is not one of the curve Ed25519");
}

function assertMlDsa(key: Uint8Array): void {
  // Behind the seed of its matrix, 32 bytes (FIPS 204, algorithm 22).
  const t = key.subarray(32);
  // Then every short vector is a signature.
  if (t.length > 0 && t.every((byte) => byte === 0)) throw weak("its vector t is zero: anybody can sign under it");
}

function bytesOf(member: string | undefined): Uint8Array {
  return decodeBase64url(member ?? "") ?? new Uint8Array();
}

function weak(why: string): SignetError {
  return new SignetError("key_too_weak", `the key cannot be used: ${why}`);
}

function invalid(why: string): SignetError {
  return new SignetError("invalid_key", `the key cannot be used: ${why}`);
}
