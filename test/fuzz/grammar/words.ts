import fc from "fast-check";
import { anyCharacter } from "../../contracts/any-text.js";

export const ISSUER = "https://issuer.example";

/** Stands where a stranger has a value of their own. No message, no log line and no cause may hold it. */
export const PRIVATE_VALUE = "pRiVaTe-vAlUe-0f-a-stranger";

/** Names that every object answers to, though nobody gave them. */
export const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "toJSON", "then"] as const;

/** What a terminal obeys, what has no width, half a character. */
const UNSEEN = ["\u001b[2J\u202e", "\u0000", "\r\nSet: x", "\ud800", "\u2028", "\ufeff", "\u200b"] as const;

/** Texts that some parser somewhere takes for something else. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("", "a", ...INHERITED, "\\", ...UNSEEN, "a.b.c", "%zz", "../", "x".repeat(9_000), PRIVATE_VALUE),
  fc.constantFrom("sub", "aud", "iss", "api", ISSUER, `${ISSUER}/.well-known/jwks.json`, "client_credentials", "ES256", "tick"),
  fc.string({ unit: anyCharacter, maxLength: 20 }),
);

/** What a member may be called. A name is told in messages, so that it must be fit to be shown. */
export const name: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...INHERITED, ...UNSEEN, "", "a.b", "x".repeat(9_000), "exp", "kid", "alg", "keys"),
  fc.string({ unit: anyCharacter, maxLength: 12 }),
);

export const number: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -1, 1, 60, 1.5, 2 ** 53, -0, 1e308, 1_900_000_600),
  fc.double(),
);

/** Values of another type than the one that is wanted. */
export const odd: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  null,
  true,
  7,
  -1.5,
  "",
  PRIVATE_VALUE,
  [],
  [[]],
  {},
  ["sign"],
  { toString: false },
  { toJSON: 1 },
  { valueOf: null },
  { length: -1 },
);

/** What JSON can hold, with members that code might call. */
export const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    number,
    fc.boolean(),
    odd,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4 }),
  ),
})).value;

/** An object of known members, each right, missing or anything; and sometimes one more. */
export function likely(members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Record<string, unknown>> {
  const each = Object.fromEntries(
    Object.entries(members).map(([known, right]) => [
      known,
      fc.oneof({ arbitrary: right, weight: 8 }, { arbitrary: json, weight: 1 }),
    ]),
  );
  const names = Object.keys(members);
  const missing = fc.subarray(names, { maxLength: Math.min(2, names.length) });
  return fc.tuple(fc.record(each), missing, fc.dictionary(name, json, { maxKeys: 1 })).map(([right, left, more]) => ({
    ...Object.fromEntries(Object.entries(right).filter(([known]) => !left.includes(known))),
    ...more,
  }));
}

const encoded = (content: string) => Buffer.from(content).toString("base64url");

export const claims = likely({
  sub: text,
  aud: fc.oneof(text, fc.array(text)),
  iss: fc.constant(ISSUER),
  exp: number,
  nbf: number,
  iat: number,
  jti: text,
  scope: fc.oneof(text, fc.array(text)),
});
const request = likely({ claims, ttl: number, setIat: fc.boolean(), setJti: fc.boolean(), setNbf: fc.boolean(), typ: text });

/** What an issuer may be asked for. */
export const issuing = fc.oneof(request, likely({ requests: fc.array(fc.oneof(request, json), { maxLength: 3 }) }), json);

/** A token of a key of that name, none of which verifies. */
export const tokens = (kid: string) => {
  const header = likely({
    alg: fc.constantFrom("EdDSA", "none", "HS256", "ES256"),
    kid: fc.constant(kid),
    typ: text,
    crit: json,
  });
  const made = fc
    .tuple(header, claims, text)
    .map((parts) => parts.map((part) => encoded(typeof part === "string" ? part : JSON.stringify(part))).join("."));
  return fc.oneof(
    made,
    text,
    fc.string().map((each) => `${each}.${each}.${each}`),
  );
};

const list = fc.array(fc.oneof(fc.constantFrom("api", "JWT", "ES256", "EdDSA", "jku", "uid", "exp"), text), { maxLength: 3 });
/** What a program may tell a verifier. */
export const verifierOptions = likely({
  issuer: fc.constantFrom(ISSUER, [ISSUER], null),
  audience: fc.oneof(fc.constantFrom(null, "api"), list),
  algorithms: fc.constantFrom(["EdDSA"], ["ES256"], undefined),
  types: fc.oneof(fc.constant(null), list),
  clientIds: fc.oneof(fc.constant(undefined), list),
  claims: fc.oneof(fc.constant(undefined), fc.dictionary(name, fc.oneof(text, number, list), { maxKeys: 2 })),
  scopes: list,
  requiredClaims: list,
  ignoredHeaders: fc.subarray(["jku", "x5u", "x5c"]),
  integersAsText: list,
  requireKid: fc.boolean(),
  requireExpiration: fc.boolean(),
  clockSkewSeconds: number,
  maxAgeSeconds: number,
});
