import { checkPrimeSync } from "node:crypto";
import { decodeBase64url } from "../encoding/base64url.js";
import { numberOf } from "../encoding/number-of.js";
import { SignetError } from "../errors.js";

const SMALL_PRIMES_BELOW = 4_096;
// Worked out when the first RSA key is examined, not by every command that starts.
let smallPrimes: readonly number[] | undefined;
/** Between close factors lie few steps of Fermat's method (CVE-2022-26320). */
const FERMAT_STEPS = 100;
/** By these primes the keys of a widespread library give themselves away (ROCA, CVE-2017-15361). */
const ROCA_PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
const ROCA_GENERATOR = 65_537;

/**
 * Looks closer at an RSA key than a verifier has the time to: when it is taken over, or examined. A modulus that anybody can take
 * apart is refused: one that is a prime, or has a small factor, or two that are nearly equal, or was made by a broken library.
 *
 * @param jwk a public key; others than RSA's pass
 * @throws SignetError `key_too_weak`
 */
export function assertHardModulus(jwk: { readonly kty?: unknown; readonly n?: unknown }): void {
  if (jwk.kty !== "RSA" || typeof jwk.n !== "string") return;
  const modulus = numberOf(decodeBase64url(jwk.n) ?? new Uint8Array());
  smallPrimes ??= primesBelow(SMALL_PRIMES_BELOW);
  const small = smallPrimes.find((prime) => modulus % BigInt(prime) === 0n);
  if (small !== undefined) throw weak(`it has ${small} for a factor`);
  if (hasCloseFactors(modulus)) throw weak("its factors are nearly equal");
  if (isRoca(modulus)) throw weak("it was made by a library whose keys can be computed (ROCA, CVE-2017-15361)");
  if (checkPrimeSync(modulus)) throw weak("it is a prime");
}

function hasCloseFactors(modulus: bigint): boolean {
  let middle = squareRoot(modulus);
  if (middle * middle < modulus) middle += 1n;
  for (let step = 0; step < FERMAT_STEPS; step++, middle += 1n) {
    const rest = middle * middle - modulus;
    if (mayBeSquare(rest) && squareRoot(rest) ** 2n === rest) return true;
  }
  return false;
}

// Of the remainders by 64 only twelve belong to squares.
function mayBeSquare(value: bigint): boolean {
  const remainder = Number(value & 63n);
  return Array.from({ length: 64 }, (_, root) => (root * root) % 64).includes(remainder);
}

/** The greatest whole number whose square is not more: by Newton's method, from above. */
export function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(16).length * 2 + 1));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function isRoca(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime) => {
    const remainder = Number(modulus % BigInt(prime));
    let power = 1;
    for (let exponent = 0; exponent < prime; exponent++, power = (power * ROCA_GENERATOR) % prime) {
      if (power === remainder) return true;
    }
    return false;
  });
}

function primesBelow(limit: number): readonly number[] {
  const primes: number[] = [];
  for (let number = 2; number < limit; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes;
}

function weak(why: string): SignetError {
  return new SignetError("key_too_weak", `the RSA key's modulus can be taken apart: ${why}; make another key`);
}
