import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amount } from "../contracts/matrix.js";
import { playCloud } from "./cloud/cloud-world.js";
import { cloudStories, fullCloudStories } from "./cloud/stories.js";

/** Some known ones in `npm test`; `npm run proof:rotation` plays new ones, by the thousand. */
const RUNS = Number(process.env.SIGNET_PROOF_RUNS ?? amount(2, 5));
const SEED = Number(process.env.SIGNET_PROOF_SEED ?? 1);

describe("in AWS, with stale and partial lists, hands from outside, denials and throttles", () => {
  it(`no token is refused and no key in use is lost, in ${RUNS} stories`, { timeout: 3_600_000 }, async () => {
    let tokens = 0;
    const play = async (story: Parameters<typeof playCloud>[0]): Promise<void> => {
      tokens += (await playCloud(story)).tokens;
    };
    await fc.assert(fc.asyncProperty(fc.oneof(cloudStories, fullCloudStories), play), { numRuns: RUNS, seed: SEED });
    expect(tokens).toBeGreaterThan(RUNS);
  });
});
