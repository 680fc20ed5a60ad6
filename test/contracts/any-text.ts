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

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const PLAIN = `${LETTERS}${LETTERS.toUpperCase()}0123456789-._~!$&'()*+,;=:@`;

/** What stands in a URL's path between slashes, or, with more characters, in its query; fast-check's own are made of its "binary". */
const partOfUrl = (more: string): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...PLAIN, ...more) },
      { weight: 1, arbitrary: anyCharacter.map(encodeURIComponent) },
    ),
  });

export const anyPath = fc.array(partOfUrl("")).map((parts) => parts.map((part) => `/${part}`).join(""));
export const anyQuery = partOfUrl("/?");
