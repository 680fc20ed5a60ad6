import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type PublicJwk, publicJwk, publicKeyFromJwk } from "../algorithms/jwk.js";
import { assertHalvesMatch, generatePrivateKey } from "../algorithms/keys.js";
import { localSigner } from "../algorithms/signature.js";
import { type Algorithm, algorithmNamed } from "../algorithms/table.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import type { OpenableKey, Signer } from "./contract.js";

/** A private key as a text that a service keeps, with its public part. */
export interface StoredKey {
  /** PKCS #8 DER (RFC 5958), in base64. */
  readonly pkcs8: string;
  readonly publicJwk: PublicJwk;
}

/** Makes a key to be held, named as `storedKeyOf` names it. */
export async function makeStoredKey(algorithm: Algorithm, kid?: string): Promise<StoredKey> {
  return storedKeyOf(await generatePrivateKey(algorithm), algorithm, kid);
}

/** @param kid the key's name; the RFC 7638 thumbprint when absent */
export function storedKeyOf(privateKey: KeyObject, algorithm: Algorithm, kid?: string): StoredKey {
  const pkcs8 = privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
  return { pkcs8, publicJwk: publicJwk(privateKey, algorithm, kid) };
}

/**
 * Reads what a service keeps.
 *
 * @param where its place, for errors
 * @throws SignetError `invalid_key`
 */
export function parseStoredKey<T extends { readonly publicJwk: PublicJwk }>(text: string, where: string): T {
  const value = parseStrictJson(text, where) as T | null;
  if (typeof value?.publicJwk?.kid === "string") return value;
  throw new SignetError("invalid_key", `${where} does not hold a key of Signet`);
}

/**
 * The public part of a key that an id has already, where another was to be put there.
 *
 * @throws SignetError `key_mismatch` where it is for another algorithm
 */
export function sameAlgorithm(jwk: PublicJwk, algorithm: Algorithm, id: string): PublicJwk {
  if (jwk.alg === algorithm.name) return jwk;
  throw new SignetError("key_mismatch", `the id ${id} already has a key for ${jwk.alg}, not for ${algorithm.name}`);
}

/**
 * The public part of a key that an id has already, where this very one was to be put there.
 *
 * @throws SignetError `key_mismatch` where it is another key
 */
export function sameKey(jwk: PublicJwk, wanted: PublicJwk, id: string): PublicJwk {
  if (JSON.stringify(jwk) === JSON.stringify(wanted)) return jwk;
  throw new SignetError("key_mismatch", `the id ${id} already has another key`);
}

/** @throws SignetError `key_mismatch` where a public key is not the one that is asked for */
export function assertNamed(jwk: PublicJwk, key: OpenableKey): void {
  if (jwk.kid !== key.kid || jwk.alg !== key.alg) {
    throw new SignetError("key_mismatch", "the key's material is not that of the key that the active document names");
  }
}

/** Waits, in milliseconds. */
export type Sleep = (milliseconds: number) => Promise<unknown>;

/** What was just made may not be seen everywhere yet: services of AWS are eventually consistent. */
const WAITS_MS = [250, 750, 2_000];

/** Reads until something is seen, a few times over some seconds. */
export async function pollUntilVisible<T>(read: () => Promise<T | undefined>, sleep: Sleep = delay): Promise<T | undefined> {
  let seen = await read();
  for (const waitMs of WAITS_MS) {
    if (seen !== undefined) break;
    await sleep(waitMs);
    seen = await read();
  }
  return seen;
}

/** The error for an id under which its custodian has nothing. Advice is added by those who know whether there is a keyring to repair. */
export function keyNotFound(where: string): SignetError {
  return new SignetError("key_not_found", `there is no private key at ${where}`);
}

/**
 * Opens a private key in memory.
 *
 * @throws SignetError `key_mismatch` where it is not the key that is asked for, `invalid_key` where its parts do not match
 */
export function openStoredKey(pkcs8: Uint8Array, jwk: PublicJwk, key: OpenableKey): Signer {
  assertNamed(jwk, key);
  const algorithm = algorithmNamed(jwk.alg);
  const privateKey = privateKeyOf(pkcs8);
  assertHalvesMatch(algorithm, privateKey, publicKeyFromJwk(jwk));
  return localSigner({ privateKey, alg: jwk.alg, kid: jwk.kid });
}

/** A public key that a service reports: for checking signatures, and as it is published. */
export interface ReportedKey {
  readonly key: KeyObject;
  readonly jwk: PublicJwk;
}

/** The public part that a service reports as SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). */
export function keyOfSpki(spki: Uint8Array, algorithm: Algorithm, kid?: string): ReportedKey {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch (error) {
    throw new SignetError("algorithm_unavailable", `this Node cannot read a public key for ${algorithm.name}`, { cause: error });
  }
  return { key, jwk: publicJwk(key, algorithm, kid) };
}

function privateKeyOf(pkcs8: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  } catch {
    // OpenSSL's message says nothing of use, and its cause could quote what it read.
    throw new SignetError("invalid_key", "the private key is damaged, or this Node lacks its algorithm");
  }
}
