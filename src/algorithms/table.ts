import { SignetError } from "../errors.js";

/** A JOSE `alg` name that Signet signs and verifies with (RFC 7518, RFC 8037, RFC 9864, RFC 9964). */
export type AlgorithmName =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519"
  | "ML-DSA-44"
  | "ML-DSA-65"
  | "ML-DSA-87";

/** All that Signet knows of one algorithm. */
export interface Algorithm {
  /** The JOSE name, as in a token's header and in a JWK. */
  readonly name: AlgorithmName;
  /** JWK key type. */
  readonly kty: "RSA" | "EC" | "OKP" | "AKP";
  /** JWK curve, for EC and OKP. */
  readonly crv?: string | undefined;
  /** The digest that node:crypto takes; `null` where the algorithm hashes by itself. */
  readonly digest: string | null;
  /** Bytes of the salt of RSASSA-PSS; absent elsewhere. */
  readonly saltLength?: number | undefined;
  /** Bytes of a signature in JWS form; absent for RSA, where it is the modulus's length. */
  readonly signatureBytes?: number | undefined;
}

function entry(name: AlgorithmName, kty: Algorithm["kty"], signatureBytes?: number, crv?: string): Algorithm {
  // The names of all that hash before they sign end in the digest's bits. RFC 7518 section 3.5: the salt is as long as the digest.
  const [, isPss, bits] = /^(?:(P)|[RE])S(\d+)$/.exec(name) ?? [];
  return Object.freeze({
    name,
    kty,
    crv,
    digest: bits ? `sha${bits}` : null,
    saltLength: isPss ? Number(bits) / 8 : undefined,
    signatureBytes,
  });
}

/** Every algorithm of the table, in the order in which it is shown to people. */
export const ALGORITHMS: readonly Algorithm[] = [
  entry("RS256", "RSA"),
  entry("RS384", "RSA"),
  entry("RS512", "RSA"),
  entry("PS256", "RSA"),
  entry("PS384", "RSA"),
  entry("PS512", "RSA"),
  entry("ES256", "EC", 64, "P-256"),
  entry("ES384", "EC", 96, "P-384"),
  entry("ES512", "EC", 132, "P-521"),
  entry("EdDSA", "OKP", 64, "Ed25519"),
  entry("Ed25519", "OKP", 64, "Ed25519"),
  entry("ML-DSA-44", "AKP", 2_420),
  entry("ML-DSA-65", "AKP", 3_309),
  entry("ML-DSA-87", "AKP", 4_627),
];

/** The names of the table. */
export const ALGORITHM_NAMES: readonly AlgorithmName[] = ALGORITHMS.map((entry) => entry.name);

/** The entry of a name; `undefined` for `none`, HMAC and everything else that Signet does not know. */
export function findAlgorithm(name: unknown): Algorithm | undefined {
  return ALGORITHMS.find((each) => each.name === name);
}

/** Tells whether two entries are one and the same algorithm: `EdDSA` on the curve Ed25519 is `Ed25519` (RFC 9864 section 2.2). */
export function isSame(one: Algorithm, other: Algorithm): boolean {
  return one === other || (one.kty === "OKP" && one.crv === other.crv);
}

/**
 * The entry of a name.
 *
 * @throws SignetError `unsupported_algorithm`, listing the names that there are
 */
export function algorithmNamed(name: string): Algorithm {
  const found = findAlgorithm(name);
  if (found === undefined) {
    throw new SignetError("unsupported_algorithm", `the algorithm is none of ${ALGORITHM_NAMES.join(", ")}`);
  }
  return found;
}
