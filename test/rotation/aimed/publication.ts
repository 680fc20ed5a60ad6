import {
  AHEAD,
  type AimedStory,
  ASKED_TO_ROTATE,
  apply,
  BEHIND,
  HOUR,
  QUIET,
  revoke,
  rotate,
  tick,
  until,
  wait,
} from "./aimed.js";

/** What verifiers know before a key signs. */
export const PUBLICATION: readonly AimedStory[] = [
  {
    without: "published ahead",
    name: "a rotation is asked for a minute after the first key",
    story: { ...QUIET, steps: [...ASKED_TO_ROTATE, wait(HOUR)] },
  },
  {
    without: "published ahead for no less than caches and two clocks need",
    name: "publishAheadSeconds is set to what caches need, and the managers' clocks are 600 s apart",
    story: {
      ...QUIET,
      steps: [wait(60), apply(7), wait(700), rotate(BEHIND), wait(10_580), tick(AHEAD), wait(60), revoke(1, AHEAD), wait(HOUR)],
    },
  },
  {
    without: "the JWKS is read back",
    name: "a store answers before it stores, the JWKS appears 23 hours later, and the manager dies meanwhile",
    story: {
      ...QUIET,
      steps: [
        wait(60),
        { do: "ambush", ambush: { calls: ["jwks.publish"], fate: { kind: "early", delaySeconds: 23 * HOUR } } },
        { do: "ambush", ambush: { calls: ["jwks.publish", "keyring.write"], fate: { kind: "crash-after", delaySeconds: 0 } } },
        rotate(),
        wait(24 * HOUR + 600),
        tick(),
        wait(60),
        revoke(1),
        wait(HOUR),
      ],
    },
  },
  {
    without: "a vanished publication starts again",
    name: "a hand takes a standby out of the JWKS an hour before it is to sign",
    story: {
      ...QUIET,
      steps: [
        ...until(24 * HOUR, ASKED_TO_ROTATE),
        { do: "hand", hand: "unpublish-standby", which: 0 },
        wait(HOUR),
        tick(),
        wait(HOUR),
      ],
    },
  },
  {
    without: "a second standby before a rotation",
    name: "a key is revoked right after a rotation",
    story: { ...QUIET, steps: [wait(25 * HOUR), rotate(), wait(60), revoke(1), wait(HOUR)] },
  },
];
