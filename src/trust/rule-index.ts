import type { ClaimPath } from "./contract.js";
import { claimAt, type Fixed, MAX_PREFIX_LENGTH, type Scalar } from "./matching.js";

/** What an index has to know of a rule. */
export interface Indexed {
  /** What the index finds it by first: the issuer, as tokens name it. */
  readonly indexedBy: string;
  /** What it fixes. */
  readonly fixed: readonly Fixed[];
}

type Claims = Readonly<Record<string, unknown>>;

/** So many rules of an issuer are looked at where none can match. */
const MAX_TOLD = 3;

/** The rules that are found by one claim. */
interface ByClaim<R> {
  readonly path: ClaimPath;
  readonly values: Map<Scalar, R[]>;
  readonly prefixes: Map<string, R[]>;
}

/**
 * Finds the rules that a token could match, by its issuer and then by a claim that few rules share: a thousand rules for one issuer, each
 * for a repository of its own, cost no more than ten.
 *
 * @returns (the bound function) the rules that have to be looked at, each once, in the order of the config; where none of an issuer's can match,
 *   a few of them, for the log
 */
export function indexRules<R extends Indexed>(rules: readonly R[]): (indexedBy: string, claims: Claims) => readonly R[] {
  const byIssuer = new Map<string, R[]>();
  for (const rule of rules) append(byIssuer, rule.indexedBy, rule);
  const places = new Map(rules.map((rule, place) => [rule, place]));
  const finders = new Map([...byIssuer].map(([issuer, own]) => [issuer, finderOf(own)]));
  return (indexedBy, claims) => {
    const found = finders.get(indexedBy)?.(claims) ?? [];
    // Of those that cannot match the log says why, as far as they are few.
    if (found.length === 0) return byIssuer.get(indexedBy)?.slice(0, MAX_TOLD) ?? [];
    return found.length < 2 ? found : [...new Set(found)].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
  };
}

function finderOf<R extends Indexed>(rules: readonly R[]): (claims: Claims) => readonly R[] {
  const shared = sharing(rules);
  const byClaim = new Map<string, ByClaim<R>>();
  // They are looked at whatever a token says.
  const always: R[] = [];
  for (const rule of rules) {
    const best = rarest(rule, shared);
    if (best === undefined) {
      always.push(rule);
      continue;
    }
    const name = nameOf(best.path);
    const entry: ByClaim<R> = byClaim.get(name) ?? { path: best.path, values: new Map(), prefixes: new Map() };
    byClaim.set(name, entry);
    for (const value of best.values) append(entry.values, value, rule);
    for (const prefix of best.prefixes) append(entry.prefixes, prefix, rule);
  }
  const entries = [...byClaim.values()];
  return (claims) => [...always, ...entries.flatMap((entry) => foundIn(entry, claimAt(claims, entry.path)))];
}

function foundIn<R>({ values, prefixes }: ByClaim<R>, value: unknown): readonly R[] {
  const found = values.get(value as Scalar) ?? [];
  if (typeof value !== "string" || prefixes.size === 0) return found;
  // A prefix ends in / or :, and is not longer than this, however long what a stranger sends.
  const beginning = value.slice(0, MAX_PREFIX_LENGTH);
  const ends = [...beginning.matchAll(/[/:]/g)].map(({ index }) => index + 1);
  return [...found, ...ends.flatMap((end) => prefixes.get(beginning.slice(0, end)) ?? [])];
}

/** How many rules share what a claim is fixed to, and how many fix that claim at all. */
interface Sharing {
  readonly ofPath: ReadonlyMap<string, number>;
  readonly ofText: ReadonlyMap<string, number>;
}

function sharing(rules: readonly Indexed[]): Sharing {
  const ofPath = new Map<string, number>();
  const ofText = new Map<string, number>();
  for (const { fixed } of rules) {
    for (const each of fixed) {
      add(ofPath, nameOf(each.path));
      for (const text of textsOf(each)) add(ofText, text);
    }
  }
  return { ofPath, ofText };
}

/** The claim whose values the fewest other rules share; of equal ones that which the most rules fix, so that few claims are looked at. */
function rarest({ fixed }: Indexed, { ofPath, ofText }: Sharing): Fixed | undefined {
  const weighed = fixed.map((each) => ({
    each,
    cost: textsOf(each).reduce((most, text) => Math.max(most, ofText.get(text) ?? 0), 0),
    spread: ofPath.get(nameOf(each.path)) ?? 0,
  }));
  return weighed.sort((a, b) => a.cost - b.cost || b.spread - a.spread)[0]?.each;
}

function textsOf({ path, values, prefixes }: Fixed): readonly string[] {
  const name = nameOf(path);
  return [
    ...[...values].map((value) => JSON.stringify([name, value])),
    ...prefixes.map((prefix) => JSON.stringify([name, "prefix", prefix])),
  ];
}

function nameOf(path: ClaimPath): string {
  return JSON.stringify(path);
}

function append<K, R>(map: Map<K, R[]>, key: K, rule: R): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [rule]);
  else known.push(rule);
}

function add(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
