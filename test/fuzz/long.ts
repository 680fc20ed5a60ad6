import { openSync, writeSync } from "node:fs";
import fc from "fast-check";
import { growthOf } from "./growth.js";
import { type Failure, keep, play } from "./play.js";
import { TARGETS } from "./targets/index.js";

/** What `tools/prove-fuzz.mjs` asks of the process that sends. */
interface Task {
  /** The file that says where it stands, before each input: one may end the process, or never end itself. */
  readonly place: string;
  readonly corpus: string;
  readonly only: string;
  readonly seed: number;
  readonly runs: number;
  readonly rounds: number;
  readonly milliseconds: number;
  readonly path?: string;
}

/** So many inputs of each round are made long as well. */
const GROWN = 6;
const MAX_TOLD = 4_000;

const { place, corpus, only, seed, runs, rounds, milliseconds, path } = JSON.parse(process.argv[2] ?? "") as Task;
const stands = openSync(place, "w");
const began = performance.now();
const chosen = TARGETS.filter(({ name }) => name.includes(only));
/** What has failed is not sent to again. */
const failed = new Set<string>();

function tell(message: { readonly failure?: Failure; readonly [name: string]: unknown }): void {
  if (message.failure !== undefined) failed.add(message.failure.target);
  process.send?.(message);
}

/** @returns what is told before each input: its target, seed and text */
function placeOf(target: string, ofRound: number, isLong: boolean): (input: unknown) => void {
  return (input) => {
    const words = `${isLong ? "made long: " : ""}${fc.stringify(input).slice(0, MAX_TOLD)}`;
    const text = JSON.stringify({ target, seed: ofRound, words });
    writeSync(stands, `${text}\n${" ".repeat(MAX_TOLD * 2)}`.slice(0, MAX_TOLD * 2), 0);
  };
}

async function round(number: number): Promise<void> {
  for (const target of chosen) {
    if (failed.has(target.name)) continue;
    if (number > 0 && performance.now() - began > milliseconds) return;
    const ofRound = (seed + number * 7_919) | 0;
    const share = Math.ceil(runs * (target.share ?? 1));
    const onRun = placeOf(target.name, ofRound, false);
    const failure = await play(target, { seed: ofRound, runs: share, path, onRun });
    if (failure !== undefined) tell({ failure, file: keep(corpus, failure) });
    // What is over a wire costs processor time of others as well.
    const grown = failure === undefined && target.share === undefined ? GROWN : 0;
    const onGrown = placeOf(target.name, ofRound, true);
    for (const [input, at] of fc.sample(fc.tuple(target.inputs, fc.nat(10_000)), { seed: ofRound, numRuns: grown })) {
      onGrown([at, input]);
      const words = await growthOf(target, input, at);
      if (words !== undefined) tell({ failure: { target: target.name, seed: ofRound, path: "", words } });
    }
    tell({ target: target.name, runs: share, grown });
  }
}

for (
  let number = 0;
  number < rounds && failed.size < chosen.length && (number === 0 || performance.now() - began < milliseconds);
  number++
)
  await round(number);
process.send?.({ done: true }, () => process.exit(0));
