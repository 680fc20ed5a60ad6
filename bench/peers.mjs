/** The packages that only the benchmarks need, in their own folder. */
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("./", import.meta.url));

/** Installs them on the first run, and when they have changed. */
export function installPeers() {
  const installed = `${here}node_modules/.package-lock.json`;
  const isFresh = existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${here}package-lock.json`).mtimeMs;
  if (isFresh) return;
  process.stderr.write("installing what the benchmarks compare with\n");
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: here,
    stdio: ["ignore", "ignore", "inherit"],
  });
}
