import fc from "fast-check";

const SURROGATES = 0x800;
const FIRST_SURROGATE = 0xd800;

/**
 * Each character of Unicode, as fast-check's "binary" makes it, and in the same order: that one writes a table of all 1.1 million of
 * them first, which costs each worker a second and a hundred megabytes.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.nat(0x10ffff - SURROGATES).map(
  (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
  // By this fast-check finds the texts that it likes to try, such as __proto__.
  (text) => {
    const code = typeof text === "string" ? text.codePointAt(0) : undefined;
    if (code === undefined || String.fromCodePoint(code) !== text || !text.isWellFormed()) throw new Error("no character");
    return code < FIRST_SURROGATE ? code : code - SURROGATES;
  },
);
