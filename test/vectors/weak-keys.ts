import { getDiffieHellman } from "node:crypto";

/** A public key under which others than its owner can sign, or that makes verifiers slow. */
export interface WeakKey {
  readonly what: string;
  readonly jwk: Readonly<Record<string, string>>;
  readonly code: "key_too_weak" | "invalid_key";
}

const numbered = (number: bigint): string => {
  const digits = number.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex").toString("base64url");
};
const rsa = (modulus: bigint, e = "AQAB") => ({ kty: "RSA", alg: "RS256", n: numbered(modulus), e });
const group = (name: string): bigint => BigInt(`0x${getDiffieHellman(name).getPrime("hex")}`);

const P = 2n ** 255n - 19n;
const SIGN = 2n ** 255n;
const encoded = (y: bigint): string => Buffer.from(y.toString(16).padStart(64, "0"), "hex").reverse().toString("base64url");
const okp = (x: string) => ({ kty: "OKP", crv: "Ed25519", alg: "EdDSA", x });
const ORDER_8 = [
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
];

/**
 * Every encoding of a point of small order: the eight points, and what lenient decoders take for them ("Taming the many EdDSAs",
 * 2020, table 6).
 */
export const SMALL_ORDER: readonly string[] = [0n, 1n, P - 1n, P, P + 1n, ...ORDER_8].flatMap((y) => [y, y + SIGN]).map(encoded);

// RFC 3526: primes of 2,048 and 1,024 bits; as a modulus each can be taken apart at once.
const PRIME_2048 = group("modp14");
const PRIME_1024 = group("modp2");

// A modulus as Infineon's library made them (CVE-2017-15361): a power of 65537 by each of its small primes.
const ROCA_PRIMES = [11n, 13n, 17n, 19n, 37n, 53n, 61n, 71n, 73n, 79n, 97n, 103n, 107n, 109n, 127n, 151n, 157n];
const ROCA_PRODUCT = ROCA_PRIMES.reduce((product, prime) => product * prime, 2n);
const roca = (): bigint => {
  const power = 65_537n ** 11n % ROCA_PRODUCT;
  let modulus = (2n ** 2047n / ROCA_PRODUCT) * ROCA_PRODUCT + power;
  const small = [3n, 5n, 7n, ...Array.from({ length: 2_040 }, (_, index) => BigInt(index * 2 + 11))];
  while (small.some((factor) => modulus % factor === 0n) || modulus.toString(2).length < 2_048) modulus += ROCA_PRODUCT;
  return modulus;
};

/** Keys that every verifier refuses. */
export const WEAK_KEYS: readonly WeakKey[] = [
  ...SMALL_ORDER.map((x) => ({ what: `an Ed25519 point of small order, ${x}`, jwk: okp(x), code: "key_too_weak" as const })),
  { what: "an Ed25519 point that is not canonical", jwk: okp(encoded(P + 3n)), code: "invalid_key" },
  { what: "an Ed25519 point beside the curve", jwk: okp(encoded(2n)), code: "invalid_key" },
  { what: "an Ed25519 key of 31 bytes", jwk: okp(Buffer.alloc(31, 3).toString("base64url")), code: "invalid_key" },
  { what: "an even RSA modulus", jwk: rsa(PRIME_2048 - 1n), code: "key_too_weak" },
  { what: "an RSA modulus of 1,024 bits", jwk: rsa(PRIME_1024), code: "key_too_weak" },
  { what: "an RSA modulus of 8,193 bits", jwk: rsa(2n ** 8192n + 1n), code: "invalid_key" },
  { what: "an RSA modulus of 100,000 bits", jwk: rsa(2n ** 100_000n + 1n), code: "invalid_key" },
  { what: "an RSA exponent of 1", jwk: rsa(PRIME_2048 * 5n, "AQ"), code: "key_too_weak" },
  { what: "an even RSA exponent", jwk: rsa(PRIME_2048 * 5n, "BA"), code: "key_too_weak" },
  { what: "an RSA exponent of 65 bits", jwk: rsa(PRIME_2048 * 5n, numbered(2n ** 64n + 1n)), code: "invalid_key" },
  { what: "an RSA exponent as long as the modulus", jwk: rsa(PRIME_2048 * 5n, numbered(PRIME_2048)), code: "invalid_key" },
  {
    what: "a point beside P-256",
    jwk: { kty: "EC", crv: "P-256", alg: "ES256", x: numbered(5n).padStart(43, "A"), y: numbered(1n).padStart(43, "A") },
    code: "invalid_key",
  },
  {
    what: "P-256's point at infinity, as zeros",
    jwk: { kty: "EC", crv: "P-256", alg: "ES256", x: "A".repeat(43), y: "A".repeat(43) },
    code: "invalid_key",
  },
  {
    what: "a coordinate beyond P-256's prime",
    jwk: {
      kty: "EC",
      crv: "P-256",
      alg: "ES256",
      // 0 + p, where x = 0 is of the curve.
      x: numbered(2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n),
      y: numbered(0x66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4n),
    },
    code: "invalid_key",
  },
  {
    what: "an ML-DSA-44 key whose t is zero",
    jwk: { kty: "AKP", alg: "ML-DSA-44", pub: Buffer.concat([Buffer.alloc(32, 7), Buffer.alloc(1_280)]).toString("base64url") },
    code: "key_too_weak",
  },
];

/** RSA keys that can be taken apart, which is found out when a key is taken over or examined. */
export const BROKEN_MODULI: readonly WeakKey[] = [
  { what: "a prime for a modulus", jwk: rsa(PRIME_2048), code: "key_too_weak" },
  { what: "a modulus with a small factor", jwk: rsa(PRIME_2048 * 4_093n), code: "key_too_weak" },
  { what: "the square of a prime", jwk: rsa(group("modp5") ** 2n), code: "key_too_weak" },
  { what: "a modulus of ROCA's form", jwk: rsa(roca()), code: "key_too_weak" },
];

/** SubjectPublicKeyInfo of P-256's point at infinity (SEC 1 section 2.3.3: one byte, zero). */
export const INFINITY = Buffer.from("3019301306072a8648ce3d020106082a8648ce3d03010703020000", "hex");

/** A private key of P-256 whose number has 33 bytes, as SEC 1 and as PKCS #8 have it. */
export const LONG_NUMBER = {
  sec1: Buffer.from(
    "MHgCAQEEIQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAaAKBggqhkjOPQMBB6FEA0IABGsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU=",
    "base64",
  ),
  pkcs8: Buffer.from(
    "MIGIAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG4wbAIBAQQhAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBoUQDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==",
    "base64",
  ),
};
