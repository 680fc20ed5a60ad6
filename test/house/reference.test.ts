import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addCustodyFlags } from "../../src/cli/custody-flags.js";
import { CONFIG_MEMBERS } from "../../src/config/schema.js";
import { statusOf } from "../../src/errors.js";
import { openApiDocument } from "../../src/http/openapi.js";
import { VARIABLES } from "../../src/lambda/shared/settings.js";
import { RELYING_PARTIES } from "../../src/relying-parties/index.js";
import { setUpInWords } from "../../src/relying-parties/set-up-words.js";
import { rulesInWords } from "../../src/relying-parties/words.js";
import { membersIn } from "../../src/settings/shape.js";
import { PRESET_NAMES } from "../../src/settings/trusts.js";
import { describePreset, SHARED_BEGINNINGS } from "../../src/trust/presets.js";
import { ERROR_GROUPS } from "../../tools/reference/errors.mjs";
import { httpApiPage } from "../../tools/reference/http-api.mjs";
import { libraryPages } from "../../tools/reference/library.mjs";
import { configurationPage, errorsPage, presetsPage } from "../../tools/reference/pages.mjs";
import { partiesPage } from "../../tools/reference/parties.mjs";
import { COMMAND_VARIABLES, FUNCTION_VARIABLES } from "../../tools/reference/variables.mjs";
import { repositoryFiles, textOf } from "./repository.js";

describe("the references that `npm run docs` writes", () => {
  test("docs/configuration.md is what the members of signet.json say today", () => {
    expect(textOf("docs/configuration.md")).toBe(configurationPage(CONFIG_MEMBERS));
  });

  test("docs/errors.md is what the codes say today", () => {
    expect(textOf("docs/errors.md")).toBe(errorsPage(statusOf));
  });

  test("docs/trust-presets.md is what the presets know today", () => {
    expect(textOf("docs/trust-presets.md")).toBe(presetsPage(PRESET_NAMES, describePreset, SHARED_BEGINNINGS));
  });

  test("docs/relying-parties.md is what the table of relying parties says today", () => {
    expect(textOf("docs/relying-parties.md")).toBe(partiesPage(RELYING_PARTIES, rulesInWords, setUpInWords));
  });

  test("docs/http-api.md is what the API's document says today", () => {
    expect(textOf("docs/http-api.md")).toBe(httpApiPage(openApiDocument("") as never));
  });

  test("docs/library has what the docstrings of each entry of the package say today, and no other page", () => {
    const pages = libraryPages(JSON.parse(textOf("package.json")), textOf);
    expect(Object.keys(pages)).toHaveLength(5);
    for (const [page, text] of Object.entries(pages)) expect(textOf(page)).toBe(text);
    expect(repositoryFiles("docs/library/*.md").sort()).toStrictEqual(Object.keys(pages).sort());
  });

  test("explain every code of errors.ts, and no other", () => {
    const named = [
      ...`${textOf("src/errors.ts")}${textOf("src/error-status.ts")}`.matchAll(/^ {2}(?:\| "(\w+)"|(\w+): \d{3},$)/gm),
    ].map(([, type, member]) => type ?? member);
    expect(named.length).toBeGreaterThan(90);
    expect(ERROR_GROUPS.flatMap(({ codes }) => Object.keys(codes)).sort()).toStrictEqual(named.sort());
    for (const [meaning, remedy] of ERROR_GROUPS.flatMap(({ codes }) => Object.values(codes))) {
      expect([meaning, remedy]).toStrictEqual([expect.stringMatching(/^\S.*\.$/), expect.stringMatching(/^\S.*\.$/)]);
    }
  });

  test("have every variable that the functions read", () => {
    expect(Object.keys(FUNCTION_VARIABLES).sort()).toStrictEqual(VARIABLES.map((name) => `SIGNET_${name}`).sort());
  });

  test("have every variable that the source names, and no more", () => {
    // What a misspelt name in a comment, and an example of how a member is described, are called.
    const others = ["SIGNET_SCOPE", "SIGNET_WAIT_SECONDS"];
    const named = repositoryFiles("src/*.ts").flatMap((path) => textOf(path).match(/\bSIGNET_[A-Z0-9]+(?:_[A-Z0-9]+)*\b/g) ?? []);
    const overrides = membersIn(CONFIG_MEMBERS).flatMap(({ member }) => member.variable ?? []);
    const shown = new Set([...overrides, ...Object.keys(COMMAND_VARIABLES), ...Object.keys(FUNCTION_VARIABLES)]);
    expect([...new Set(named)].filter((name) => !shown.has(name)).sort()).toStrictEqual(others);
    const computed = VARIABLES.map((name) => `SIGNET_${name}`);
    expect([...shown].filter((name) => !named.includes(name) && !computed.includes(name))).toStrictEqual([]);
  });

  test("name the flags that `signet init` has", () => {
    const flags = membersIn(CONFIG_MEMBERS).flatMap(({ member }) => member.flag ?? []);
    expect(flags.length).toBeGreaterThan(5);
    const ofCustodians = addCustodyFlags(new Command()).options.map(({ long }) => long);
    for (const flag of flags.filter((each) => !ofCustodians.includes(each)))
      expect(textOf("src/cli/main.ts")).toMatch(new RegExp(`"${flag}(?: <|")`));
  });
});
