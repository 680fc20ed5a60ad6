/**
 * Proves the life of a key on the built command, in real processes: thirty days of ticks, a load that never stops, managers that
 * start together, and kills in the middle of every action. Build first.
 *
 *   node tools/prove-commands.mjs [--short] [--only NAME]   NAME: thirty-days, under-load, together, killed
 */
import { killed } from "../test/rotation/processes/killed.mjs";
import { underLoad } from "../test/rotation/processes/load.mjs";
import { thirtyDays } from "../test/rotation/processes/thirty-days.mjs";
import { together } from "../test/rotation/processes/together.mjs";

const PROOFS = { "thirty-days": thirtyDays, "under-load": underLoad, together, killed };

const isShort = process.argv.includes("--short");
const at = process.argv.indexOf("--only");
const only = at < 0 ? Object.keys(PROOFS) : [process.argv[at + 1]];
for (const name of only) {
  const prove = PROOFS[name];
  if (prove === undefined) throw new Error(`there is no proof ${name}`);
  const began = performance.now();
  try {
    const words = await prove({ isShort });
    console.log(`${name}: ${words} (${Math.round((performance.now() - began) / 1_000)} s)`);
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    process.exitCode = 1;
  }
}
