import { equal } from "node:assert/strict";
import fc from "fast-check";
import { parseActiveDocument } from "../../../src/keyring/active-document.js";
import { keyringText, parseKeyring } from "../../../src/keyring/parse.js";
import version1 from "../../formats/v1/rotated.json" with { type: "json" };
import version2 from "../../formats/v2/rotated.json" with { type: "json" };
import { changed, damaged } from "../grammar/changes.js";
import { ours } from "../judge.js";
import { target } from "../target.js";

const texts = [version1, version2].flatMap(({ files }) => Object.entries(files as Readonly<Record<string, string>>));
/** A document as it stands in a store, with members of other types or missing, or cut off by a failing disk. */
const stored = (named: RegExp) => {
  const right = texts.filter(([name]) => named.test(name)).map(([, text]) => text);
  const made = changed(fc.constantFrom(...right.map((text) => JSON.parse(text) as unknown))).map((each) => JSON.stringify(each));
  return fc.oneof(made, damaged(fc.constantFrom(...right)));
};

export const STORE_TARGETS = [
  target("a keyring that was put back", stored(/^keyring\.json$/), async (text) => {
    const read = await ours(() => parseKeyring(text, "keyring.json"));
    // What was accepted is written as it was read.
    if (read !== undefined) equal(keyringText(parseKeyring(keyringText(read), "keyring.json")), keyringText(read));
  }),
  target("an active document", stored(/^active\//), (text) => ours(() => void parseActiveDocument(text, "active/4.json"))),
];
