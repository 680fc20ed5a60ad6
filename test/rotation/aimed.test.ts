import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RULES } from "../../tools/rules/rules.mjs";
import { rowsIn } from "../../tools/rules/table.mjs";
import { playAimed } from "./aimed/aimed.js";
import { AIMED } from "./aimed/index.js";

describe("with every rule of rotation", () => {
  it.each(AIMED.map((aimed) => [aimed.name, aimed] as const))("nothing breaks where %s", async (_name, aimed) => {
    // Throws where a promise is broken.
    await playAimed(aimed);
  });
});

/** `npm run proof:rules` takes the rules away. */
describe("the rules that can be taken away", () => {
  it("have a story each that is aimed at them, and every story a rule", () => {
    expect(new Set(AIMED.map(({ without }) => without))).toEqual(new Set(RULES.map(({ rule }) => rule)));
  });

  it.each(RULES.map(({ rule, file, from }) => [rule, file, from] as const))(
    "stand once in the source: %s",
    (_rule, file, from) => {
      expect(readFileSync(file, "utf8").split(from)).toHaveLength(2);
    },
  );

  it("stand in docs/rotation.md, each with what breaks without it and where that shows", () => {
    const shown = (rule: string) => AIMED.filter(({ without }) => without === rule).map(({ name }) => name);
    expect(rowsIn(readFileSync("docs/rotation.md", "utf8"))).toEqual(
      RULES.map(({ rule, breaks }) => ({ rule, breaks, shown: shown(rule).join("; ") })),
    );
  });
});
