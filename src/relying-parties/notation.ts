import type { Basis, KeyWay, NotKnown, Rule, Source, Stated } from "./relying-party.js";

/** A page, and when it was looked at. */
export function page(source: string, checked = "2026-11-26"): Source {
  return { source, checked };
}

/** A rule that the vendor documents. */
export function documented<const T>(value: T, source: Source, about?: string): Stated<T> {
  return stated("documented", value, source, about);
}

/** A rule that a measurement, or the vendor's source, shows. */
export function observed<const T>(value: T, source: Source, about?: string): Stated<T> {
  return stated("observed", value, source, about);
}

/** A rule for which there is no evidence; the source is what it was concluded from. */
export function assumed<const T>(value: T, source: Source, about?: string): Stated<T> {
  return stated("assumed", value, source, about);
}

function stated<T>(basis: Basis, value: T, source: Source, about: string | undefined): Stated<T> {
  return { basis, value, ...source, ...(about !== undefined && { about }) };
}

/** Rules that were looked for at a source, and not found there. */
export function notKnown<const N extends string>(source: Source, ...names: readonly N[]): Record<N, NotKnown> {
  return ofEach(names, { basis: "?", ...source });
}

/** Rules that do not exist, as a source says or shows. */
export function noRule<const N extends string>(basis: Basis, source: Source, ...names: readonly N[]): Record<N, Stated<null>> {
  return ofEach(names, stated(basis, null, source, undefined));
}

function ofEach<N extends string, T>(names: readonly N[], value: T): Record<N, T> {
  return Object.fromEntries(names.map((name) => [name, value])) as Record<N, T>;
}

/** The rules of another party, of which this one is assumed to have each. */
export function assumedOf<T extends object>(rules: T): T {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [
      name,
      isStated(rule) ? { ...rule, basis: "assumed" } : Array.isArray(rule) ? rule.map(assumedOf) : rule,
    ]),
  ) as T;
}

function isStated(rule: unknown): rule is Stated<unknown> {
  return typeof rule === "object" && rule !== null && "basis" in rule && rule.basis !== "?";
}

/** What a rule says; `undefined` where it is not known. */
export function ruleValue<T>(rule: Rule<T>): T | undefined {
  return rule.basis === "?" ? undefined : rule.value;
}

/** Whose key it is by a way of finding it. */
export const WHOSE_KEY = {
  discovery: "found by URL",
  "jwks-url": "found by URL",
  jwks: "uploaded by us",
  pem: "uploaded by us",
  file: "handed to us",
  program: "given by the program",
} as const satisfies Record<KeyWay["by"]["value"], string>;

export const RS = ["RS256", "RS384", "RS512"] as const;
const PS = ["PS256", "PS384", "PS512"] as const;
export const ES = ["ES256", "ES384", "ES512"] as const;
/** What RFC 7518 has. */
export const JWA = [...RS, ...PS, ...ES] as const;
export const CLASSIC = [...JWA, "EdDSA"] as const;
export const ALL = [...CLASSIC, "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] as const;

/** Of a library, which the program tells what it accepts. */
export const TOKENS_OWN = { words: "it takes the token's alg: name the accepted ones there" } as const;
/** Future times are refused. */
export const NOT_AHEAD = { future: "refused" } as const;
/** They are not looked at. */
export const NOT_LOOKED_AT = { future: "taken" } as const;
/** The kinds that go-jose knows: one of another kind makes it refuse the set. */
export const GO_JOSE_KINDS = ["RSA", "oct", "EC P-256", "EC P-384", "EC P-521", "OKP Ed25519"] as const;
