import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { signet } from "./command.js";

const scratch = scratchDirectories();
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  aws = await startFakeAws();
});

afterAll(() => aws.close());

async function made(...args: string[]) {
  const cwd = await scratch();
  const run = (words: readonly string[], more: Record<string, string> = {}) =>
    signet(words, { cwd, env: { ...aws.env, ...more } });
  const ran = await run(["init", "--issuer", "https://issuer.example", ...args]);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  const config = async () => JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"));
  const keys = async () =>
    JSON.parse((await run(["keys", "list", "--json"])).stdout).keys as { custody: string; state: string }[];
  return { run, config, keys };
}

describe("signet keys migrate --custody", () => {
  let untouched: ReturnType<typeof made> | undefined;

  it("asks for a rotation out of files into AWS: the new standby is published, the old key signs on", async () => {
    const { run, config, keys } = await made();
    const before = decodeProtectedHeader((await run(["issue"])).stdout.trim()).kid;
    const preview = await run(["keys", "migrate", "--custody", "kms", "--dry-run"]);
    expect(preview).toMatchObject({ code: 0, stderr: expect.stringContaining("two KMS keys") });
    expect(await config()).not.toHaveProperty("custody");
    const ran = await run(["keys", "migrate", "--custody", "kms"]);
    expect(ran, ran.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/restart every `signet serve` before 20\d\d-/),
    });
    expect(await config()).toMatchObject({ custody: "kms", aws: { installation: expect.stringMatching(/^issuer-example-/) } });
    expect((await keys()).map(({ custody, state }) => `${custody} ${state}`).sort()).toStrictEqual([
      "file active",
      "file pending",
      "kms pending",
      "kms pending",
    ]);
    const token = (await run(["issue"])).stdout.trim();
    expect(decodeProtectedHeader(token).kid).toBe(before);
    expect(await run(["verify", token])).toMatchObject({ code: 0 });
    expect(await run(["keys", "repair"])).toMatchObject({ code: 0, stderr: expect.stringContaining("everything is as") });
  });

  it("is not done by a changed config alone, and both custodians stay in reach", async () => {
    const { run, config, keys } = await made("--custody", "parameter-store");
    const hand = { SIGNET_CUSTODY: "kms" };
    const ticked = await run(["keys", "tick"], hand);
    expect(ticked).toMatchObject({ code: 0, stderr: expect.stringContaining("signet keys apply") });
    expect(await keys()).toHaveLength(2);
    expect(await run(["issue"], hand)).toMatchObject({ code: 0 });
    expect(await run(["keys", "migrate", "--custody", "secrets-manager"], hand)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("SIGNET_CUSTODY is kms"),
    });
    expect((await config()).custody).toBe("parameter-store");
  });

  it.each([
    [["--custody", "file"], "do not move back"],
    [["--custody", "kmz"], "kms"],
    [["--custody", "kms", "--region", "us-east-1"], "do not move between regions"],
    [["--custody", "kms-data-key"], "--kms-key"],
    [["--kms-key", "alias/a"], "--custody"],
    [["--custody", "kms", "--algorithm", "RS256"], "--verifiers-accept"],
  ])("%o is refused, with nothing changed", async (args, words) => {
    untouched ??= made("--custody", "parameter-store");
    const { run, config } = await untouched;
    const before = await config();
    const ran = await run(["keys", "migrate", ...args]);
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain(words);
    expect(await config()).toStrictEqual(before);
  });
});
