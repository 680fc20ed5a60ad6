import { closedObject, type MemberSchema, settingsReader } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";

/** What may be issued. Every member narrows; absent means no limit of that kind. */
export interface Limits {
  /** The longest life of a token, in seconds. */
  readonly maxTtlSeconds: number;
  /** The life of a token for which neither `ttl` nor `exp` was asked; `null` makes asking obligatory. */
  readonly defaultTtlSeconds: number | null;
  /** False allows tokens without `exp`. */
  readonly requireExpiration: boolean;
  /** Claims that every token gets, whatever was asked. */
  readonly fixedClaims?: Readonly<Record<string, unknown>> | undefined;
  /** The only claims that may be asked; registered ones that Signet sets itself need not be listed. */
  readonly allowedClaims?: readonly string[] | undefined;
  /** Claims without which no token is issued. */
  readonly requiredClaims?: readonly string[] | undefined;
  /** The only audiences: exact, or ending in `*`. A token must then name one. */
  readonly allowedAudiences?: readonly string[] | undefined;
  /** Values of the header's `typ` that may be asked, beside `JWT`. */
  readonly allowedTypes?: readonly string[] | undefined;
  /** Tokens within any minute. */
  readonly maxTokensPerMinute?: number | undefined;
}

/** A caller's own limits: what they do not say is as the issuer's limits say. */
export type OwnLimits = { readonly [Name in keyof Limits]?: Limits[Name] | undefined };

/** About 317 years. An `exp` far beyond has lost digits, or is no date to the languages that verifiers are written in. */
const MAX_TTL_SECONDS = 10_000_000_000;

const NAMES: MemberSchema = { type: "array", items: { type: "string", minLength: 1 }, title: "a list of texts" };

/**
 * The limits as they may be written: shape, bounds and defaults, in JSON Schema's words. What checks config, environment, callers
 * and library, and the schema for editors, are made of it.
 */
export const LIMIT_MEMBERS = {
  maxTtlSeconds: {
    type: "integer",
    minimum: 1,
    maximum: MAX_TTL_SECONDS,
    default: 86_400,
    title: `a whole number of seconds from 1 to ${MAX_TTL_SECONDS}`,
  },
  defaultTtlSeconds: {
    type: ["integer", "null"],
    minimum: 1,
    maximum: MAX_TTL_SECONDS,
    default: 900,
    title: `a whole number of seconds from 1 to ${MAX_TTL_SECONDS}, or null`,
  },
  requireExpiration: {
    type: "boolean",
    default: true,
    title: "true or false",
  },
  fixedClaims: { type: "object", title: "an object of claims" },
  allowedClaims: NAMES,
  requiredClaims: NAMES,
  allowedAudiences: {
    type: "array",
    items: { type: "string", minLength: 1, pattern: "^[^*]*\\*?$" },
    title: "a list of texts, each an audience or the beginning of some with one * at its end",
  },
  allowedTypes: NAMES,
  maxTokensPerMinute: {
    type: "integer",
    minimum: 1,
    maximum: 1_000_000,
    title: "a whole number from 1 to 1000000",
  },
} as const satisfies Readonly<Record<keyof Limits, MemberSchema>>;

/** The limits of an issuer for which none were given. */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxTtlSeconds: LIMIT_MEMBERS.maxTtlSeconds.default,
  defaultTtlSeconds: LIMIT_MEMBERS.defaultTtlSeconds.default,
  requireExpiration: LIMIT_MEMBERS.requireExpiration.default,
});

const readMembers = settingsReader(closedObject([], LIMIT_MEMBERS));
const SET_BY_THE_ISSUER = ["exp", "nbf", "iat", "jti"];

/**
 * Reads limits that somebody wrote. A limit that is misspelt would be no limit, so what is unknown is an error.
 *
 * @param value what was written; `undefined` is no limits
 * @param where its place, for errors: `limits`, `SIGNET_LIMITS`
 * @returns a copy, in which each member was read once
 * @throws SignetError `config_invalid`, naming the member, and the nearest one that there is
 */
export function readLimits(value: unknown, where = "limits"): Partial<Limits> {
  const found = readMembers(value === undefined ? {} : value, where);
  for (const name of SET_BY_THE_ISSUER) {
    if (found.fixedClaims === undefined || !Object.hasOwn(found.fixedClaims as object, name)) continue;
    throw new SignetError("config_invalid", `${where}.fixedClaims cannot fix ${name}, which differs from token to token`, {
      field: `${where}.fixedClaims`,
    });
  }
  return found;
}
