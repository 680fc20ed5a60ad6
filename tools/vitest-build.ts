import { execFileSync } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

/** The tests that need dist/. */
const NEEDS_BUILD = /^test\/(?:cli\/|deploy\/|house\/|custody\/registry\.test\.ts$)/;

/** Global set-up: tests that run the built command must see today's sources. Where no such test is run, nothing is built. */
export default function setup({ vitest }: TestProject): void {
  const root = fileURLToPath(new URL("../", import.meta.url));
  if (!vitest.state.getPaths().some((path) => NEEDS_BUILD.test(relative(root, path).replaceAll("\\", "/")))) return;
  execFileSync(process.execPath, ["tools/build.mjs", "--if-stale"], { cwd: root, stdio: "inherit" });
}
