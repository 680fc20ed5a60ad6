import { describe, expect, it } from "vitest";
import { table } from "../../src/cli/table.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import { drawTimeline } from "../../src/operator/key-timeline.js";
import { columnsToShorten, kidNamed } from "../../src/operator/kid-prefix.js";
import type { KeyLives } from "../../src/rotation/forecast/key-lives.js";

const KIDS = ["op3j6qj9MTFk1eutKS5ccatxKpL6", "op3j6qj9XXFk1eutKS5ccatxKpL6", "the key of 2026, the first"];
const keyring = { keys: KIDS.map((kid) => ({ publicJwk: { kid } })) } as unknown as Pick<Keyring, "keys">;
const HEAD = ["KID", "WORDS"];

describe("what a command shows of a kid, it takes for the key", () => {
  it.each([false, true])("in a table that has no room (a kid has spaces: %s)", (hasSpaces) => {
    const kids = hasSpaces ? KIDS : KIDS.slice(0, 2);
    const rows = kids.map((kid) => [kid, "one two three"]);
    const [, ...lines] = table(HEAD, rows, { columns: 20, names: columnsToShorten([0], kids) });
    const shown = lines
      .map((line) => line.replace(/ +(one|two|three)?( two)?( three)?$/, "").trim())
      .filter((text) => text !== "");
    expect(shown).toHaveLength(kids.length);
    expect(shown.map((text) => kidNamed(keyring, text))).toStrictEqual(kids);
    expect(shown.some((text) => kids.includes(text))).toBe(hasSpaces);
  });

  it.each([true, false])("on a timeline, with the dots at its end (Unicode: %s)", (hasUnicode) => {
    const lives = KIDS.map((name) => ({ name, spans: [{ phase: "active", from: 0, to: 10 }], end: null }));
    const all = { lives, now: 5, from: 0, until: 10, planned: [] } as unknown as KeyLives;
    const [, ...rows] = drawTimeline(all, { columns: 80, hasUnicode, hasColor: false });
    const names = rows.slice(0, KIDS.length).map((row) => row.slice(0, 12));
    expect(names.every((name) => /(…|\.\.)$/u.test(name))).toBe(true);
    expect(names.map((name) => kidNamed(keyring, name))).toStrictEqual(KIDS);
  });

  it("where several begin so, it asks for more", () => {
    expect(() => kidNamed(keyring, "op3j6qj9")).toThrow("2 keys begin with op3j6qj9: ");
    expect(() => kidNamed(keyring, "op3j…")).toThrow("2 keys begin with op3j…: ");
  });
});
