import { decodeBase64url, encodeBase64url } from "../../encoding/base64url.js";
import { bitLength, numberOf } from "../../encoding/number-of.js";
import { SignetError } from "../../errors.js";
import { isAbsent } from "../jwk-purpose.js";
import { assertStrongMembers } from "../key-strength.js";
import { squareRoot } from "../rsa-modulus.js";

const FACTORS = ["p", "q", "dp", "dq", "qi"] as const;
/** Where `d` was computed by the least common multiple of p-1 and q-1, one key in ten thousand has them share more than this. */
const MAX_MULTIPLE = 16_384n;
/** By how many bits one prime may be longer than the other. */
const MAX_UNBALANCE = 64;

type Members = Readonly<Record<string, unknown>>;

/**
 * A private RSA JWK with its primes and what follows from them: many programs write `n`, `e` and `d` alone, which says the same
 * (RFC 7518 section 6.3.2).
 *
 * @throws SignetError `invalid_key` where `d` does not belong to `n` and `e`; `key_too_weak`
 */
export function withPrimes(jwk: Members): Members {
  if (!isAbsent(jwk.oth)) {
    throw new SignetError(
      "invalid_key",
      "the RSA key has more than two primes (oth), which few programs can use; make another key",
    );
  }
  if (FACTORS.every((name) => !isAbsent(jwk[name]))) return jwk;
  const [n, e, d] = (["n", "e", "d"] as const).map((name) => bytesOf(jwk, name)) as [Buffer, Buffer, Buffer];
  // Also bounds the numbers, which anybody may have written: the work grows with the square of their length.
  assertStrongMembers({ n: jwk.n as string, e: jwk.e as string }, { kty: "RSA" });
  const [modulus, exponent, secret] = [numberOf(n), numberOf(e), numberOf(d)];
  const bits = bitLength(modulus);
  if (bitLength(secret) > bits) throw unrelated();
  const [p, q] = primesOf(modulus, exponent * secret - 1n, bits);
  return { ...jwk, p: text(p), q: text(q), dp: text(secret % (p - 1n)), dq: text(secret % (q - 1n)), qi: text(inverse(q, p)) };
}

// e d - 1 is a multiple of lcm(p-1, q-1), so that (p-1)(q-1), which is a little less than n, divides a small multiple of it: that
// tells p + q, and with p q = n both. No power is computed, which would take a second at 8,192 bits.
function primesOf(modulus: bigint, multiple: bigint, bits: number): [bigint, bigint] {
  if (multiple <= 0n) throw unrelated();
  for (let times = 1n; times <= MAX_MULTIPLE; times += times === 1n ? 1n : 2n) {
    const product = multiple * times;
    const quotient = product / modulus + 1n;
    if (product % quotient !== 0n) continue;
    const sum = modulus + 1n - product / quotient;
    const square = sum * sum - 4n * modulus;
    if (square <= 0n || sum >> BigInt((bits >> 1) + MAX_UNBALANCE) > 0n) continue;
    const p = (sum + squareRoot(square)) / 2n;
    if (p > 1n && p * (sum - p) === modulus) return [p, sum - p];
  }
  throw unrelated();
}

// Euclid's algorithm, extended.
function inverse(number: bigint, modulus: bigint): bigint {
  let [rest, next] = [modulus, number];
  let [before, factor] = [0n, 1n];
  while (next !== 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [before, factor] = [factor, before - quotient * factor];
  }
  return before < 0n ? before + modulus : before;
}

function bytesOf(jwk: Members, name: "n" | "e" | "d"): Buffer {
  const value = jwk[name];
  const bytes = typeof value === "string" ? decodeBase64url(value) : undefined;
  if (bytes?.length) return bytes;
  throw new SignetError("invalid_key", `the JWK's member "${name}" is missing or not base64url`, { field: name });
}

function text(number: bigint): string {
  const digits = number.toString(16);
  return encodeBase64url(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex"));
}

function unrelated(): SignetError {
  return new SignetError(
    "invalid_key",
    'the JWK\'s "d" does not belong to its "n" and "e", or n has other factors than two primes; export the key again, with p and q',
  );
}
