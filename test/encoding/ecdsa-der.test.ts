import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ecdsaFromDer, ecdsaToDer } from "../../src/encoding/ecdsa-der.js";
import { cases } from "../contracts/matrix.js";

const SIZES = [64, 96, 132];

describe("an ECDSA signature", () => {
  it.each([
    ["prime256v1", 64],
    ["secp384r1", 96],
    ["secp521r1", 132],
  ] as const)("of %s goes to JWS form and back as OpenSSL writes both", (namedCurve, bytes) => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve });
    for (let count = 0; count < cases(200); count++) {
      const der = sign("sha256", Buffer.from([count]), privateKey);
      const jws = ecdsaFromDer(der, bytes);
      expect(jws).toHaveLength(bytes);
      expect(ecdsaToDer(jws as Buffer)).toStrictEqual(der);
    }
  });

  it("with short numbers is padded on the left", () => {
    const short = Buffer.from([0x30, 0x06, 0x02, 0x01, 0x07, 0x02, 0x01, 0x09]);
    const jws = ecdsaFromDer(short, 64) as Buffer;
    expect([jws[31], jws[63], jws.filter((byte) => byte !== 0).length]).toStrictEqual([7, 9, 2]);
    expect(ecdsaToDer(jws)).toStrictEqual(short);
  });

  it("goes through DER unchanged, whatever its numbers are", () => {
    const signature = fc.constantFrom(...SIZES).chain((bytes) => fc.uint8Array({ minLength: bytes, maxLength: bytes }));
    fc.assert(
      fc.property(signature, (bytes) => {
        expect(ecdsaFromDer(ecdsaToDer(bytes), bytes.length)).toStrictEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each([
    ["nothing", []],
    ["no sequence", [0x31, 0x06, 0x02, 0x01, 0x07, 0x02, 0x01, 0x09]],
    ["one number", [0x30, 0x03, 0x02, 0x01, 0x07]],
    ["a third number", [0x30, 0x09, 0x02, 0x01, 0x07, 0x02, 0x01, 0x09, 0x02, 0x01, 0x01]],
    ["bytes behind it", [0x30, 0x06, 0x02, 0x01, 0x07, 0x02, 0x01, 0x09, 0x00]],
    ["a negative number", [0x30, 0x06, 0x02, 0x01, 0x87, 0x02, 0x01, 0x09]],
    ["a needless zero", [0x30, 0x07, 0x02, 0x02, 0x00, 0x07, 0x02, 0x01, 0x09]],
    ["a length beyond its end", [0x30, 0x06, 0x02, 0x05, 0x07, 0x02, 0x01, 0x09]],
    ["a long form that was not needed", [0x30, 0x81, 0x06, 0x02, 0x01, 0x07, 0x02, 0x01, 0x09]],
    ["a number that is too long", [0x30, 0x26, 0x02, 0x21, 0x01, ...Array(32).fill(1), 0x02, 0x01, 0x09]],
  ])("that has %s is none", (_, bytes) => {
    expect(ecdsaFromDer(Buffer.from(bytes), 64)).toBeUndefined();
  });

  it("is read from no bytes that are not exactly it", () => {
    const anything = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(anything, (bytes) => {
        const read = ecdsaFromDer(bytes, 64);
        if (read !== undefined) expect(ecdsaToDer(read)).toStrictEqual(Buffer.from(bytes));
      }),
    );
  });
});
