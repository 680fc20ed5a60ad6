import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { assemble } from "../../src/assemble.js";
import { checkConfig } from "../../src/config/load.js";
import { assertSurroundings } from "../../src/operator/init-preflight.js";
import { custodianOf } from "../../src/rotation/session/context.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();

async function beginning() {
  const cwd = await scratch();
  const path = join(cwd, "signet.json");
  const config = checkConfig({ issuer: "https://id.example.com", algorithm: "ES256", custody: "file" }, path, {
    env: {},
  });
  const installation = await assemble(config, { env: {} });
  const other = await (await assemble(config, { env: {} })).manager({});
  const file = custodianOf(installation, { custody: "file" });
  const judge = (before: () => Promise<unknown>) => {
    async function* list() {
      await before();
      yield* file.list();
    }
    const custodians = { ...installation.custodians, file: { ...file, list } };
    return assertSurroundings({ cwd, env: {}, self: "signet" }, { ...installation, custodians }, { path, isNew: false });
  };
  const judgeNew = () => assertSurroundings({ cwd, env: {}, self: "signet" }, installation, { path, isNew: true });
  return { judge, judgeNew, path, make: () => other.tick({ createKeyring: true }), stores: installation.stores, config };
}

it("a key that another `init` makes at this moment is none that has lost its keyring", async () => {
  const { judge, make, stores } = await beginning();
  await judge(make);
  expect((await stores.keyring.read())?.keyring.keys.length).toBeGreaterThan(0);
});

it("private keys without a keyring stop it", async () => {
  const { judge, make, config } = await beginning();
  await make();
  await rm(join(config.directory, "keyring.json"));
  await expect(judge(async () => undefined)).rejects.toMatchObject({ code: "keyring_missing" });
});

it("a config that another `init` has made meanwhile is there, and not lost", async () => {
  const { judgeNew, make, path } = await beginning();
  await make();
  await expect(judgeNew()).rejects.toThrow("Put its config back");
  await writeFile(path, "{}");
  await expect(judgeNew()).rejects.toThrow("another process has just made");
});
