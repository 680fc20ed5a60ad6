import { closedObject, settingsReader } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import { about } from "./about.js";
import { defaultsOf, integer, listOfTexts, type Shape, seconds, type Values } from "./shape.js";

/** About 317 years. An `exp` far beyond has lost digits, or is no date to the languages that verifiers are written in. */
const MAX_TTL_SECONDS = 10_000_000_000;

const NAMES = listOfTexts("a list of texts");
const AUDIENCE = "an audience, or the beginning of some with one * at its end";

/** What may be issued, described once: see shape.ts. */
export const LIMIT_MEMBERS = {
  maxTtlSeconds: {
    ...seconds(1, MAX_TTL_SECONDS),
    default: 86_400,
    ...about("The longest life of a token.", 3_600, { variable: "SIGNET_MAX_TTL_SECONDS" }),
  },
  defaultTtlSeconds: {
    ...seconds(1, MAX_TTL_SECONDS),
    type: ["integer", "null"],
    title: `a whole number of seconds from 1 to ${MAX_TTL_SECONDS}, or null`,
    default: 900,
    ...about("The life when neither ttl nor exp is asked; null makes asking obligatory.", 600, {
      variable: "SIGNET_DEFAULT_TTL_SECONDS",
    }),
  },
  requireExpiration: {
    type: "boolean",
    title: "true or false",
    default: true,
    ...about("False allows tokens without exp.", true),
  },
  fixedClaims: {
    type: "object",
    title: "an object of claims",
    ...about("Claims that every token gets; {caller} and {proof.NAME} in their texts are filled in.", { tenant: "acme" }),
  },
  allowedClaims: { ...NAMES, ...about("The only claims that may be asked.", ["sub", "aud", "role"]) },
  requiredClaims: { ...NAMES, ...about("Claims without which no token is issued.", ["sub"]) },
  allowedAudiences: {
    type: "array",
    title: `a list of texts, each ${AUDIENCE}`,
    items: {
      type: "string",
      minLength: 1,
      pattern: "^[^*]*\\*?$",
      title: AUDIENCE,
    },
    ...about("The only audiences: exact, or ending in *.", ["https://api.example", "https://shop.example/*"]),
  },
  allowedTypes: { ...NAMES, ...about("Values of the header's typ that may be asked, beside JWT.", ["at+jwt"]) },
  maxTokensPerMinute: { ...integer(1, 1_000_000), unit: "tokens", ...about("Tokens within any minute.", 600) },
} as const satisfies Shape;

/** What may be issued. Every member narrows; absent means no limit of that kind. docs/configuration.md says what each is. */
export type Limits = Values<typeof LIMIT_MEMBERS>;

/** A caller's own limits: what they do not say is as the issuer's limits say. */
export type OwnLimits = { readonly [Name in keyof Limits]?: Limits[Name] | undefined };

/** The limits of an issuer for which none were given. */
export const DEFAULT_LIMITS: Limits = defaultsOf(LIMIT_MEMBERS);

const readMembers = settingsReader(closedObject([], LIMIT_MEMBERS));
const SET_BY_THE_ISSUER = ["exp", "nbf", "iat", "jti"];

/**
 * Reads limits from outside. A limit that is misspelt would be no limit, so what is unknown is an error.
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
