import { closedObject, isPlainObject, settingsFault, settingsReader } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import { about } from "./about.js";
import { type Shape, seconds, type Values } from "./shape.js";

const YES_OR_NO = { type: "boolean", title: "true or false" } as const;

/** What an `iss` is made of: no control character, no half of a pair, and no brace, which would stand for something else. */
const CHARACTERS = "(?:[^{}\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])*";

/** A SHA-256 as base64url. */
const THUMBPRINT_FORM = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$";

/** How an issuer's tokens differ from the usual, described once: see shape.ts. No request and no caller changes any of it. */
export const TOKEN_MEMBERS = {
  iss: {
    type: "string",
    pattern: `^(?=[\\s\\S]{1,512}$)${CHARACTERS}(?:\\{fingerprint\\}${CHARACTERS})?$`,
    title: "a text of 1 to 512 characters, in which {fingerprint} may stand once and no other brace",
    ...about(
      "The iss of every token where that is no URL, instead of issuer; {fingerprint} becomes SHA256: and the base64 of the SHA-256 of the signing key's SPKI.",
      "ACCOUNT.USER.{fingerprint}",
    ),
  },
  iat: { ...seconds(0, 300), ...about("Gives every token an iat, so far before the present.", 60, { fallback: "as asked" }) },
  jti: { ...YES_OR_NO, ...about("True gives every token a jti, a random UUID.", true, { fallback: "as asked" }) },
  exp: {
    ...YES_OR_NO,
    ...about("False leaves exp out of every token; limits, and how long keys stay, reckon with it all the same.", false, {
      fallback: "true",
    }),
  },
  kid: { ...YES_OR_NO, ...about("False leaves kid out of the header.", false, { fallback: "true" }) },
  kids: {
    type: "object",
    title: "an object with a kid, 1 to 256 printable ASCII characters, for each RFC 7638 thumbprint",
    names: { pattern: THUMBPRINT_FORM, title: "an RFC 7638 thumbprint" },
    values: {
      type: "string",
      pattern: "^[\\x21-\\x7e](?:[\\x20-\\x7e]{0,254}[\\x21-\\x7e])?$",
      title: "1 to 256 printable ASCII characters",
    },
    ...about(
      "The kid in the header for keys that the other side has named, by the RFC 7638 thumbprint (SHA-256) of each; keyring and JWKS keep their own.",
      { NzbLsXh8uDCcd_6MNwXF4W_7noWXFZAfHkxZsRGC9Xs: "ABC123DEFG" },
    ),
  },
  certificates: {
    type: "object",
    title: "an object with a SHA-256 thumbprint, 43 characters of base64url, for each kid",
    values: {
      type: "string",
      pattern: THUMBPRINT_FORM,
      title: "43 characters of base64url",
    },
    ...about("The thumbprint of each signing key's X.509 certificate, by kid: the header has it as x5t#S256.", {
      "k-2026": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0",
    }),
  },
} as const satisfies Shape;

/** How an issuer's tokens differ from the usual. docs/configuration.md says what each member is. */
export type Tokens = Values<typeof TOKEN_MEMBERS>;

const readMembers = settingsReader(closedObject([], TOKEN_MEMBERS));
const ISS = new RegExp(TOKEN_MEMBERS.iss.pattern);
const KID = new RegExp(TOKEN_MEMBERS.kids.values.pattern);
const THUMBPRINT = new RegExp(THUMBPRINT_FORM);

/**
 * Reads such settings from outside. One that is misspelt would change nothing, so what is unknown is an error.
 *
 * @param value what was written; `undefined` is none
 * @param where its place, for errors: `tokens`, `SIGNET_TOKENS`
 * @returns a copy, in which each member was read once
 * @throws SignetError `config_invalid`, naming the member
 */
export function readTokens(value: unknown, where = "tokens"): Tokens {
  const found: Tokens = readMembers(value === undefined ? {} : value, where);
  const { iss, kids, certificates } = found;
  if (iss !== undefined && !ISS.test(iss)) throw wrong("iss", where);
  const ofKeys = {
    ...(kids !== undefined && { kids: textsOf(kids, KID, "kids", where) }),
    ...(certificates !== undefined && { certificates: textsOf(certificates, THUMBPRINT, "certificates", where) }),
  };
  if (!Object.keys(ofKeys.kids ?? {}).every((name) => THUMBPRINT.test(name))) throw wrong("kids", where);
  return { ...found, ...ofKeys };
}

// A copy, in which each value was read once.
function textsOf(value: unknown, pattern: RegExp, field: keyof Tokens, where: string): Readonly<Record<string, string>> {
  const copy = isPlainObject(value) ? { ...value } : [undefined];
  const isRight = (each: unknown) => typeof each === "string" && pattern.test(each);
  if (!Object.values(copy).every(isRight)) throw wrong(field, where);
  return copy as Record<string, string>;
}

/**
 * Refuses an `iss` beside the issuer's URL: neither could decide.
 *
 * @param where what says the two, in words that stand before "both"
 * @throws SignetError `config_invalid`
 */
export function assertOneIss({ iss }: Tokens, issuer: string | undefined, where: string): void {
  if (iss === undefined || issuer === undefined) return;
  throw new SignetError("config_invalid", `${where} both say what iss is: leave one of them out`, { field: "tokens.iss" });
}

function wrong(field: keyof Tokens, where: string): SignetError {
  return settingsFault({ field, mustBe: TOKEN_MEMBERS[field].title }, where, []);
}
