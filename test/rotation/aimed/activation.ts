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

/** Two standbys are proven by a sweep five hours before they are ready, and no sweep is due until then. */
const SWEPT = [...until(20 * HOUR, ASKED_TO_ROTATE), tick(), wait(5 * HOUR)];

/** Who signs, and what everybody sees of it. */
export const ACTIVATION: readonly AimedStory[] = [
  {
    without: "proven before the intent",
    name: "the private part of the next key is deleted between a sweep and the rotation, and its successor is revoked right after",
    story: {
      ...QUIET,
      steps: [...SWEPT, { do: "hand", hand: "delete-standby", which: 0 }, tick(), wait(60), revoke(2), wait(HOUR)],
    },
  },
  {
    without: "proven again by the writer",
    name: "a manager sleeps after the intent, and the private parts of two standbys change places meanwhile",
    story: {
      ...QUIET,
      steps: [
        ...SWEPT,
        {
          do: "ambush",
          ambush: {
            calls: ["custodian.open", "keyring.write", "custodian.material"],
            fate: { kind: "paused", delaySeconds: 600 },
          },
        },
        tick(),
        wait(60),
        { do: "hand", hand: "swap-standbys" },
        wait(HOUR),
      ],
    },
  },
  {
    without: "a signature proves a key",
    name: "the private parts of two standbys change places between a sweep and the rotation",
    story: { ...QUIET, steps: [...SWEPT, { do: "hand", hand: "swap-standbys" }, tick(), wait(60)] },
  },
  {
    without: "absence is believed after the settling alone",
    name: "the private part of a standby is not seen some seconds after it was made, beside a key that is",
    story: {
      ...QUIET,
      place: "services",
      managers: [0, 1],
      steps: [
        wait(5),
        {
          do: "ambush",
          ambush: { calls: ["custodian.material"], fate: { kind: "stale", delaySeconds: 0 }, times: 3 },
        },
        revoke(0, AHEAD),
        wait(HOUR),
      ],
    },
  },
  {
    without: "the settling is counted with two skews",
    name: "a manager ahead does not see the private part of a standby that one behind has made some seconds ago",
    story: {
      ...QUIET,
      place: "services",
      managers: [-300, 0, 300],
      steps: [
        wait(5),
        {
          do: "ambush",
          ambush: { calls: ["custodian.material"], fate: { kind: "stale", delaySeconds: 0 }, times: 3 },
        },
        revoke(0, AHEAD),
        wait(HOUR),
      ],
    },
  },
  {
    without: "the active document is read back",
    name: "a store answers before it stores: the document of a revoked key's successor appears 20 hours later",
    story: {
      ...QUIET,
      place: "services",
      steps: [
        wait(25 * HOUR),
        { do: "ambush", ambush: { calls: ["active.write"], fate: { kind: "early", delaySeconds: 20 * HOUR } } },
        revoke(0),
        wait(HOUR),
        tick(),
      ],
    },
  },
  {
    without: "an old answer is read again",
    name: "the first active document is not seen in the half minute after it was confirmed",
    story: {
      ...QUIET,
      place: "services",
      steps: [
        {
          do: "ambush",
          ambush: { calls: ["custodian.destroy", "active.read"], fate: { kind: "stale", delaySeconds: 0 }, times: 12 },
        },
        wait(HOUR),
        tick(),
        wait(HOUR),
      ],
    },
  },
  {
    without: "the lease is checked before a write",
    name: "a manager sleeps before it publishes, while another one revokes a key",
    story: {
      ...QUIET,
      place: "services",
      steps: [
        wait(600),
        { do: "ambush", ambush: { calls: ["jwks.publish"], fate: { kind: "paused", delaySeconds: 10 * HOUR } } },
        rotate(BEHIND),
        wait(HOUR),
        revoke(0),
        wait(12 * HOUR),
      ],
    },
  },
  {
    without: "a name rests for a day",
    name: "a dead sender's delete lands on the name that it was sent for, ten documents later",
    story: {
      ...QUIET,
      place: "services",
      steps: [
        wait(600),
        { do: "ambush", ambush: { calls: ["active.delete"], fate: { kind: "crash-in-flight", delaySeconds: 20 * HOUR } } },
        ...Array.from({ length: 10 }, (_, index) => [apply(1 + (index % 2)), wait(HOUR)]).flat(),
        wait(12 * HOUR),
      ],
    },
  },
  {
    without: "only what was uploaded takes over",
    name: "keys are uploaded from now on, a rotation is asked for, and days pass",
    story: { ...QUIET, steps: [wait(60), apply(8), wait(60), rotate(), wait(50 * HOUR), tick(), wait(HOUR)] },
  },
];
