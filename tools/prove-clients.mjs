/**
 * OAuth and MCP clients as they are, in four languages, get tokens from a server of ours, and know its issuer's URL alone.
 *
 *   node tools/prove-clients.mjs
 *
 * Installs what it needs below test/witnesses/. A toolchain that the machine lacks is named and skipped; with CI=true that fails.
 */
import { tryClients } from "../test/witnesses/clients.mjs";
import { prepare } from "../test/witnesses/toolchains.mjs";

const failures = [];
const usable = new Set();
const names = ["node", "python", "go", "java"];
const missing = await Promise.all(names.map((name) => prepare(name)));
for (const [at, name] of names.entries()) {
  if (missing[at] === undefined) usable.add(name);
  else {
    console.log(`skipped: ${missing[at]} not found`);
    if (process.env.CI === "true") failures.push(`skipped in CI: ${missing[at]} not found`);
  }
}
const found = await tryClients(usable);
failures.push(...found.failures);
for (const failure of failures) console.log(`FAILED: ${failure}`);
console.log(`\n${found.passed} passed, ${failures.length} failed`);
if (failures.length > 0) process.exitCode = 1;
