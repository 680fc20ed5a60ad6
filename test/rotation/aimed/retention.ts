import {
  AHEAD,
  type AimedStory,
  ASKED_TO_ROTATE,
  apply,
  BEHIND,
  DAY,
  HOUR,
  ISSUER,
  LAST_ISSUER,
  QUIET,
  RIGHT,
  tick,
  until,
  wait,
} from "./aimed.js";

/** The last issuer wakes 26 times before the rotation, and once more as long after it as an issuer may. */
const WAKES = 26 * LAST_ISSUER.everySeconds;
const ROTATION = WAKES + 5;

/** How long the keys that signed stay published. */
export const RETENTION: readonly AimedStory[] = [
  {
    without: "four skews of retention",
    name: "a manager behind retires a key, an issuer ahead signs with it last, a manager ahead removes it",
    story: {
      ...QUIET,
      issuers: [LAST_ISSUER],
      // 3,600 + 86,400 s after a time that is 300 s too early, by a clock that is 300 s ahead; its last token lives to 90,594.
      steps: [...until(ROTATION + 90_000, [...until(ROTATION, ASKED_TO_ROTATE), tick(BEHIND)]), tick(AHEAD)],
    },
  },
  {
    without: "an issuer's longest unconfirmed time counts",
    name: "an issuer that is not used for an hour signs with the key before as long as it may",
    story: {
      ...QUIET,
      issuers: [LAST_ISSUER],
      steps: [...until(ROTATION + 88_000, [...until(ROTATION, ASKED_TO_ROTATE), tick()]), tick()],
    },
  },
  {
    without: "who confirms waits the settling",
    name: "an issuer whose reads are 30 s stale reads the old document 29 s after the new one was written, with clocks 600 s apart",
    story: {
      ...QUIET,
      place: "services",
      issuers: [{ ...LAST_ISSUER, lateSeconds: 30 }],
      steps: [...until(WAKES - 29 + 90_610, [...until(WAKES - 29, ASKED_TO_ROTATE), tick(BEHIND)]), tick(AHEAD)],
    },
  },
  {
    without: "a retired key that is read again starts its time anew",
    name: "a hand deletes the top document while the one before is still there, and an issuer that begins then signs with its key",
    story: {
      ...QUIET,
      issuers: [ISSUER, { ...ISSUER, bornAfterSeconds: 49 * HOUR + 300 }],
      steps: [
        ...until(25 * HOUR, ASKED_TO_ROTATE),
        // It dies before it deletes the old document, and nobody ticks for a day.
        { do: "ambush", ambush: { calls: ["active.delete"], fate: { kind: "crash-before", delaySeconds: 0 } } },
        tick(),
        wait(DAY),
        { do: "hand", hand: "delete-document" },
        wait(HOUR),
        tick(),
        wait(HOUR),
        tick(),
      ],
    },
  },
  {
    without: "a keyring is proven the newest before it destroys",
    name: "the line of a longer life reaches the log after an old keyring was put back, in the middle of the run that removes the key",
    story: {
      ...QUIET,
      steps: [
        ...until(25 * HOUR, [wait(60), apply(6), wait(60), { do: "rotate", manager: RIGHT }]),
        tick(),
        wait(60),
        { do: "expire", manager: RIGHT, which: 0, seconds: 2 * DAY },
        wait(2 * DAY + 700),
        {
          do: "ambush",
          ambush: {
            // Its keyring's own entry, the keyring, and then the line that dies on its way.
            calls: ["audit.append", "keyring.write", "audit.append"],
            fate: { kind: "crash-in-flight", delaySeconds: 40 },
          },
        },
        { do: "expire", manager: BEHIND, which: 0, seconds: 10 * DAY },
        wait(5),
        { do: "hand", hand: "put-back", writes: 1 },
        { do: "ambush", ambush: { calls: ["audit.read", "active.read"], fate: { kind: "paused", delaySeconds: 60 } } },
        tick(),
      ],
    },
  },
];
