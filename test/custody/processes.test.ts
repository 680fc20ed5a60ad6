import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CUSTODIES } from "../../src/custody/registry.js";
import { scratchDirectories } from "../contracts/scratch.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = fileURLToPath(new URL("./programs/make-keys.mjs", import.meta.url));
const scratch = scratchDirectories();
const inFolders = CUSTODIES.flatMap((custody) => (custody.keyFolder === undefined || custody.needsAws ? [] : [custody]));
let bundles: string;

// A process of its own runs no TypeScript. Beside the modules, so that it finds them.
beforeAll(async () => {
  bundles = await mkdtemp(join(root, "node_modules/.custodians-"));
  await build({
    stdin: {
      contents: `import { algorithmNamed } from "./src/algorithms/table.js";
        export const algorithm = algorithmNamed("ES256");
        export const load = { ${inFolders.map(({ name }) => `"${name}": () => import("./src/custody/${name}/index.js")`)} };`,
      resolveDir: root,
    },
    outfile: join(bundles, "custodians.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    absWorkingDir: root,
  });
});
afterAll(() => rm(bundles, { recursive: true, force: true }));

// Modules keep what several instances share: only another process sees what it is worth.
describe("two processes that make and destroy keys in one folder at once", () => {
  it.each(inFolders)("lose none of them: $name", async (custody) => {
    const directory = join(await scratch(), "place");
    const words = ["one", "two"].map((who) => Array.from({ length: 6 }, (_, index) => `${who}-${index}`));
    const children = words.map((ids) => fork(program, [join(bundles, "custodians.mjs"), custody.name, directory, ...ids]));
    await Promise.all(children.map((child) => once(child, "message")));
    const ended = children.map((child) => once(child, "exit"));
    for (const child of children as ChildProcess[]) child.send("go");
    expect((await Promise.all(ended)).map(([code]) => code)).toStrictEqual([0, 0]);
    const { create } = await custody.load();
    const names: string[] = [];
    for await (const name of create({ directory, env: {} }).list()) names.push(name);
    expect(names.sort()).toStrictEqual(words.flatMap((ids) => ids.slice(1)).sort());
  });
});
