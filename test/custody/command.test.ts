import { chmod, chown, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { checkConfig } from "../../src/config/load.js";
import { create } from "../../src/custody/command/index.js";
import type { Custodian } from "../../src/custody/contract.js";
import { hasEnded } from "../contracts/ended.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";

const scratch = scratchDirectories();
const es256 = algorithmNamed("ES256");
const SIGNING = { do: "sign" };

/** A program that does what these lines say: `request` is what it was asked, `answer(object)` answers. */
async function program(lines: string): Promise<{ path: string; folder: string }> {
  const folder = await scratch();
  const path = join(folder, "keys.mjs");
  const head = [
    `#!${process.execPath}`,
    'import { spawn } from "node:child_process";',
    'import { readFileSync, writeFileSync } from "node:fs";',
    'const request = JSON.parse(readFileSync(0, "utf8"));',
    "const answer = (object) => process.stdout.write(JSON.stringify(object));",
  ];
  await writeFile(path, [...head, lines].join("\n"), { mode: 0o700 });
  return { path, folder };
}

async function custodian(lines: string, settings: object = {}, env: Record<string, string> = {}): Promise<Custodian> {
  const { path, folder } = await program(lines);
  const all = { program: [path, folder], signs: false, timeoutSeconds: 300, ...settings };
  return create({ directory: folder, settings: all, env: { PATH: process.env.PATH ?? "", ...env } });
}

const listed = async (found: Custodian) => {
  const names: string[] = [];
  for await (const name of found.list()) names.push(name);
  return names;
};

describe("a program that keeps keys", () => {
  it.each([
    ["says nothing", "", "is not one JSON object"],
    ["says something else", "process.stdout.write('ok');", "is not one JSON object"],
    ["says two things", "answer({ ids: [] }); answer({ ids: [] });", "is not one JSON object"],
    ["answers a list", "answer([]);", "is not one JSON object"],
    ["answers a part", `process.stdout.write('{"ids": ["a"');`, "is not one JSON object"],
    ["answers a member that is not known", "answer({ ids: [], more: 1 });", "a member that is not known"],
    ["answers a member twice", `process.stdout.write('{"ids": [], "ids": ["a"]}');`, "is not one JSON object"],
    ["answers too little", "answer({});", "ids must be a list of texts"],
    ["answers other than texts", "answer({ ids: [1] });", "ids must be a list of texts"],
    [
      "answers for ever",
      "const more = () => process.stdout.write('a'.repeat(65536), more); more();",
      "answered more than 1048576 bytes",
    ],
  ])("is not believed where it %s, though it ends with 0", async (_, lines, words) => {
    await expect(listed(await custodian(lines))).rejects.toMatchObject({
      code: "custodian_failed",
      message: expect.stringContaining(words),
    });
  });

  it("fails with what it wrote to stderr, on one line that no terminal obeys, and not more of it than can be read", async () => {
    const found = await custodian("process.stderr.write('\\u001b[2Jno vault\\n' + 'x'.repeat(100000)); process.exitCode = 7;");
    const error = (await listed(found).catch((cause: Error) => cause)) as Error;
    expect(error).toMatchObject({ code: "custodian_failed" });
    expect(error.message).toContain("failed (exit 7): \\u001b[2Jno vault\\u000a");
    expect(error.message.length).toBeLessThan(2_500);
  });

  it("tells nobody of a key that it writes to stderr, however it wraps it, and gets none as an argument", async () => {
    const found = await custodian(`
      writeFileSync(process.argv[2] + "/argv", JSON.stringify(process.argv));
      if (request.do === "get") answer({ value: null });
      else { process.stderr.write("failed on " + JSON.parse(request.value).pkcs8.replace(/(.{64})/g, "$1\\n")); process.exit(1); }`);
    const error = (await found.create("a", es256).catch((cause: Error) => cause)) as Error;
    expect(error.message).toContain("is not shown");
    expect(error.message).not.toMatch(/MIG|[A-Za-z0-9+/]{20}/);
  });

  it("never gets a request as an argument, and of the environment what it needs and what the config names", async () => {
    const { path, folder } = await program(
      `writeFileSync(process.argv[2] + "/seen", JSON.stringify([process.argv.slice(2), Object.keys(process.env), process.cwd()]));
       answer({ ids: [] });`,
    );
    const env = { PATH: process.env.PATH ?? "", HOME: "/x", VAULT: "v", SIGNET_PASSPHRASE: "s", AWS_SECRET_ACCESS_KEY: "k" };
    const settings = { program: [path, folder], signs: false, timeoutSeconds: 300, environment: ["VAULT"] };
    await listed(create({ directory: folder, settings, env }));
    const [args, names, cwd] = JSON.parse(await readFile(join(folder, "seen"), "utf8"));
    expect([args, cwd]).toStrictEqual([[folder], "/"]);
    expect(names.filter((name: string) => name !== "__CF_USER_TEXT_ENCODING").sort()).toStrictEqual(["HOME", "PATH", "VAULT"]);
  });

  it("is killed at its time limit, with what it has started, though it is frozen", async () => {
    const { path, folder } = await program(
      `const child = spawn(process.execPath, ["-e", "require('node:net').createServer().listen(0)"], { stdio: "ignore" });
       writeFileSync(process.argv[2] + "/pids", JSON.stringify([process.pid, child.pid]));
       process.kill(process.pid, "SIGSTOP");`,
    );
    const settings = { program: [path, folder], signs: false, timeoutSeconds: 5 };
    const found = create({ directory: folder, settings, env: { PATH: process.env.PATH ?? "" } });
    await expect(listed(found)).rejects.toThrow(/did not end within 5 seconds, and was killed/);
    // A machine that is too slow to have started it has nothing to kill.
    const pids = await readFile(join(folder, "pids"), "utf8").then(
      (text) => JSON.parse(text) as number[],
      () => [],
    );
    for (const pid of pids) await until("the end of all that it started", () => hasEnded(pid));
  });

  it("leaves nothing running behind an answer", async () => {
    const { path, folder } = await program(
      `const child = spawn(process.execPath, ["-e", "require('node:net').createServer().listen(0)"], { stdio: "ignore" });
       child.unref();
       writeFileSync(process.argv[2] + "/pid", String(child.pid));
       answer({ ids: [] });`,
    );
    const env = { PATH: process.env.PATH ?? "" };
    const settings = { program: [path, folder], signs: false, timeoutSeconds: 300 };
    await listed(create({ directory: folder, settings, env }));
    const pid = Number(await readFile(join(folder, "pid"), "utf8"));
    await until("the end of its child", () => hasEnded(pid));
  });

  it.runIf(process.platform !== "win32")(
    "goes on where something else handles the signal; nothing listens after it",
    async () => {
      const { path, folder } = await program(
        `import { existsSync } from "node:fs";
       writeFileSync(process.argv[2] + "/begun", "");
       while (!existsSync(process.argv[2] + "/released")) await new Promise((turn) => setImmediate(turn));
       answer({ ids: ["a"] });`,
      );
      const settings = { program: [path, folder], signs: false, timeoutSeconds: 300 };
      const listeners = () => ["exit", "SIGINT", "SIGTERM", "SIGHUP"].map((event) => process.listenerCount(event));
      const before = listeners();
      const handled: string[] = [];
      process.once("SIGTERM", (signal) => void handled.push(signal));
      const custodians = [1, 2].map(() => create({ directory: folder, settings, env: { PATH: process.env.PATH ?? "" } }));
      const answers = custodians.map((found) => listed(found));
      await until("it runs", async () => (await readFile(join(folder, "begun")).catch(() => undefined)) !== undefined);
      process.emit("SIGTERM", "SIGTERM");
      expect(handled).toStrictEqual(["SIGTERM"]);
      expect(listeners()).toStrictEqual(before.map((count) => count + 1));
      await writeFile(join(folder, "released"), "");
      expect(await Promise.all(answers)).toStrictEqual([["a"], ["a"]]);
      expect(listeners()).toStrictEqual(before);
    },
  );

  it("lists ids; names that are none are passed over", async () => {
    expect(await listed(await custodian(`answer({ ids: ["a", "../b", "c d", "e_1"] });`))).toStrictEqual(["a", "e_1"]);
  });

  it("says that a key is gone by null alone: nothing follows from a list, nor from a failure", async () => {
    const failing = await custodian("process.exitCode = 1;");
    await expect(failing.material("a")).rejects.toMatchObject({ code: "custodian_failed" });
    const empty = await custodian("answer({ value: null });");
    await expect(empty.material("a")).rejects.toMatchObject({ code: "key_not_found" });
    await expect(empty.material("../a")).rejects.toMatchObject({ code: "invalid_key" });
  });

  it("is asked again after it has erased, and not believed where the key is still there", async () => {
    const lying = await custodian(`
      const publicJwk = { kid: "k" };
      answer(request.do === "erase" ? {} : { value: JSON.stringify({ pkcs8: "AA==", publicJwk }) });`);
    await expect(lying.destroy("a")).rejects.toThrow(/said that it erased a, but still has it/);
  });

  it("that other users can write, that is not there, or that is named by a relative path is not run", async () => {
    const { path, folder } = await program("answer({ ids: [] });");
    const run = (...words: string[]) => {
      const settings = { program: words, signs: false, timeoutSeconds: 300 };
      return listed(create({ directory: folder, settings, env: { PATH: folder } }));
    };
    expect(await run("keys.mjs")).toStrictEqual([]);
    await expect(run("./keys.mjs")).rejects.toThrow(/is a relative path: give an absolute one/);
    await expect(run("no-such-program")).rejects.toThrow(/is not in PATH/);
    await expect(run(`${path}.not`)).rejects.toThrow(/is not there/);
    await expect(run(folder)).rejects.toThrow(/is not a file/);
    await chmod(path, 0o722);
    await expect(run(path)).rejects.toMatchObject({ code: "store_insecure", message: expect.stringContaining("chmod go-w") });
    await chmod(path, 0o600);
    await expect(run(path)).rejects.toThrow(/cannot be run: chmod u\+x/);
    await chmod(path, 0o700);
    await chmod(folder, 0o777);
    await expect(run(path)).rejects.toMatchObject({ code: "store_insecure", message: expect.stringContaining("chmod o-w") });
    await chmod(folder, 0o755);
    expect(await run(path)).toStrictEqual([]);
  });

  it.runIf(process.getuid?.() === 0)("that belongs to another user, or lies in another user's folder, is not run", async () => {
    const { path, folder } = await program("answer({ ids: [] });");
    const settings = { program: [path], signs: false, timeoutSeconds: 300 };
    const run = () => listed(create({ directory: folder, settings, env: { PATH: folder } }));
    await chown(path, 12_345, 12_345);
    await expect(run()).rejects.toMatchObject({ code: "store_insecure", message: expect.stringContaining("user 12345") });
    await chown(path, 0, 0);
    await chown(folder, 12_345, 12_345);
    await expect(run()).rejects.toMatchObject({ code: "store_insecure", message: expect.stringContaining("user 12345") });
  });
});

describe("a program that signs", () => {
  const MAKING = `
    import { createHash, generateKeyPairSync, sign } from "node:crypto";
    import { existsSync } from "node:fs";
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const file = process.argv[2] + "/key";
    if (!existsSync(file)) writeFileSync(file, publicKey.export({ format: "der", type: "spki" }).toString("base64"));
    if (request.do !== "sign") answer({ key: "k", publicKey: readFileSync(file, "utf8") });`;

  it("lets no wrong signature out: it is asked once more, then issuing fails", async () => {
    const found = await custodian(
      `${MAKING}
       if (request.do === "${SIGNING.do}") answer({ signature: Buffer.alloc(64, 1).toString("base64") });`,
      { signs: true },
    );
    const { kid, alg } = await found.create("a", es256);
    const signer = await found.open({ kid, alg, material: await found.material("a") });
    await expect(signer.sign("a.b")).rejects.toMatchObject({ code: "signature_unproven" });
  });

  it("is not believed with a key for another algorithm, or with half a key", async () => {
    const found = await custodian(MAKING, { signs: true });
    await expect(found.create("a", algorithmNamed("EdDSA"))).rejects.toMatchObject({ code: "key_mismatch" });
    const half = await custodian(`answer({ key: "k", publicKey: null });`, { signs: true });
    await expect(half.material("a")).rejects.toMatchObject({ code: "custodian_failed" });
  });

  it("runs at most eight at a time, whatever a batch asks for", async () => {
    const found = await custodian(
      `import { readdirSync, rmSync } from "node:fs";
       const mine = process.argv[2] + "/run-" + process.pid;
       writeFileSync(mine, "");
       const count = readdirSync(process.argv[2]).filter((name) => name.startsWith("run-")).length;
       rmSync(mine);
       answer({ ids: ["n" + count] });`,
    );
    const counts = await Promise.all(Array.from({ length: 20 }, () => listed(found)));
    for (const [name = "n99"] of counts) expect(Number(name.slice(1))).toBeLessThanOrEqual(8);
  });
});

describe("a config with the custody command", () => {
  const check = (members: object) => checkConfig(members, "/etc/signet/signet.json", { env: {} });

  it("needs the program, completes the rest, and knows every member", () => {
    expect(() => check({ custody: "command" })).toThrow(/the custody command needs the member command/);
    expect(() => check({ custody: "command", command: {} })).toThrow(/command\.program/);
    expect(() => check({ command: { program: ["a"], shell: true } })).toThrow(/command\.shell/);
    expect(() => check({ command: { program: ["a"], timeoutSeconds: 0 } })).toThrow(/timeoutSeconds/);
    expect(check({ custody: "command", command: { program: ["/bin/keys"] } })).toMatchObject({
      command: { program: ["/bin/keys"], signs: false, timeoutSeconds: 10 },
    });
  });
});
