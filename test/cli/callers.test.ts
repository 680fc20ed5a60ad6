import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { isSecret } from "../../src/issue/caller-secret.js";
import { amount } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet, signetProcess } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";

const scratch = scratchDirectories();
const folder = issuerFolders(scratch, ["--issuer", "https://issuer.example"]);
let cwd: string;

beforeEach(async () => {
  cwd = await folder();
});

const run = (...args: string[]) => signet(["callers", ...args], { cwd });
const config = async () =>
  JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")) as {
    callers?: Record<string, { secrets: { expiresAt?: number }[]; may?: string[] }>;
  };

describe("signet callers", () => {
  it("adds a caller, whose secret is shown once and kept as a digest", async () => {
    const { stdout, stderr, code } = await run("add", "web", "--expires", "90d");
    const secret = stdout.trim();
    expect(code).toBe(0);
    expect(isSecret(secret)).toBe(true);
    expect(isSecret(secret.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).toBe(false);
    expect(stderr).not.toContain(secret);
    expect(await readFile(join(cwd, "signet.json"), "utf8")).not.toContain(secret.slice(8, 40));
    expect((await run("list")).stdout).toMatch(/web +made .*, expires in (90 days|89 days 23 hours)/);
    expect((await run("list", "--json")).stdout).not.toContain("sha256");
  });

  it("adds a caller that may read metrics alone, and shows so", async () => {
    const { code } = await run("add", "prom", "--may", "metrics");
    expect(code).toBe(0);
    expect((await config()).callers?.prom).toMatchObject({ may: ["metrics"], secrets: [{}] });
    expect((await run("list")).stdout).toMatch(/prom .* not yet +may read metrics alone/);
    const wrong = await run("add", "other", "--may", "metrics,mint");
    expect([wrong.code, wrong.stderr]).toStrictEqual([
      2,
      expect.stringContaining('--may takes issue, metrics, with commas between them, and not "mint"'),
    ]);
  });

  it("shows when a server has recognised each last, and forgets it with the caller", async () => {
    await run("add", "web");
    const folder = join(cwd, ".signet", "callers");
    await mkdir(folder);
    await writeFile(join(folder, "web"), "");
    const then = Date.now() / 1_000 - 7_200;
    await utimes(join(folder, "web"), then, then);
    expect((await run("list")).stdout).toMatch(/web .* 2 hours ago/);
    const { callers } = JSON.parse((await run("list", "--json")).stdout) as { callers: { lastUsedAt: number | null }[] };
    expect(callers[0]?.lastUsedAt).toBe(Math.floor(then));
    await run("remove", "web", "--yes");
    await run("add", "web");
    expect((await run("list")).stdout).toMatch(/web .* not yet/);
  });

  it("lists callers also where it cannot be known when they were used", async () => {
    await run("add", "web");
    await writeFile(join(cwd, ".signet", "callers"), "");
    const shown = await run("list");
    expect([shown.code, shown.stdout]).toStrictEqual([0, expect.stringMatching(/web .* not known/)]);
    expect(shown.stderr).toContain("warning: when callers were used last cannot be read");
    const json = await run("list", "--json");
    expect([json.code, JSON.parse(json.stdout)]).toMatchObject([0, { callers: [{ name: "web", lastUsedAt: null }] }]);
  });

  it("keeps the rest of the config, its order included, and writes nothing that could not be read", async () => {
    const before = Object.keys(await config());
    await run("add", "web");
    expect(Object.keys(await config())).toStrictEqual([...before, "callers"]);
    await writeFile(join(cwd, "limits.json"), '{"maxTtlSecond": 5}');
    const wrong = await run("add", "other", "--limits", "limits.json");
    const slip = "--limits limits.json: maxTtlSecond is not a member that signet knows (did you mean maxTtlSeconds?)";
    expect([wrong.code, wrong.stderr]).toStrictEqual([1, `signet: ${slip}\n`]);
    expect(Object.keys((await config()).callers ?? {})).toStrictEqual(["web"]);
  });

  it("lets two secrets overlap, and ends the old one at once when told", async () => {
    await run("add", "web");
    await run("rotate", "web", "--overlap", "2h");
    expect((await config()).callers?.web?.secrets.map(({ expiresAt }) => expiresAt !== undefined)).toStrictEqual([true, false]);
    await run("rotate", "web", "--overlap", "0");
    expect((await config()).callers?.web?.secrets).toHaveLength(1);
  });

  it("loses no caller when many are added at once", async () => {
    const names = Array.from({ length: amount(4, 8) }, (_, index) => `c${index}`);
    const ran = await Promise.all(names.map((name) => signetProcess(["callers", "add", name], { cwd })));
    expect(ran.map(({ code }) => code)).toStrictEqual(names.map(() => 0));
    expect(Object.keys((await config()).callers ?? {}).sort()).toStrictEqual(names);
  });

  it.each([
    [["add", "web"], 1, "rotate web"],
    [["add", "1"], 2, "letters, digits"],
    [["add", "a b"], 2, "letters, digits"],
    [["add", "__proto__"], 2, "letters, digits"],
    [["rotate", "nobody"], 1, "there is no caller nobody"],
    [["rotate", "constructor"], 1, "there is no caller constructor"],
    [["remove", "nobody", "--yes"], 1, "there is no caller nobody"],
    [["remove", "web"], 2, "--yes"],
    [["add", "x", "--expires", "soon"], 2, "--expires must be a duration"],
    [["add", "x", "--limits", "nowhere.json"], 2, "cannot be read"],
    [["add", "constructor"], 2, "a word such as constructor"],
    [["add", "__proto__"], 2, "a caller's name has letters"],
    [["remove", "toString", "--yes"], 1, "there is no caller toString"],
  ])("answers %j with exit code %i and what to do", async (args, code, words) => {
    await run("add", "web");
    const ran = await run(...args);
    expect([ran.code, ran.stdout, ran.stderr]).toStrictEqual([code, "", expect.stringContaining(words)]);
    expect(Object.keys((await config()).callers ?? {})).toStrictEqual(["web"]);
  });
});
