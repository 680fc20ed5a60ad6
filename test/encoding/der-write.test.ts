import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { derElement } from "../../src/encoding/der-elements.js";
import { der, derOid, derTime } from "../../src/encoding/der-write.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("DER that is written", () => {
  it.each([
    [0, "0400"],
    [0x7f, `047f${"00".repeat(0x7f)}`],
    [0x80, `048180${"00".repeat(0x80)}`],
    [0x1_00, `04820100${"00".repeat(0x100)}`],
  ])("says a length of %d in as few bytes as there can be", (length, expected) => {
    expect(hex(der(0x04, Buffer.alloc(length)))).toBe(expected);
  });

  it("is read again by the reader", () => {
    const long = Buffer.alloc(70_000, 7);
    expect(derElement(der(0x30, long.subarray(0, 10), long.subarray(10)))).toStrictEqual({ tag: 0x30, body: long, end: 70_005 });
  });

  it("names algorithms as keys of node:crypto name theirs", () => {
    const spki = generateKeyPairSync("rsa", { modulusLength: 2_048 }).publicKey.export({ format: "der", type: "spki" });
    expect(hex(spki)).toContain(hex(derOid("1.2.840.113549.1.1.1")));
    // X.690 section 8.19.5.
    expect(hex(derOid("2.999.3"))).toBe("0603883703");
  });

  it.each([
    [Date.UTC(2026, 10, 27, 3, 4, 5), "17", "261127030405Z"],
    [Date.UTC(2049, 11, 31, 23, 59, 59), "17", "491231235959Z"],
    [Date.UTC(2050, 0, 1), "18", "20500101000000Z"],
  ])("writes the instant %d as certificates do", (milliseconds, tag, digits) => {
    const written = derTime(milliseconds / 1_000);
    expect(hex(written.subarray(0, 1))).toBe(tag);
    expect(written.subarray(2).toString()).toBe(digits);
  });
});
