import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Verifier } from "../../src/verify/verifier.js";
import { anyCharacter } from "../contracts/any-text.js";
import { cases, isEvery } from "../contracts/matrix.js";
import { answerOf, goodClaims, part, type TestKey, testKey, verifierFor } from "./tokens.js";

const NAMES = ["ES256", "RS256", "EdDSA"] as const;
const keys: TestKey[] = [];
let strict: Verifier;
// Nothing but the signature and the shape protects from an alteration here.
let lenient: Verifier;
beforeAll(async () => {
  for (const name of NAMES) keys.push(await testKey(name));
  strict = verifierFor(keys);
  lenient = verifierFor(keys, { issuer: null, audience: null, requireExpiration: false, requireKid: false, types: null });
});

const anyKey = fc.nat({ max: NAMES.length - 1 }).map((index) => () => keys[index] as TestKey);

/** The altered token must be refused, with a code of a refused token. */
function refused(original: string, altered: string): void {
  if (altered === original) return;
  // What the lenient verifier refuses the strict one refuses as well.
  const answer = answerOf(lenient, altered);
  if (!answer.startsWith("token_")) expect([answer, altered]).toStrictEqual(["a refusal", original]);
}

/**
 * Which of the bits of a place are turned. Another third of them is at each place, and all of them are where a part ends, since its last
 * bits are those that decoders pass over; CI turns every one.
 */
const isTurned = (at: number, bit: number, isEnd: boolean): boolean => isEvery || isEnd || (at + bit) % 3 === 0;

describe.each([0, 1, 2])("a token (key %i)", (index) => {
  const key = (): TestKey => keys[index] as TestKey;

  it("is good to begin with", () => {
    expect([answerOf(strict, key().good()), answerOf(lenient, key().good())]).toStrictEqual(["accepted", "accepted"]);
  });

  it("is refused with any single bit of its text turned", () => {
    const token = key().good();
    for (let at = 0; at < token.length; at++) {
      const isEnd = token.length - at < 3 || token.slice(at, at + 3).includes(".");
      for (let bit = 0; bit < 9; bit++) {
        if (!isTurned(at, bit, isEnd)) continue;
        const turned = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit));
        refused(token, token.slice(0, at) + turned + token.slice(at + 1));
      }
    }
  });

  it("is refused with any single bit of its decoded parts turned", () => {
    const token = key().good();
    const parts = token.split(".").map((each) => Buffer.from(each, "base64url"));
    for (const [which, bytes] of parts.entries()) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        if (!isTurned(bit >> 3, bit & 7, bit >> 3 === bytes.length - 1)) continue;
        const turned = Buffer.from(bytes);
        turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7));
        refused(token, parts.map((each, at) => part(at === which ? turned : each)).join("."));
      }
    }
  });

  it("is refused when it is cut anywhere, at either end", () => {
    const token = key().good();
    for (let at = 1; at < token.length; at++) {
      refused(token, token.slice(0, at));
      refused(token, token.slice(at));
      refused(token, token.slice(0, at - 1) + token.slice(at));
    }
  });
});

describe("a token", () => {
  it("is refused with anything put in anywhere", () => {
    fc.assert(
      fc.property(anyKey, fc.nat(), fc.string({ unit: anyCharacter, minLength: 1, maxLength: 20 }), (key, at, garbage) => {
        const token = key().good();
        const where = at % (token.length + 1);
        refused(token, token.slice(0, where) + garbage + token.slice(where));
      }),
      { numRuns: cases(500) },
    );
  });

  it("is refused with its parts in another order, or with parts of another token", () => {
    fc.assert(
      fc.property(anyKey, anyKey, fc.array(fc.nat({ max: 5 }), { minLength: 3, maxLength: 3 }), (one, other, picks) => {
        const first = one().good({ sub: "alice" });
        const second = other().good({ sub: "bob" });
        const parts = [...first.split("."), ...second.split(".")];
        const mixed = picks.map((pick) => parts[pick]).join(".");
        if (mixed !== second) refused(first, mixed);
      }),
      { numRuns: cases(500) },
    );
  });

  it("is refused with another header, whatever that says", () => {
    fc.assert(
      fc.property(
        anyKey,
        fc.record(
          {
            alg: fc.constantFrom(...NAMES, "none", "HS256", "PS256", "Ed25519", ""),
            kid: fc.oneof(fc.constantFrom(...NAMES.map((name) => `key-of-${name}`)), fc.string()),
            typ: fc.constantFrom("JWT", "at+jwt"),
            extra: fc.jsonValue(),
          },
          { requiredKeys: [] },
        ),
        (key, header) => {
          const [own, payload, signature] = key().good().split(".");
          refused(`${own}.${payload}.${signature}`, `${part(header)}.${payload}.${signature}`);
        },
      ),
      { numRuns: cases(500) },
    );
  });

  it("is refused with its header or payload written differently, though it means the same", () => {
    const respellings: ((json: string) => string)[] = [
      (json) => ` ${json}`,
      (json) => `${json}\n`,
      (json) => json.replace(":", ": "),
      (json) => json.replace("{", `{"a":0,`),
      (json) => json.replace(/\{("(?:alg|iss)":"[^"]*")/, "{$1,$1"),
      (json) => json.replace('"alg"', '"\\u0061lg"').replace('"iss"', '"\\u0069ss"'),
      (json) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(json)).reverse())),
    ];
    for (const respell of respellings) {
      for (const { good } of keys) {
        const token = good();
        const [header, payload, signature] = token.split(".") as [string, string, string];
        const decode = (each: string): string => Buffer.from(each, "base64url").toString();
        refused(token, `${part(respell(decode(header)))}.${payload}.${signature}`);
        refused(token, `${header}.${part(respell(decode(payload)))}.${signature}`);
      }
    }
  });

  it("is refused in every other spelling of its base64url", () => {
    for (const { good } of keys) {
      const token = good();
      const [header, payload, signature] = token.split(".") as [string, string, string];
      const spellings = [
        (text: string) => `${text}=`,
        (text: string) => `${text}==`,
        (text: string) => `${text}A`,
        (text: string) => `${text}\n`,
        (text: string) => text.replaceAll("-", "+").replaceAll("_", "/"),
        (text: string) => `${text.slice(0, 4)}\r\n${text.slice(4)}`,
        (text: string) => `${text.slice(0, -1)}${String.fromCharCode(text.charCodeAt(text.length - 1) + 1)}`,
      ];
      for (const spell of spellings) {
        refused(token, `${spell(header)}.${payload}.${signature}`);
        refused(token, `${header}.${spell(payload)}.${signature}`);
        refused(token, `${header}.${payload}.${spell(signature)}`);
      }
    }
  });
});

describe("whatever is presented", () => {
  const nonsense = fc.oneof(
    fc.string({ unit: anyCharacter, maxLength: 200 }),
    fc.array(fc.oneof(fc.string(), fc.base64String(), fc.json().map(part)), { maxLength: 6 }).map((parts) => parts.join(".")),
    fc.tuple(fc.json(), fc.json(), fc.uint8Array()).map((parts) => parts.map(part).join(".")),
    fc.anything(),
  );

  it("meets nothing but a refusal", () => {
    fc.assert(
      fc.property(nonsense, (presented) => {
        expect(answerOf(strict, presented)).toMatch(/^token_/);
        expect(answerOf(lenient, presented)).toMatch(/^token_/);
      }),
      { numRuns: cases(1_000) },
    );
  });

  it("meets nothing but a refusal or a good answer, even where the issuer's own key signed it", () => {
    const claim = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.double(), fc.constantFrom(...Object.values(goodClaims)));
    const payload = fc.oneof(
      fc.json(),
      fc.uint8Array(),
      fc
        .dictionary(fc.constantFrom("iss", "aud", "exp", "nbf", "iat", "sub", "jti", "__proto__"), claim)
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(
        anyKey,
        payload,
        fc.dictionary(fc.constantFrom("typ", "crit", "cty", "__proto__"), claim),
        (key, signed, header) => {
          const token = key().token({ ...header, alg: key().header.alg, kid: key().header.kid }, signed);
          expect(answerOf(strict, token)).toMatch(/^(token_|accepted$)/);
          expect(answerOf(lenient, token)).toMatch(/^(token_|accepted$)/);
        },
      ),
      { numRuns: cases(500) },
    );
  });
});
