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
  readonly crv?: string;
  /** The `asymmetricKeyType` of node:crypto. */
  readonly keyType: string;
  /** The curve's name in node:crypto's key details. */
  readonly namedCurve?: string;
  /** The digest that node:crypto takes; `null` where the algorithm hashes by itself. */
  readonly digest: string | null;
  /** What node:crypto's `sign` and `verify` take beside the key; absent where that is their default for such a key. */
  readonly parameters?: { readonly padding: number; readonly saltLength: number };
  /** Bytes of a signature in JWS form; absent for RSA, where it is the modulus's length. */
  readonly signatureBytes?: number;
}

/** node:crypto's RSA_PKCS1_PSS_PADDING, which is OpenSSL's number: this table is read where there is no Node, too. */
const PSS_PADDING = 6;

function rsa(name: AlgorithmName, bits: 256 | 384 | 512): Algorithm {
  const isPss = name.startsWith("PS");
  // RFC 7518 section 3.5: the salt is as long as the digest.
  const parameters = { padding: PSS_PADDING, saltLength: bits / 8 };
  return { name, kty: "RSA", keyType: "rsa", digest: `sha${bits}`, ...(isPss && { parameters }) };
}

function ecdsa(name: AlgorithmName, crv: string, namedCurve: string, digest: string, signatureBytes: number): Algorithm {
  return { name, kty: "EC", crv, keyType: "ec", namedCurve, digest, signatureBytes };
}

function ed25519(name: AlgorithmName): Algorithm {
  return { name, kty: "OKP", crv: "Ed25519", keyType: "ed25519", digest: null, signatureBytes: 64 };
}

function mlDsa(name: AlgorithmName, signatureBytes: number): Algorithm {
  return { name, kty: "AKP", keyType: name.toLowerCase(), digest: null, signatureBytes };
}

const TABLE: ReadonlyMap<string, Algorithm> = new Map(
  [
    rsa("RS256", 256),
    rsa("RS384", 384),
    rsa("RS512", 512),
    rsa("PS256", 256),
    rsa("PS384", 384),
    rsa("PS512", 512),
    ecdsa("ES256", "P-256", "prime256v1", "sha256", 64),
    ecdsa("ES384", "P-384", "secp384r1", "sha384", 96),
    ecdsa("ES512", "P-521", "secp521r1", "sha512", 132),
    ed25519("EdDSA"),
    ed25519("Ed25519"),
    mlDsa("ML-DSA-44", 2_420),
    mlDsa("ML-DSA-65", 3_309),
    mlDsa("ML-DSA-87", 4_627),
  ].map((entry) => [entry.name, Object.freeze(entry)]),
);

/** Every algorithm of the table, in the order in which it is shown to people. */
export const ALGORITHMS: readonly Algorithm[] = [...TABLE.values()];

/** The names of the table. */
export const ALGORITHM_NAMES: readonly AlgorithmName[] = ALGORITHMS.map((entry) => entry.name);

/** The entry of a name; `undefined` for `none`, HMAC and everything else that Signet does not know. */
export function findAlgorithm(name: unknown): Algorithm | undefined {
  return typeof name === "string" ? TABLE.get(name) : undefined;
}

/** The entries that are one and the same algorithm: `EdDSA` on the curve Ed25519 is `Ed25519` (RFC 9864 section 2.2). */
export function synonymsOf(algorithm: Algorithm): readonly Algorithm[] {
  if (algorithm.kty !== "OKP") return [algorithm];
  return ALGORITHMS.filter(({ kty, crv }) => kty === algorithm.kty && crv === algorithm.crv);
}

/**
 * The entry of a name.
 *
 * @throws SignetError `unsupported_algorithm`, listing the names that there are
 */
export function algorithmNamed(name: string): Algorithm {
  const found = TABLE.get(name);
  if (found === undefined) {
    throw new SignetError("unsupported_algorithm", `the algorithm is none of ${ALGORITHM_NAMES.join(", ")}`);
  }
  return found;
}
