import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assemble } from "../../src/assemble.js";
import { checkConfig } from "../../src/config/load.js";
import { type BackupContents, backupText, parseBackup } from "../../src/operator/backup/contents.js";
import { gather } from "../../src/operator/backup/gather.js";
import { type ProvenBackup, proveBackup } from "../../src/operator/backup/prove.js";

const MADE = { madeAt: 1_700_000_000, madeBy: "0.1.0" };
export const WORD = { revoked: [], at: MADE.madeAt };

/** The installation of a folder, as a process opens it. */
export async function installationIn(cwd: string, settings: object = {}) {
  const path = join(cwd, "signet.json");
  const config = checkConfig({ issuer: "https://issuer.example", ...settings }, path, { env: {} });
  return { path, place: { config: path, directory: config.directory }, installation: await assemble(config, { env: {} }) };
}

/** An issuer of its own in an empty folder. */
export async function issuerIn(cwd: string) {
  await writeFile(join(cwd, "signet.json"), '{"issuer": "https://issuer.example"}\n');
  const { path, installation, place } = await installationIn(cwd);
  const manager = await installation.manager();
  await manager.tick({ createKeyring: true });
  const surroundings = { env: {}, cwd, self: "signet" };
  return {
    ...{ cwd, installation, manager, place },
    contents: async () => (await gather(surroundings, installation, path, MADE)).contents,
    notes: async () => (await gather(surroundings, installation, path, MADE)).notes,
    /** Answers its kid. */
    async revokeActive() {
      const keyring = (await installation.stores.keyring.read())?.keyring;
      const kid = keyring?.keys.find(({ state }) => state === "active")?.publicJwk?.kid as string;
      await manager.revoke({ kid });
      return kid;
    },
  };
}

/** An issuer of its own, its backup, and what is in its folder. */
export async function backedUpIn(cwd: string) {
  const issuer = await issuerIn(cwd);
  const contents = await issuer.contents();
  const path = (name: string) => join(issuer.place.directory, name);
  return {
    ...{ ...issuer, backup: await proven(contents), path, log: contents.files.get("audit.jsonl") ?? "" },
    jwks: () => readFile(path("public/jwks.json"), "utf8"),
    lose: async (...names: string[]) => {
      for (const name of names) await rm(path(name), { recursive: true });
    },
  };
}

/** What a plan asks an operator. */
export const doubtsIn = (plan: object): readonly string[] => (plan as { readonly doubts: readonly string[] }).doubts;

/** Contents as a restore has them, once they were written and proven. */
export const proven = async (contents: BackupContents): Promise<ProvenBackup> =>
  proveBackup(parseBackup(backupText(contents)), async () => undefined);
