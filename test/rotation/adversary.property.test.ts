import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amount } from "../contracts/matrix.js";
import { stories, storiesByUpload } from "./world/stories.js";
import { play } from "./world/world.js";

/** Some known ones in `npm test`; `npm run proof:rotation` plays new ones, by the thousand. */
const RUNS = Number(process.env.SIGNET_PROOF_RUNS ?? amount(8, 40));
const SEED = Number(process.env.SIGNET_PROOF_SEED ?? 1);

describe("whatever crashes, sleeps, lies or comes late", () => {
  it.each([
    ["no token is broken and nothing is left behind", stories],
    ["where keys are uploaded none is let sign before a person has said that it was", storiesByUpload],
  ])(`%s, in ${RUNS} stories`, { timeout: 3_600_000 }, async (_promise, all) => {
    let tokens = 0;
    let calls = 0;
    await fc.assert(
      fc.asyncProperty(all, async (story) => {
        const played = await play(story);
        tokens += played.tokens;
        calls += played.calls;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect(calls).toBeGreaterThan(RUNS);
    expect(tokens).toBeGreaterThan(RUNS);
  });
});
