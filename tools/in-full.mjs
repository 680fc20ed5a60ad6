import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/**
 * Runs in full what `npm test` runs in short.
 *
 * @param {string} test a test file
 */
export async function inFull(test) {
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  const child = spawn(process.execPath, [vitest, "run", test], {
    cwd: root,
    env: { ...process.env, SIGNET_PROOF: "full" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`run ${test} with SIGNET_PROOF=full`);
}
