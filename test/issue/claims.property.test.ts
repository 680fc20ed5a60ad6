import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { parseJson } from "../../src/encoding/json-names.js";
import { SignetError } from "../../src/errors.js";
import { createIssuer } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";
import { anyCharacter } from "../contracts/any-text.js";
import { cases } from "../contracts/matrix.js";

const NOW = 1_790_000_000;
const signer = localSigner({ privateKey: generateKeyPairSync("ed25519").privateKey, alg: "EdDSA" });
const issuer = createIssuer({ signer, clock: () => NOW });

// What JSON.parse can return, its corners included: every member name, every double, ill-formed strings, deep values.
const name = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 8 }),
  fc.constantFrom("__proto__", "constructor", "toJSON", "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "", "hasOwnProperty"),
);
const leaf = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 20 }),
  fc.double(),
  fc.integer(),
  fc.constantFrom(
    -0,
    1e21,
    2 ** 53,
    -(2 ** 53),
    2 ** 53 - 1,
    Number.MIN_VALUE,
    NOW + 60,
    null,
    true,
    false,
    "\ud800",
    "x".repeat(20_000),
  ),
);
const { claims } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "medium", withCrossShrink: true }, leaf, tie("list"), tie("claims")),
  list: fc.array(tie("value"), { maxLength: 4 }),
  claims: fc.array(fc.tuple(name, tie("value")), { maxLength: 6 }).map((entries) => {
    const object = {};
    for (const [key, value] of entries)
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    return object as Record<string, unknown>;
  }),
}));

function attempt(request: unknown): string | SignetError {
  try {
    return issuer.issueSync(request as IssueRequest).token;
  } catch (error) {
    if (error instanceof SignetError) return error;
    throw error;
  }
}

const byName = (object: object): string =>
  JSON.stringify(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)));

/** Issues a token and holds it against what was asked; tells whether there was one. */
function saysWhatWasAsked(asked: Record<string, unknown>): boolean {
  const outcome = attempt({ claims: asked });
  if (typeof outcome !== "string") return false;
  // JSON.parse is no witness: Node 24 and 26 misread names with an escape.
  const payload = parseJson(Buffer.from(outcome.split(".")[1] ?? "", "base64url").toString());
  const meant = parseJson(JSON.stringify(asked)) as Record<string, unknown>;
  if (!Object.hasOwn(asked, "exp")) meant.exp = NOW + 900;
  expect(byName(payload as object)).toBe(byName(meant));
  return true;
}

describe("for any claims", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a member that hides toString", { "": { toString: -0 } }],
    ["a name that is a backslash", { one: 1, "\\": 2 }],
    ["a name that is spelt with an escape", { one: 1, "\n": 2 }],
  ])("the token says exactly what was asked: %s", (_, asked) => {
    expect(saysWhatWasAsked(asked)).toBe(true);
  });

  it("either the token says exactly what was asked, or an error names the field", () => {
    let issued = 0;
    fc.assert(
      fc.property(claims, (asked) => {
        if (saysWhatWasAsked(asked)) issued += 1;
      }),
      { numRuns: cases(3_000) },
    );
    expect(issued).toBeGreaterThan(cases(300));
  });

  it("a token never carries an integer beyond 2^53 - 1, an ill-formed string, or a life beyond the limit", () => {
    fc.assert(
      fc.property(claims, fc.option(fc.oneof(fc.double(), fc.integer()), { nil: undefined }), (asked, ttl) => {
        const outcome = attempt(ttl === undefined ? { claims: asked } : { claims: asked, ttl });
        if (typeof outcome !== "string") return;
        const text = Buffer.from(outcome.split(".")[1] ?? "", "base64url").toString("utf8");
        JSON.parse(text, (_key, value: unknown) => {
          if (typeof value === "number" && Number.isInteger(value)) expect(Number.isSafeInteger(value)).toBe(true);
          if (typeof value === "string") expect(value.isWellFormed()).toBe(true);
          return value;
        });
        const { exp } = decodeJwt(outcome);
        expect(exp).toBeGreaterThan(NOW);
        expect(exp).toBeLessThanOrEqual(NOW + 86_400);
      }),
      { numRuns: cases(2_000) },
    );
  });
});

describe("for anything at all", () => {
  it("a request crashes nothing", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true }),
        (value) => {
          attempt(value);
          attempt({ claims: value });
          attempt({ claims: { value } });
          attempt({ claims: {}, ttl: value, typ: value, setIat: value });
        },
      ),
      { numRuns: cases(3_000) },
    );
  });
});
