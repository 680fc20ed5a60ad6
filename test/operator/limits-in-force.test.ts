import { expect, it } from "vitest";
import { putLimitsInForce } from "../../src/operator/limits-in-force.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { installationIn, issuerIn } from "./backup-example.js";

const scratch = scratchDirectories();
const DAY = 86_400;

it("longer limits undo no migration, and no word on tokens without end, that another manager puts in force meanwhile", async () => {
  const cwd = await scratch();
  await issuerIn(cwd);
  const endless = { requireExpiration: false, defaultTtlSeconds: null };
  const other = await (await installationIn(cwd, { algorithm: "ES384", limits: endless })).installation.manager();
  const { installation } = await installationIn(cwd, { limits: { maxTtlSeconds: 2 * DAY } });
  const { keyring } = installation.stores;
  let writes = 0;
  const write: typeof keyring.write = async (next, tag) => {
    if (++writes === 1) await other.applySettings({ verifiersAccept: ["ES384"] });
    return keyring.write(next, tag);
  };
  const stores = { ...installation.stores, keyring: { ...keyring, write } };
  const notes: string[] = [];
  await putLimitsInForce({ ...installation, manager: () => installation.manager({ stores }) }, (words) => notes.push(words));
  expect(notes).toStrictEqual([expect.stringContaining("in force now")]);
  const policy = (await keyring.read())?.keyring.policy;
  expect(policy).toMatchObject({ algorithm: "ES384", allowsUnlimitedTokens: true, maxTtlSeconds: 2 * DAY });
});
