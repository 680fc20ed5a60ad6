/**
 * Simulates a year of rotations under Signet's policy and under others, prints what breaks, and draws it.
 *
 *   node tools/simulate-rotation.mjs [--days N] [--seed N] [--svg FILE]   default: 365 days, docs/rotation.svg
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const DAY = 86_400;

/** @param {string} name @param {string} otherwise */
function option(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
}

const scratch = mkdtempSync(join(tmpdir(), "signet-simulation-"));
try {
  const outfile = join(scratch, "simulate.mjs");
  await build({
    entryPoints: [join(root, "test/rotation/simulation/simulate.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    logLevel: "warning",
  });
  const { simulate } = await import(pathToFileURL(outfile).href);
  const { runs, svg } = await simulate(Number(option("--days", "365")) * DAY, Number(option("--seed", "1")));
  for (const [{ name, note }, { tokens, checks, refused, revokedRefused }] of runs) {
    const share = `${((refused / checks) * 100).toFixed(3)} %`;
    console.log(
      `${name}: ${refused} of ${checks} checks refused (${share}), ${tokens} tokens; ${revokedRefused} of revoked keys`,
    );
    console.log(`  ${note}`);
  }
  writeFileSync(option("--svg", join(root, "docs/rotation.svg")), svg);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
