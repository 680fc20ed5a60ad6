import { type PublicJwk, publicJwk, publicKeyFromJwk } from "../../algorithms/jwk.js";
import { algorithmsOfJwk, isAbsent, kidOfJwk, nameOfEntry, whyAside } from "../../algorithms/jwk-purpose.js";
import { assertHardModulus } from "../../algorithms/rsa-modulus.js";
import type { Algorithm, AlgorithmName } from "../../algorithms/table.js";
import { hasMembers, isText } from "../../encoding/list-of.js";
import { isSignetError, SignetError, shortened, visible } from "../../errors.js";
import { MAX_PUBLISHED_KEYS } from "../../keyring/keyring.js";
import { assertKid } from "./import-key.js";

/** An entry of a key set that is not published. */
export interface SkippedKey {
  /** Its place in the list, from 0. */
  readonly index: number;
  /** Absent where it has none that is a text. */
  readonly kid?: string;
  /** Why. */
  readonly words: string;
}

interface Entry {
  readonly index: number;
  /** The kid, or the place of an entry that has none. */
  readonly name: string;
  readonly kid: string | undefined;
}

export interface UsableKey extends Entry {
  readonly jwk: PublicJwk;
}

export interface RefusedKey extends Entry {
  readonly fault: SignetError;
  /** It is no key for signatures, so that no token misses it. */
  readonly isAside: boolean;
}

/** A key set, entry by entry. */
export interface JudgedKeys {
  readonly usable: readonly UsableKey[];
  readonly refused: readonly RefusedKey[];
}

/** What is asked of a key set. */
interface Wanted {
  readonly keys: readonly unknown[];
  readonly kids?: readonly string[] | undefined;
  readonly algorithm?: AlgorithmName | undefined;
}

/**
 * Judges the entries of another issuer's key set as a verifier does, and closer: whatever is wrong with one is that entry's. Identical
 * entries are one; keys that share a kid cannot be told apart, so that neither can be published.
 *
 * @throws SignetError `key_not_found` for a kid that is asked for and not there; the fault of a key that was asked for
 */
export function judgeForeign({ keys, kids, algorithm }: Wanted): JudgedKeys {
  const entries = keys.map((value, index) => entryOf(value, index));
  const missing = kids?.find((kid) => !entries.some((each) => each.kid === kid));
  if (missing !== undefined) throw notListed(missing, entries);
  const wanted = kids === undefined ? entries : entries.filter(({ kid }) => kid !== undefined && kids.includes(kid));
  const judged = distinct(wanted.map((entry) => judge(entry, keys[entry.index], algorithm)));
  const usable = judged.filter(isUsable);
  // To look into a modulus takes up to a second; what has no room is not looked at.
  const looked = usable.length > MAX_PUBLISHED_KEYS ? judged : judged.map((each) => (isUsable(each) ? lookedInto(each) : each));
  const found = {
    usable: looked.filter(isUsable),
    refused: looked.filter((each): each is RefusedKey => !isUsable(each)),
  };
  const unusable = found.refused.find((each) => !found.usable.some(({ kid }) => kid === each.kid));
  if (kids === undefined || unusable === undefined) return found;
  throw new SignetError(unusable.fault.code, wordsOf(unusable), { cause: unusable.fault });
}

/** A refused entry as reports show it. */
export function asReported({ index, kid, fault }: RefusedKey): SkippedKey {
  return { index, ...(kid !== undefined && { kid }), words: fault.message };
}

/** What is wrong with an entry, for a sentence. */
export function wordsOf({ name, fault }: RefusedKey): string {
  return `${name}: ${fault.message}`;
}

function entryOf(value: unknown, index: number): Entry {
  const kid = hasMembers(value) ? kidOfJwk(value) : undefined;
  return { index, kid: isText(kid) ? kid : undefined, name: nameOfEntry(value, index) };
}

function judge(entry: Entry, value: unknown, given: AlgorithmName | undefined): UsableKey | RefusedKey {
  const aside = whyAside(value);
  if (aside !== undefined) return { ...entry, isAside: true, fault: new SignetError("invalid_key", aside) };
  try {
    const jwk = value as Readonly<Record<string, unknown>>;
    const algorithm = algorithmOf(jwk, given);
    const kid = kidOf(jwk);
    const key = publicKeyFromJwk({ ...jwk, alg: algorithm.name } as unknown as PublicJwk);
    return { ...entry, jwk: publicJwk(key, algorithm, kid) };
  } catch (error) {
    return refusedFor(entry, error);
  }
}

function algorithmOf(jwk: Readonly<Record<string, unknown>>, given: AlgorithmName | undefined): Algorithm {
  const { alg, kty } = jwk;
  const isOpen = isAbsent(alg) && kty === "RSA";
  if (isOpen && given === undefined) {
    const words = "an RSA key that does not name its alg: give --algorithm, the one of its tokens, such as RS256";
    throw new SignetError("invalid_key", words, { field: "alg" });
  }
  const fitting = algorithmsOfJwk(jwk, isOpen && given !== undefined ? [given] : undefined);
  const found = fitting.find(({ name }) => name === alg) ?? fitting[0];
  if (found !== undefined) return found;
  throw new SignetError("invalid_key", `an RSA key that does not name its alg, and ${given} is for others`, { field: "alg" });
}

function kidOf(jwk: Readonly<Record<string, unknown>>): string {
  const kid = kidOfJwk(jwk);
  if (kid === undefined) throw new SignetError("invalid_key", "it has no kid, by which tokens would name it", { field: "kid" });
  if (typeof kid !== "string") throw new SignetError("invalid_key", "its kid is not a text", { field: "kid" });
  assertKid(kid);
  return kid;
}

function distinct(judged: readonly (UsableKey | RefusedKey)[]): readonly (UsableKey | RefusedKey)[] {
  const first = new Map<string, UsableKey>();
  const shared = new Set<string>();
  for (const each of judged.filter(isUsable)) {
    const { kid } = each.jwk;
    const known = first.get(kid);
    if (known === undefined) first.set(kid, each);
    else if (JSON.stringify(known.jwk) !== JSON.stringify(each.jwk)) shared.add(kid);
  }
  return judged.flatMap((each): (UsableKey | RefusedKey)[] => {
    if (!isUsable(each)) return [each];
    if (!shared.has(each.jwk.kid)) return first.get(each.jwk.kid) === each ? [each] : [];
    const words = "another key of this set has the same kid, and one key of a name is published: import a file with one of them";
    return [refusedFor(each, new SignetError("invalid_key", words, { field: "kid" }))];
  });
}

function lookedInto(each: UsableKey): UsableKey | RefusedKey {
  try {
    assertHardModulus(each.jwk);
    return each;
  } catch (error) {
    return refusedFor(each, error);
  }
}

function refusedFor({ index, name, kid }: Entry, error: unknown): RefusedKey {
  if (isSignetError(error)) return { index, name, kid, isAside: false, fault: error };
  throw error;
}

function isUsable(each: UsableKey | RefusedKey): each is UsableKey {
  return "jwk" in each;
}

function notListed(kid: string, entries: readonly Entry[]): SignetError {
  const named = entries.filter((each) => each.kid !== undefined).map(({ name }) => name);
  const others =
    named.length === 0 ? "no key with a kid" : `${named.slice(0, 10).join(", ")}${named.length > 10 ? " and more" : ""}`;
  return new SignetError("key_not_found", `the set lists no key ${visible(shortened(kid))}; it has ${others}`);
}
