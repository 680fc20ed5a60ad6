/**
 * Tries the verifier against other libraries and against a JWKS server that fails, and the authorizer that ships on Lambda's Runtime API.
 *
 *   node tools/prove-verifier.mjs                  100,000 tokens, some minutes
 *   node tools/prove-verifier.mjs --short          10,000 tokens
 *   node tools/prove-verifier.mjs --seed 7         the same tokens again
 */
import { parseArgs } from "node:util";
import { installPeers } from "../bench/peers.mjs";
import { inFull } from "./in-full.mjs";

const { values } = parseArgs({ options: { short: { type: "boolean" }, seed: { type: "string" } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const count = values.short ? 10_000 : 100_000;

installPeers();
const { authorizers } = await import("./verifier/authorizers.mjs");
const { differ } = await import("./verifier/differ.mjs");
const { faults } = await import("./verifier/faults.mjs");

let passed = 0;
let failed = 0;
function check(what, isRight, seen) {
  if (isRight) passed += 1;
  else failed += 1;
  console.log(`${isRight ? "ok" : "NOT SO"}: ${what}${isRight ? "" : `: ${JSON.stringify(seen)}`}`);
}

console.log(`seed ${seed}`);
await differ({ count, seed, check });
await faults({ check });
await authorizers({ check });
if (!values.short) await inFull("test/verify/web.test.ts");
console.log(`\n${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
