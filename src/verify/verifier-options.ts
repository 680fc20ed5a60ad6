import { algorithmNamed } from "../algorithms/table.js";
import { isLarge } from "../encoding/json-by-hand.js";
import { hasMembers, isListOf, isNonEmptyText, isObject, isText, listed, MAX_LIST_LENGTH } from "../encoding/list-of.js";
import {
  A_COUNT,
  A_FUNCTION,
  isCount,
  isWhole,
  NAMES,
  type OptionCheck,
  type OptionChecks,
  readOptions,
  TRUE_OR_FALSE,
} from "../encoding/options.js";
import { urlOf } from "../encoding/url-of.js";
import { expectedClaims } from "./claims.js";
import type { IssuersVerifierOptions } from "./issuers.js";
import type { VerifierOptions } from "./verifier.js";

type Shared = Omit<VerifierOptions, "keys">;
type ByUrl = Omit<IssuersVerifierOptions, "issuersReach" | "judged">;

const SECONDS: OptionCheck = ["a whole number of seconds", (value) => isWhole(value ?? 0)];

const SHARED: OptionChecks<Shared> = {
  algorithms: [
    "a list of names; leave it out to accept the keys' own",
    (value) => isFilledList(value, (name) => !!algorithmNamed(name as string)),
  ],
  requireKid: TRUE_OR_FALSE,
  types: ["a list of texts; null accepts any type", (value) => value === null || isFilledList(value, isNonEmptyText)],
  ignoredHeaders: ["a list of jku, x5u and x5c: no other can be ignored", (value) => isListOf(value, isIgnorable)],
  issuer: givenOrWaived("issuer"),
  audience: givenOrWaived("audience"),
  clientIds: ["a list of client ids", (value) => isFilledList(value, isNonEmptyText)],
  claims: ["an object of claims, each with a text, a number, true or false, or a list of such values", areClaims],
  integersAsText: ["a list of claims other than exp, nbf and iat", (value) => isListOf(value, isNoTime)],
  // What is larger is milliseconds by mistake.
  clockSkewSeconds: ["a whole number from 0 to 600", (value) => isWhole(value ?? 0) && (value as number) <= 600],
  requireExpiration: TRUE_OR_FALSE,
  requiredClaims: NAMES,
  scopes: NAMES,
  maxAgeSeconds: ["a whole number of seconds, at least 1", isCount],
  clock: A_FUNCTION,
  maxTokenLength: ["a whole number of characters", isCount],
};

const WITH_KEYS: OptionChecks<VerifierOptions> = {
  ...SHARED,
  // What is wrong with an entry is that entry's. A sparse list may say any length of itself.
  keys: [
    'a JWKS: {"keys": [...]}',
    (value) => hasMembers(value) && Array.isArray(value.keys) && value.keys.length <= MAX_LIST_LENGTH,
    true,
  ],
};
const BY_URL: OptionChecks<ByUrl> = {
  ...SHARED,
  issuer: ["the URL of each issuer, or give its keys", (value) => isFilledList(listed(value), isNonEmptyText), true],
  jwksUrl: [
    "the URL of a JWKS, or an object with the URL of each issuer's",
    (value) => isUrl(value) || (isObject(value) && Object.values(value).every(isUrl)),
  ],
  refreshSeconds: SECONDS,
  staleSeconds: SECONDS,
  elapsed: A_FUNCTION,
  timeoutMs: A_COUNT,
  maxBytes: A_COUNT,
  fetch: A_FUNCTION,
  allowInsecureIssuer: TRUE_OR_FALSE,
};

/**
 * Reads the options of createVerifier, which has two forms. What is made of them need not look at them again.
 *
 * @throws SignetError `config_invalid`, `unsupported_algorithm`
 */
export function readVerifierOptions(options: VerifierOptions | IssuersVerifierOptions): VerifierOptions | IssuersVerifierOptions {
  return hasKeys(options)
    ? readOptions<VerifierOptions>(options, "createVerifier with keys", WITH_KEYS)
    : readOptions<ByUrl>(options, "createVerifier", BY_URL);
}

/** Tells which form options have. */
export function hasKeys(options: VerifierOptions | IssuersVerifierOptions): options is VerifierOptions {
  return hasMembers(options) && "keys" in options;
}

function givenOrWaived(name: string): OptionCheck {
  return [
    `given; ${name}: null disables the check`,
    (value) => value === null || isFilledList(listed(value), isNonEmptyText),
    true,
  ];
}

function isFilledList(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return isListOf(value, isItem as (item: unknown) => item is unknown) && value.length > 0;
}

function isIgnorable(value: unknown): value is string {
  return value === "jku" || value === "x5u" || value === "x5c";
}

function isNoTime(value: unknown): value is string {
  return isNonEmptyText(value) && !/^(exp|nbf|iat)$/.test(value);
}

// What has no members that can be seen, a Map for example, would check nothing.
function areClaims(value: unknown): boolean {
  const expected = isObject(value) ? expectedClaims(value) : [];
  return expected.length > 0 && expected.every(([, values]) => isFilledList(values, isClaimValue));
}

function isClaimValue(value: unknown): boolean {
  return isText(value) || typeof value === "boolean" || (typeof value === "number" && !isLarge(value));
}

function isUrl(value: unknown): boolean {
  return isText(value) && !!urlOf(value);
}
