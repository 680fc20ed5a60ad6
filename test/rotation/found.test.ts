import { describe, it } from "vitest";
import type { IssuerTraits } from "./world/issuers.js";
import { play, type Story } from "./world/world.js";

const issuer: IssuerTraits = { skewSeconds: -300, everySeconds: 900, failsEvery: 0, lateSeconds: 0, frozenSeconds: 0 };
const quiet = { managers: [0, -300, -300], issuers: [issuer], fates: [], tickEverySeconds: 21_600 };

/** Stories that broke a promise once: each is kept under what was wrong then. */
const FOUND: readonly (readonly [string, Story])[] = [
  [
    "a clock that is set back in the middle of a run dates no publication before it happened",
    {
      ...quiet,
      place: "files",
      tickEverySeconds: 39_600,
      steps: [
        { do: "wait", seconds: 162_300 },
        { do: "rotate", manager: 2 },
        { do: "jump", manager: 2, seconds: 122_402 },
        { do: "tick", manager: 0 },
        { do: "wait", seconds: 1 },
        { do: "tick", manager: 0 },
        { do: "tick", manager: 0 },
      ],
      fates: [[46, { kind: "crash-after", delaySeconds: 30_162 }]],
    },
  ],
  [
    "a crash between the confirmation and the end of the custodian's own copy leaves no second copy",
    {
      ...quiet,
      place: "services",
      tickEverySeconds: 10_800,
      steps: [
        { do: "wait", seconds: 2 },
        { do: "crash", manager: 0 },
        { do: "wait", seconds: 898 },
        { do: "apply", manager: 0, settings: 4 },
        { do: "tick", manager: 0 },
      ],
      fates: [[46, { kind: "crash-before", delaySeconds: 300 }]],
    },
  ],
  [
    "a clock that jumps ahead in the middle of a run does not hold the lease for days",
    {
      ...quiet,
      place: "services",
      steps: [
        { do: "wait", seconds: 66_262 },
        { do: "wait", seconds: 202_127 },
        { do: "tick", manager: 0 },
        { do: "revoke", manager: 0, which: 0 },
        { do: "crash", manager: 0 },
        { do: "wait", seconds: 206_809 },
        { do: "tick", manager: 0 },
        { do: "crash", manager: 0 },
        { do: "revoke", manager: 1, which: 0 },
        { do: "jump", manager: 1, seconds: 689_446 },
        { do: "wait", seconds: 1 },
      ],
      fates: [
        [14, { kind: "crash-before", delaySeconds: 50_665 }],
        [52, { kind: "late", delaySeconds: 117 }],
        [64, { kind: "refused", delaySeconds: 193 }],
        [88, { kind: "stale", delaySeconds: 160 }],
        [191, { kind: "crash-before", delaySeconds: 22 }],
        [358, { kind: "late", delaySeconds: 12_921 }],
        [426, { kind: "crash-after", delaySeconds: 51 }],
        [516, { kind: "late", delaySeconds: 22_994 }],
      ],
    },
  ],
];

describe("what went wrong once", () => {
  it.each(FOUND)("%s", async (_name, story) => {
    // Throws where a promise is broken.
    await play(story);
  });
});
