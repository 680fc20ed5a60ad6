import { isDeepStrictEqual } from "node:util";
import { thumbprint } from "../algorithms/jwk.js";
import type { PublicJwk } from "../algorithms/jwk-members.js";
import { kidOfJwk } from "../algorithms/jwk-purpose.js";
import { hasMembers, isObject, isText } from "../encoding/list-of.js";
import { SignetError, shortened } from "../errors.js";
import type { TrustRule } from "../settings/trusts.js";
import { changeCaller } from "./callers.js";
import type { Surroundings } from "./surroundings.js";

type Jwk = Readonly<Record<string, unknown>>;

/** A rule that was found, and its place among the caller's. */
export interface FoundRule {
  /** `trusts.0` */
  readonly place: string;
  readonly rule: TrustRule;
}

/** The members of a caller that are lists of rules. */
const LISTS = ["trusts", "exchanges"] as const;

/** The rules of a caller, by their places. */
type Rules = { readonly [L in (typeof LISTS)[number]]?: readonly TrustRule[] | undefined };

/**
 * Finds a rule of a caller.
 *
 * @param which as `changeTrust` takes it
 * @throws SignetError `usage` for a rule that is not there
 */
export function findRule(name: string, rules: Rules, which: string | undefined, { self }: Surroundings): PlacedRule {
  const all = LISTS.flatMap((list) =>
    (rules[list] ?? []).map((rule, index) => ({ list, index, rule, place: `${list}.${index}` })),
  );
  return ruleNamed(name, all, which, self);
}

interface PlacedRule extends FoundRule {
  readonly list: (typeof LISTS)[number];
  readonly index: number;
}

/**
 * Gives a caller another rule.
 *
 * @returns its place among the caller's
 * @throws SignetError `caller_missing`, `config_invalid`
 */
export async function addTrust(surroundings: Surroundings, path: string, name: string, rule: object): Promise<number> {
  let place = 0;
  await changeCaller(surroundings, path, name, (written) => {
    const trusts = trustsIn(written);
    place = trusts.length;
    return { ...written, trusts: [...trusts, rule] };
  });
  return place;
}

/**
 * Takes a rule away from a caller, or switches it off or on.
 *
 * @param which its place as lists show it (`trusts.0`, `exchanges.1`; `0` is `trusts.0`), or its preset or issuer where only one rule has it
 * @param change what becomes of it; `undefined` removes it
 * @param shown the rule that a person has seen and agreed to: no other one is changed
 * @throws SignetError `caller_missing`, `usage` for a rule that is not there, or is another one by now
 */
export async function changeTrust(
  surroundings: Surroundings,
  path: string,
  name: string,
  which: string | undefined,
  change: (rule: object) => object | undefined,
  shown?: FoundRule,
): Promise<FoundRule> {
  let found: FoundRule | undefined;
  await changeCaller(surroundings, path, name, (written, read) => {
    const { list, index, ...chosen } = findRule(name, read, which, surroundings);
    if (shown !== undefined && !isDeepStrictEqual(chosen.rule, shown.rule)) {
      const words = `the rules of ${name} were changed meanwhile: nothing was done; run it again to see which rule it is now`;
      throw new SignetError("usage", words);
    }
    found = chosen;
    const { [list]: before, ...others } = written;
    const after = (before as readonly object[]).flatMap((rule, at) => (at === index ? (change(rule) ?? []) : [rule]));
    return after.length === 0 ? others : { ...written, [list]: after };
  });
  return found as FoundRule;
}

function ruleNamed(name: string, all: readonly PlacedRule[], which: string | undefined, self: string): PlacedRule {
  if (which === "keys")
    throw new SignetError("usage", `the keys of its own are no rule; \`${self} callers untrust ${name} keys\` takes them away`);
  const chosen = all.filter(({ rule: { preset, issuer }, place }) => {
    return which === undefined || [place, place.replace(/^trusts\./, ""), preset, issuer].includes(which);
  });
  const [first] = chosen;
  if (first !== undefined && chosen.length === 1) return first;
  const named = which === undefined ? "" : ` ${shortened(which)}`;
  const several = named === "" ? `the caller ${name} has several rules` : `${named.slice(1)} names several rules`;
  const words =
    first === undefined
      ? `the caller ${name} has no rule${named}`
      : `${several}; expected the place of one, such as ${first.place}`;
  throw new SignetError("usage", `${words}: \`${self} callers list\` shows them`);
}

/** Keys that were added: the names that assertions have to say from now on. */
export interface AddedKeys {
  /** Names that were made, since several keys without one cannot be told apart. */
  readonly named: readonly string[];
}

/**
 * Gives a caller keys with which it signs its own proofs, beside those that it has.
 *
 * @throws SignetError `caller_missing`, `usage`
 */
export async function addOwnKeys(surroundings: Surroundings, path: string, name: string, given: Jwk): Promise<AddedKeys> {
  let named: readonly string[] = [];
  await changeCaller(surroundings, path, name, (written) => {
    const before = isObject(written.keys) ? written.keys : {};
    if (before.jwks !== undefined && given.jwksUrl !== undefined)
      throw keysElsewhere("has keys that were given", name, surroundings);
    if (before.jwksUrl !== undefined && given.jwks !== undefined)
      throw keysElsewhere("has its keys at a URL", name, surroundings);
    if (given.jwks === undefined) return { ...written, keys: { ...before, ...given } };
    const keys = toldApart([...keysIn(before.jwks), ...keysIn(given.jwks)]);
    named = keys.named;
    return { ...written, keys: { ...before, ...given, jwks: { keys: keys.keys } } };
  });
  return { named };
}

function keysElsewhere(what: string, name: string, { self }: Surroundings): SignetError {
  return new SignetError("usage", `the caller ${name} ${what}; remove them first: \`${self} callers untrust ${name} keys\``);
}

/**
 * Takes away a caller's own keys, all or the one of a name.
 *
 * @throws SignetError `caller_missing`, `usage`
 */
export async function removeOwnKeys(surroundings: Surroundings, path: string, name: string, kid?: string): Promise<void> {
  await changeCaller(surroundings, path, name, (written) => {
    const { keys, ...others } = written;
    assertOwnKeys(name, keys, kid, surroundings);
    if (kid === undefined) return others;
    const left = keysIn(keys.jwks).filter((key) => kidOfJwk(key) !== kid);
    return left.length === 0 ? others : { ...written, keys: { ...keys, jwks: { keys: left } } };
  });
}

/**
 * Asserts that a caller has keys of its own, or the one of a name.
 *
 * @throws SignetError `usage`
 */
export function assertOwnKeys(name: string, keys: unknown, kid: string | undefined, { self }: Surroundings): asserts keys is Jwk {
  if (!isObject(keys)) throw new SignetError("usage", `the caller ${name} has no keys of its own`);
  const kids = keysIn(keys.jwks).map(kidOfJwk);
  if (kid === undefined || kids.includes(kid)) return;
  const named = kids.filter(isText);
  const expected = named.length === 0 ? "" : `; expected ${named.map((each) => shortened(each)).join(" or ")}`;
  throw new SignetError(
    "usage",
    `the caller ${name} has no key ${shortened(kid)}${expected}; all of them: \`${self} callers untrust ${name} keys\``,
  );
}

/** Of several keys each has a name, the thumbprint (RFC 7638) where it has none. One alone needs none: whatever it is called, it is meant. */
export function toldApart(all: readonly Jwk[]): { readonly keys: readonly Jwk[]; readonly named: readonly string[] } {
  const keys = all.filter((key, index) => all.findIndex((other) => thumbprintOf(other) === thumbprintOf(key)) === index);
  if (keys.length < 2) return { keys, named: [] };
  const named = keys.filter((key) => kidOfJwk(key) === undefined).map(thumbprintOf);
  return { keys: keys.map((key) => (kidOfJwk(key) === undefined ? { ...key, kid: thumbprintOf(key) } : key)), named };
}

function thumbprintOf(jwk: Jwk): string {
  return thumbprint(jwk as unknown as PublicJwk);
}

function keysIn(jwks: unknown): readonly Jwk[] {
  return isObject(jwks) && Array.isArray(jwks.keys) ? jwks.keys.filter(hasMembers) : [];
}

function trustsIn({ trusts = [] }: Readonly<Record<string, unknown>>): readonly object[] {
  return trusts as readonly object[];
}
