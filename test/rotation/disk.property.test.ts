import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { playDisk } from "./disk/disk-world.js";
import { diskStories } from "./disk/stories.js";

/** A known one in `npm test`; `npm run proof:rotation` plays new ones, by the thousand. */
const RUNS = Number(process.env.SIGNET_PROOF_RUNS ?? 1);
const SEED = Number(process.env.SIGNET_PROOF_SEED ?? 4);

describe("on files, with disks that fill and fail, power cuts, two containers, copies and hands from outside", () => {
  it(`no token is refused and no key in use is lost (stories: ${RUNS})`, { timeout: 3_600_000 }, async () => {
    let tokens = 0;
    const play = async (story: Parameters<typeof playDisk>[0]): Promise<void> => {
      tokens += (await playDisk(story)).tokens;
    };
    await fc.assert(fc.asyncProperty(diskStories, play), { numRuns: RUNS, seed: SEED });
    expect(tokens).toBeGreaterThan(RUNS);
  });

  it("a dead process's socket that a failing disk keeps is told, and goes later", { timeout: 600_000 }, async () => {
    const found = {
      isEncrypted: false,
      managers: [0, -299, -299],
      issuerSkewSeconds: -300,
      founding: [
        { call: 70, kind: "fills", seconds: 60 },
        { call: 61, kind: "EIO", seconds: 60 },
      ],
      steps: [
        { do: "hand", hand: "delete-standby", pick: 0 },
        { do: "backup" },
        { do: "revoke", manager: 0, which: 0 },
        { do: "wait", seconds: 60 },
      ],
      luck: 0,
    } as const;
    expect((await playDisk(found)).tokens).toBeGreaterThan(0);
  });
});
