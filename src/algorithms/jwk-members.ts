import { decodeBase64url } from "../encoding/base64url.js";
import { SignetError } from "../errors.js";
import { assertStrongMembers } from "./key-strength.js";
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

/** The members that make its private part. */
export const PRIVATE_PARAMETERS = {
  RSA: ["d", "p", "q", "dp", "dq", "qi"],
  EC: ["d"],
  OKP: ["d"],
  AKP: ["priv"],
} as const;

type ParameterName = (typeof PUBLIC_PARAMETERS | typeof PRIVATE_PARAMETERS)[PublicJwk["kty"]][number];

/**
 * Takes the members of a key that an algorithm needs out of a JWK, and leaves the others. Every key that is a JWK comes through here.
 *
 * @throws SignetError `invalid_key` or `key_too_weak`
 */
export function pickMembers(value: object, algorithm: Algorithm, names: readonly ParameterName[]): Record<string, string> {
  const source = value as Readonly<Record<string, unknown>>;
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
  assertStrongMembers(picked, algorithm);
  return picked;
}
