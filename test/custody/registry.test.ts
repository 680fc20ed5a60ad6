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

  it("has a row in README.md", () => {
    expect(textOf("README.md")).toContain(`\n| \`${name}\` | `);
  });

  it("says what its keys use, and can be loaded", async () => {
    const usage = custody.usage(2);
    for (const count of Object.values(usage)) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
    if (!custody.needsAws) expect(usage).toEqual({ kmsKeys: 0, secrets: 0, parameters: 0, signCallsPerToken: 0 });
    expect(custody.made()).not.toBe("");
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
    expect(textOf("docs/lambda.md")).toContain(`\n| \`${name}\` | `);
  });
});
