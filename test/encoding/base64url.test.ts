import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../src/encoding/base64url.js";
import { cases } from "../contracts/matrix.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** RFC 4648 section 5 bit by bit, as slowly as it is plain. */
function reference(text: string): number[] | undefined {
  const values = [...text].map((character) => ALPHABET.indexOf(character));
  if (values.includes(-1) || text.length % 4 === 1) return undefined;
  const bits = values.map((value) => value.toString(2).padStart(6, "0")).join("");
  const whole = bits.length - (bits.length % 8);
  if (bits.slice(whole).includes("1")) return undefined;
  return (bits.slice(0, whole).match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
}

function decoded(text: string): number[] | undefined {
  const bytes = decodeBase64url(text);
  return bytes && [...bytes];
}

const nearly = fc.string({
  unit: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...ALPHABET) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("+", "/", "=", " ", "\n", "\t", ".", "\0", "\u00c1", "\u0141", "\u2041", "\u{1f600}"),
    },
  ),
  maxLength: 40,
});

describe("base64url", () => {
  it("decodes what it encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decoded(encodeBase64url(bytes))).toStrictEqual([...bytes]);
      }),
    );
  });

  it("encodes a view of a larger buffer, not the buffer", () => {
    expect(encodeBase64url(new Uint8Array([9, 1, 2, 9]).subarray(1, 3))).toBe("AQI");
  });

  it("encodes a text by its UTF-8 bytes", () => {
    expect(encodeBase64url("\u00e9")).toBe("w6k");
  });

  it("decodes as the plain reference does, whatever the text", () => {
    fc.assert(
      fc.property(nearly, (text) => {
        expect(decoded(text)).toStrictEqual(reference(text));
      }),
      { numRuns: cases(3_000) },
    );
  });

  it("agrees with the reference on every text of one, two and three characters of the alphabet", () => {
    const wrong: string[] = [];
    const check = (text: string): void => {
      if (JSON.stringify(decoded(text)) !== JSON.stringify(reference(text))) wrong.push(text);
    };
    for (const first of ALPHABET) {
      check(first);
      for (const second of ALPHABET) {
        check(first + second);
        for (const third of "AB_-gQw048Ecz") check(first + second + third);
      }
    }
    expect(wrong).toStrictEqual([]);
  });

  it.each([
    ["padding", "QQ=="],
    ["padding in the middle", "QQ==QUJD"],
    ["white space", "QUJ D"],
    ["a line feed at the end", "QUJD\n"],
    ["base64's plus", "QUJ+"],
    ["base64's slash", "QUJ/"],
    ["unused bits that are set", "QR"],
    ["a single character", "A"],
    ["a character whose low byte is a letter", "QUJ\u0144"],
    ["a character from Latin-1", "QUJ\u00c4"],
  ])("refuses %s", (_, text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });

  it("decodes the empty text as no bytes", () => {
    expect(decoded("")).toStrictEqual([]);
  });
});
