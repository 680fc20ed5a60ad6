import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { CLAIMS_BUFFER_BYTES, enclose, writeClaims } from "../../src/issue/claims-json.js";
import { createIssuer } from "../../src/issue/issuer.js";

import { type IssueRequest, MAX_PAYLOAD_BYTES } from "../../src/issue/request.js";
import { anyCharacter } from "../contracts/any-text.js";
import { cases } from "../contracts/matrix.js";

const NOW = 1_790_000_000;
const signer = localSigner({ privateKey: generateKeyPairSync("ed25519").privateKey, alg: "EdDSA" });
const issuer = createIssuer({ signer, clock: () => NOW, issuer: "https://a.example" });

function written(claims: Record<string, unknown>, isReplaced = (_name: string) => false): string {
  const out = Buffer.alloc(CLAIMS_BUFFER_BYTES);
  return out.toString("utf8", 0, enclose(out, 0, writeClaims(out, claims, isReplaced)));
}

function payload(request: IssueRequest): string {
  const { token } = issuer.issueSync(request);
  return Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
}

describe("claims that are written", () => {
  it("are what JSON.stringify makes of them", () => {
    const number = fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n));
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: anyCharacter }).map((raw) => raw.toWellFormed()),
    );
    const { claims } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, text, number, fc.integer(), fc.boolean(), fc.constant(null), tie("list"), tie("claims")),
      list: fc.array(tie("value"), { maxLength: 4 }),
      claims: fc.dictionary(text, tie("value"), { maxKeys: 5 }),
    }));
    fc.assert(
      fc.property(claims as fc.Arbitrary<Record<string, unknown>>, (asked) => {
        expect(written(asked)).toBe(JSON.stringify(asked));
      }),
      { numRuns: cases(2_000) },
    );
  });

  it.each([
    [{}, "{}"],
    [{ a: [], b: {} }, '{"a":[],"b":{}}'],
    [{ a: '\u0000\u001f\u007f"\\/é𝄞\u2028' }, `{"a":${JSON.stringify('\u0000\u001f\u007f"\\/é𝄞\u2028')}}`],
    [{ 'q"': -0, é: 1e-7 }, '{"q\\"":0,"é":1e-7}'],
  ])("keep their corners: %j", (claims, text) => {
    expect(written(claims)).toBe(text);
  });

  it("leave out what is replaced, wherever it stands, and check it all the same", () => {
    const isReplaced = (name: string) => name === "x";
    expect(written({ x: 1, a: 2, b: { x: 3 } }, isReplaced)).toBe('{"a":2,"b":{"x":3}}');
    expect(written({ a: 2, x: [1] }, isReplaced)).toBe('{"a":2}');
    expect(written({ x: 1 }, isReplaced)).toBe("{}");
    expect(() => written({ x: "\ud800" }, isReplaced)).toThrow(expect.objectContaining({ code: "invalid_claim" }));
  });
});

describe("a payload", () => {
  // What fills it up to a byte: `piece` as often as it fits, and ASCII for the rest.
  const fillers: [string, (room: number) => unknown][] = [
    ["ASCII", (room) => "x".repeat(room)],
    ["escapes", (room) => "\n".repeat(room >> 1) + "x".repeat(room & 1)],
    ["control characters", (room) => "\u0001".repeat(Math.floor(room / 6)) + "x".repeat(room % 6)],
    ["four-byte characters", (room) => "𝄞".repeat(room >> 2) + "x".repeat(room & 3)],
  ];

  it.each(fillers)("of %s may have 16,384 bytes, and not one more", (_, fill) => {
    const claims = (room: number) => ({ s: fill(room) });
    const room = MAX_PAYLOAD_BYTES - payload({ claims: { s: "" }, setIat: true }).length;
    expect(Buffer.byteLength(payload({ claims: claims(room), setIat: true }))).toBe(MAX_PAYLOAD_BYTES);
    for (const more of [1, 2, 100, 128, 129, 20_000, 200_000]) {
      expect(() => payload({ claims: claims(room + more), setIat: true })).toThrow(
        expect.objectContaining({ code: "request_too_large" }),
      );
    }
  });

  it.each([
    ["numbers", () => 1_234_567],
    ["empty lists", () => []],
    ["empty texts", () => ""],
    ["nulls", () => null],
    ["deep lists", () => JSON.parse(`${"[".repeat(29)}${"]".repeat(29)}`)],
    ["names", () => ({ "\u0001": {} })],
  ])("of many %s is refused where it becomes too large, and only there", (_, make) => {
    let issued = 0;
    const all = Array.from({ length: 10_000 }, make);
    const pieceLength = JSON.stringify(all[0]).length;
    const emptyLength = JSON.stringify({ list: [], iss: "https://a.example", exp: NOW + 900 }).length;
    for (let count = 100; count < 10_000; count = Math.ceil(count * 1.07)) {
      const claims = { list: all.slice(0, count) };
      const fits = emptyLength + count * (pieceLength + 1) - 1 <= MAX_PAYLOAD_BYTES;
      if (fits) {
        issued += 1;
        expect(payload({ claims })).toContain(JSON.stringify(claims.list));
      } else expect(() => payload({ claims })).toThrow(expect.objectContaining({ code: "request_too_large" }));
    }
    expect(issued).toBeGreaterThan(5);
  });

  it("is not disturbed by a token that is issued while its claims are read, nor by a refused one", () => {
    const claims = {
      a: "first",
      get b() {
        expect(() => payload({ claims: { a: "y".repeat(99), bad: Number.NaN } })).toThrow();
        return payload({ claims: { a: "z".repeat(99) } }).length;
      },
      c: "last",
    };
    const inner = payload({ claims: { a: "z".repeat(99) } }).length;
    expect(JSON.parse(payload({ claims }))).toStrictEqual({
      a: "first",
      b: inner,
      c: "last",
      iss: "https://a.example",
      exp: NOW + 900,
    });
  });

  it("is refused for a list of audiences that says it is longer than any payload, before it is copied", () => {
    const aud = new Proxy([] as string[], { get: (list, name) => (name === "length" ? 1e9 : Reflect.get(list, name)) });
    for (const list of [aud, new Array(1e9)])
      expect(() => payload({ claims: { aud: list } })).toThrow(expect.objectContaining({ code: "request_too_large" }));
  });

  it("holds the claims that were checked, whatever a hidden toJSON would make of them", () => {
    const nested = Object.defineProperty({ b: 1 }, "toJSON", { value: () => ({ admin: true }) });
    const claims = Object.defineProperty({ nested }, "toJSON", { value: () => ({ admin: true }) });
    expect(JSON.parse(payload({ claims }))).toStrictEqual({ nested: { b: 1 }, iss: "https://a.example", exp: NOW + 900 });
  });
});
