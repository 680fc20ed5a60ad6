import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { createFileOnceStore } from "../../src/storage/file/once.js";
import { useNamed } from "../contracts/once-suite.js";
import { scratchDirectories } from "../contracts/scratch.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = fileURLToPath(new URL("./programs/use-once.mjs", import.meta.url));
const scratch = scratchDirectories();
const until = Math.floor(Date.now() / 1_000) + 300;
let bundle: string;

// A process of its own runs no TypeScript.
beforeAll(async () => {
  bundle = join(await scratch(), "once.mjs");
  const entry = join(root, "src/storage/file/once.ts");
  await build({ entryPoints: [entry], outfile: bundle, bundle: true, format: "esm", platform: "node", logLevel: "error" });
});

/** Processes that wait for "go", and what each has told of. */
async function started(directory: string, digests: readonly string[], count: number) {
  const children = Array.from({ length: count }, () => {
    const child = fork(program, [bundle, directory, ...digests]);
    const told: string[] = [];
    child.on("message", (digest: string) => told.push(digest));
    return { child, told, exit: once(child, "exit") };
  });
  await Promise.all(children.map(({ child }) => once(child, "message")));
  for (const { told } of children) told.length = 0;
  return children;
}

describe("processes that share a disk", () => {
  it("take each of a hundred uses once between them, and remember all of them after their end", async () => {
    const directory = join(await scratch(), "used");
    const digests = Array.from({ length: 100 }, (_, index) => useNamed(`${index}`));
    const racing = await started(directory, digests, 2);
    for (const { child } of racing) child.send("go");
    expect((await Promise.all(racing.map(({ exit }) => exit))).map(([code]) => code)).toStrictEqual([0, 0]);
    expect(racing.flatMap(({ told }) => told).sort()).toStrictEqual([...digests].sort());
    const store = createFileOnceStore(directory);
    for (const digest of digests) expect(await store.createOnce(digest, until, "ci")).toBe(false);
  });

  it("forget nothing that was answered when one of them is killed in the middle", async () => {
    const directory = join(await scratch(), "used");
    const digests = Array.from({ length: 400 }, (_, index) => useNamed(`${index}`));
    const [running] = (await started(directory, digests, 1)) as [
      { child: ChildProcess; told: string[]; exit: Promise<unknown[]> },
    ];
    const { child, told, exit } = running;
    child.on("message", () => told.length === 20 && child.kill("SIGKILL"));
    child.send("go");
    const [code, signal] = await exit;
    expect([code, signal]).toStrictEqual([null, "SIGKILL"]);
    expect(told.length).toBeGreaterThanOrEqual(20);
    const store = createFileOnceStore(directory);
    for (const digest of told) expect(await store.createOnce(digest, until, "ci")).toBe(false);
    // And what it never came to is as good as ever.
    expect(await store.createOnce(useNamed("after"), until, "ci")).toBe(true);
  });
});
