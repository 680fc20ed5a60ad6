/**
 * One way of issuing or verifying, alone in a process as it is in somebody's service: what other libraries leave behind in a process (shapes
 * that a function has seen, a heap) is their users' alone. Started by in-process.mjs on the Node that is measured; speaks as the programs in
 * other languages do: JSON lines in, JSON lines out.
 */
import { createInterface } from "node:readline";
import { fixture } from "./fixture.mjs";
import { ISSUING } from "./issuers.mjs";
import { VERIFYING } from "./verifiers.mjs";

const [task, name] = process.argv.slice(2);
/** @type {Record<string, (job: any) => unknown>} */
const WORK = {
  async prepare({ alg, privatePem, tokens }) {
    const keys = fixture(alg, privatePem);
    contestant = task === "issue" ? await ISSUING[name](keys) : VERIFYING[name](keys, tokens);
    return { version: process.version };
  },
  issue: timed,
  verify: timed,
  accepts: async ({ token }) => {
    const accepted = await Promise.resolve(token)
      .then(contestant.accepts)
      .then(
        () => true,
        () => false,
      );
    return { accepted };
  },
};
/** @type {any} */
let contestant;

async function timed({ count }) {
  const microseconds = await contestant.run(count);
  // One is asked for where the token is looked at.
  return count === 1 ? { microseconds, token: await contestant.sample?.() } : { microseconds };
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  const reply = await Promise.resolve(job)
    .then(WORK[job.op])
    .catch((error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
