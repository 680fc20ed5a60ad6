import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CUSTODIES } from "../../src/custody/registry.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const program = fileURLToPath(new URL("../custody/programs/signer.mjs", import.meta.url));
const PASSPHRASE = { SIGNET_PASSPHRASE: "correct horse battery" };
const plain = CUSTODIES.filter(({ takesPassphrase }) => takesPassphrase !== true).map(({ name }) => name);
const mine = (cwd: string) => JSON.stringify([program, join(cwd, "store")]);
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  aws = await startFakeAws();
});
afterAll(() => aws.close());

describe("a passphrase that would encrypt nothing", () => {
  it.each(plain)("is refused where a flag asks for it, and nothing is made: %s", async (custody) => {
    const cwd = await scratch();
    const more = custody === "command" ? ["--command", mine(cwd), "--command-signs"] : [];
    const wraps = custody === "kms-data-key" ? ["--kms-key", "alias/a"] : [];
    for (const flag of [["--passphrase"], ["--passphrase-file", "pass"]]) {
      const ran = await signet(["init", "--custody", custody, ...more, ...wraps, ...flag], { cwd, env: aws.env });
      expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`the custody ${custody} takes no passphrase`) });
      expect(ran.stderr).toContain(`${flag[0]} would encrypt nothing`);
    }
    expect(await readdir(cwd)).toStrictEqual([]);
  });

  it.each([PASSPHRASE, { SIGNET_PASSPHRASE_FILE: "pass" }])(
    "is told in one line where the environment names it: %j",
    async (named) => {
      const cwd = await scratch();
      const ran = await signet(["init", "--custody", "kms"], { cwd, env: { ...aws.env, ...named } });
      expect(ran, ran.stderr).toMatchObject({ code: 0 });
      const line = `warning: ${Object.keys(named)[0]} encrypts nothing here: the custody kms takes no passphrase\n`;
      expect(ran.stderr.split(line)).toHaveLength(2);
      expect(ran.stderr).not.toContain("under your passphrase");
      expect(JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"))).not.toHaveProperty("passphraseFile");
    },
  );
});

describe("the flag of a custodian that does not hold the keys", () => {
  it.each([
    ["--command", "/bin/true"],
    ["--command-timeout-seconds", "5"],
  ])("is refused, and nothing is made: %s", async (...flag) => {
    const cwd = await scratch();
    const ran = await signet(["init", ...flag], { cwd });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`${flag[0]} is for the custody command`) });
    expect(await readdir(cwd)).toStrictEqual([]);
  });
});

describe("keys that move from files to a program", () => {
  async function moving(env: Record<string, string>, ...args: string[]) {
    const cwd = await scratch();
    expect(await signet(["init"], { cwd, env })).toMatchObject({ code: 0 });
    const path = join(cwd, "signet.json");
    const config = JSON.parse(await readFile(path, "utf8"));
    const command = { program: [program, join(cwd, "store")], signs: true, timeoutSeconds: 300 };
    await writeFile(path, JSON.stringify({ ...config, command, ...(args.includes("apply") && { custody: "command" }) }));
    return signet(["keys", ...args], { cwd, env });
  }
  const loss = "warning: the new keys are NOT encrypted under your passphrase: the custody command takes none\n";

  it.each([["migrate", "--custody", "command"], ["apply"]])(
    "are said to be encrypted no longer, before it is done: %o",
    async (...args) => {
      const { code, stderr } = await moving(PASSPHRASE, ...args, "--dry-run");
      expect({ code, stderr }).toStrictEqual({ code: 0, stderr: expect.stringContaining(loss) });
    },
  );

  it("cost nothing in AWS, and are said to be what they are", async () => {
    const { code, stderr } = await moving({}, "migrate", "--custody", "command", "--dry-run");
    expect(code).toBe(0);
    expect(stderr).toContain("From file to command. New:\n  two keys, kept by your program: one signs, one stands by\n");
    expect(stderr).not.toMatch(/AWS|\$|NOT encrypted/);
  });
});
