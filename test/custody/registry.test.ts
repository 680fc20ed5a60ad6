import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CONFIG_MEMBERS } from "../../src/config/schema.js";
import { findLambdaCustody, LAMBDA_CUSTODIES, OPENERS } from "../../src/custody/lambda.js";
import { CUSTODIES } from "../../src/custody/registry.js";
import { isCustodyName } from "../../src/keyring/key-record.js";
import { repositoryFiles, textOf } from "../house/repository.js";

const inLambda = CUSTODIES.filter(({ runsInLambda }) => runsInLambda);

describe("the registry of custodians", () => {
  it("has a line for each folder, and for nothing else", () => {
    const folders = repositoryFiles("src/custody/*/facts.ts").map((path) => path.split("/")[2]);
    expect(CUSTODIES.map(({ name }) => name).sort()).toEqual(folders.sort());
  });

  it("has one at most that takes a passphrase: a keyring records how key files are kept once", () => {
    expect(CUSTODIES.filter(({ takesPassphrase }) => takesPassphrase).length).toBeLessThan(2);
  });

  it("has a fact for each folder of keys, and none of them lies in another's", () => {
    const folders = CUSTODIES.flatMap(({ keyFolder = [] }) => keyFolder).filter((folder) => folder !== ".");
    for (const folder of folders) expect(folder).toMatch(/^[a-z][a-z-]*$/);
    expect(new Set([...folders, "active", "public"]).size).toBe(folders.length + 2);
  });

  it("is what the functions' own lists are held to", () => {
    const names = inLambda.map(({ name }) => name);
    expect(OPENERS.map(({ custody }) => custody)).toEqual(names);
    expect(LAMBDA_CUSTODIES).toEqual(names);
  });
});

describe.each(CUSTODIES.map((custody) => [custody.name, custody] as const))("the custodian %s", (name, custody) => {
  it("has a name that config and keyring take", () => {
    expect(isCustodyName(name)).toBe(true);
    expect(CONFIG_MEMBERS.custody.enum).toContain(name);
  });

  it("has a row in docs/keys.md", () => {
    expect(rowsOf("docs/keys.md")).toContain(name);
  });

  it("stands in ARCHITECTURE.md's table of what is on disk, where its keys are there", () => {
    if (custody.keyFolder === undefined) return;
    const [, onDisk = ""] = textOf("ARCHITECTURE.md").split("## On disk");
    const holders = [...onDisk.matchAll(/^\| `[^|]*` \| of the custodian `([a-z-]+)`, /gm)].map(([, holder]) => holder);
    expect(holders).toContain(name);
  });

  it("says what its keys are and what they use, and can be loaded", async () => {
    const usage: object = custody.needsAws ? custody.usage(2) : {};
    for (const count of Object.values(usage)) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
    expect(custody.made()).not.toBe("");
    // What is below the installation's directory, and under a passphrase, is on this machine.
    if (custody.needsAws) expect([custody.keyFolder, custody.takesPassphrase]).toStrictEqual([undefined, undefined]);
    const { create, permissions } = await custody.load();
    expect(typeof create).toBe("function");
    expect(permissions !== undefined).toBe(custody.needsAws);
  });

  it("has a value in the template, and a row in docs/lambda.md, where it runs in Lambda alone", () => {
    const { KeyCustodianParameter } = JSON.parse(
      readFileSync(new URL("../../dist/template-parameters.json", import.meta.url), "utf8"),
    );
    const value = custody.runsInLambda ? custody.templateValue : undefined;
    expect(custody.templateValue).toBe(value);
    if (value === undefined) return;
    expect(KeyCustodianParameter.AllowedValues).toContain(value);
    expect(findLambdaCustody(value)).toBe(name);
    expect(rowsOf("docs/lambda.md")).toContain(name);
  });
});

/** The names at the left of a page's tables. */
function rowsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, name = ""]) => name);
}
