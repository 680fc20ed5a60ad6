/**
 * Proves the console's page in a real browser: every path of it, by keys alone too, what axe says of it by WCAG 2.2 AA, light and dark, from 320
 * pixels to 4k; and what pages of others get from it. Build first; needs chromium (CHROMIUM names another one).
 *
 *   node tools/prove-console.mjs [--pictures FOLDER]
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("console/", import.meta.url));
const at = process.argv.indexOf("--pictures");

let passed = 0;
let failed = 0;
/** @param {boolean} isRight @param {string} what @param {unknown} [seen] */
function check(isRight, what, seen) {
  if (isRight) passed += 1;
  else {
    failed += 1;
    console.log(`not so: ${what}${seen === undefined ? "" : `: ${JSON.stringify(seen)}`}`);
  }
}

execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder, stdio: "ignore" });
// What runs in a browser has the browser's types: it is no part of what the tools are checked as.
const { walk } = await import(new URL("console/walk.mjs", import.meta.url).href);
await walk(check, at < 0 ? undefined : process.argv[at + 1]);

console.log(`\n${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
