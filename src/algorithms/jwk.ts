import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { SignetError } from "../errors.js";
import { PRIVATE_PARAMETERS, PUBLIC_PARAMETERS, type PublicJwk, pickMembers } from "./jwk-members.js";
import { assertStrongMembers } from "./key-strength.js";
import { assertHalvesMatch, assertKeyFits, unavailable } from "./keys.js";
import { type Algorithm, algorithmNamed } from "./table.js";

export type { PublicJwk } from "./jwk-members.js";

/**
 * The public JWK of a key.
 *
 * @param key public or private; the private part does not leave it
 * @param algorithm what the key signs with
 * @param kid the key's name; the RFC 7638 thumbprint when absent
 * @throws SignetError `invalid_key` or `key_too_weak` where the key does not fit
 */
export function publicJwk(key: KeyObject, algorithm: Algorithm, kid?: string): PublicJwk {
  assertKeyFits(algorithm, key);
  const exported = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" }) as Record<string, string>;
  const parameters: Record<string, string> = {};
  for (const name of PUBLIC_PARAMETERS[algorithm.kty]) parameters[name] = exported[name] as string;
  assertStrongMembers(parameters, algorithm);
  const named = { kty: algorithm.kty, use: "sig" as const, alg: algorithm.name, kid: kid ?? "", ...parameters };
  return Object.freeze(kid === undefined ? { ...named, kid: thumbprint(named) } : named);
}

/** The RFC 7638 thumbprint of a JWK: SHA-256 over its required members in lexicographic order, as base64url. */
export function thumbprint(jwk: Omit<PublicJwk, "kid" | "use">): string {
  // RFC 9964 section 6: for AKP the algorithm is one of the required members.
  const names = ["kty" as const, ...PUBLIC_PARAMETERS[jwk.kty], ...(jwk.kty === "AKP" ? ["alg" as const] : [])].sort();
  const members = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(jwk[name])}`);
  return createHash("sha256")
    .update(`{${members.join(",")}}`)
    .digest("base64url");
}

/**
 * Reads a public key from a JWK. Private parameters in it are left alone: they are never looked at.
 *
 * @param value a JWK that names its `alg`
 * @returns the key; on a Node that lacks the algorithm the error is `algorithm_unavailable`
 * @throws SignetError `invalid_key`, `key_too_weak`, `unsupported_algorithm` or `algorithm_unavailable`
 */
export function publicKeyFromJwk(value: PublicJwk): KeyObject {
  const algorithm = algorithmNamed(value.alg);
  const picked = pickMembers(value, algorithm, PUBLIC_PARAMETERS[algorithm.kty]);
  const key = importJwk(algorithm, () => createPublicKey({ format: "jwk", key: picked as unknown as JsonWebKey }));
  assertKeyFits(algorithm, key);
  return key;
}

/**
 * Reads a private key from a JWK, and proves that its two parts belong together.
 *
 * @throws SignetError as `publicKeyFromJwk`
 */
export function privateKeyFromJwk(value: object, algorithm: Algorithm): KeyObject {
  const names = [...PUBLIC_PARAMETERS[algorithm.kty], ...PRIVATE_PARAMETERS[algorithm.kty]];
  const picked = pickMembers(value, algorithm, names);
  const key = importJwk(algorithm, () => createPrivateKey({ format: "jwk", key: picked as unknown as JsonWebKey }));
  assertKeyFits(algorithm, key);
  assertHalvesMatch(algorithm, key, publicKeyFromJwk({ ...picked, alg: algorithm.name } as unknown as PublicJwk));
  return key;
}

/** The private JWK of a key: what `privateKeyFromJwk` reads. */
export function privateJwk(key: KeyObject, algorithm: Algorithm): Record<string, string> {
  const exported = key.export({ format: "jwk" }) as Record<string, string>;
  const members: Record<string, string> = { kty: algorithm.kty, alg: algorithm.name };
  for (const name of [...PUBLIC_PARAMETERS[algorithm.kty], ...PRIVATE_PARAMETERS[algorithm.kty]]) {
    const parameter = exported[name];
    if (parameter !== undefined) members[name] = parameter;
  }
  return members;
}

function importJwk(algorithm: Algorithm, read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (error) {
    // On a Node without ML-DSA, JWK import fails as a whole for the key type AKP.
    if (algorithm.kty === "AKP" && !supportsMlDsa()) throw unavailable(algorithm, error);
    throw new SignetError("invalid_key", `the JWK is not a valid ${algorithm.name} key`);
  }
}

function supportsMlDsa(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 6);
}
