import fc from "fast-check";
import type { DiskStep, DiskStory, Trouble } from "./disk-world.js";
import { HANDS } from "./hands.js";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const manager = fc.nat(2);
const seconds = fc.constantFrom(60, HOUR, 9 * HOUR, 20 * HOUR);

const trouble: fc.Arbitrary<Trouble> = fc.record({
  call: fc.oneof(fc.nat(150), fc.nat(900)),
  kind: fc.constantFrom(
    ...(["crash-before", "crash-after", "paused", "power-cut", "fills", "ENOSPC", "EIO", "EIO", "EMFILE"] as const),
  ),
  seconds,
});

const run = fc.record(
  {
    do: fc.constantFrom(
      "tick" as const,
      "tick" as const,
      "rotate" as const,
      "rotate" as const,
      "import" as const,
      "foreign" as const,
    ),
    manager,
    which: fc.nat(9),
    trouble,
  },
  { requiredKeys: ["do", "manager", "which"] },
);

const step: fc.Arbitrary<DiskStep> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      seconds: fc.constantFrom(60, 900, 2 * HOUR, 13 * HOUR, 30 * HOUR, 5 * DAY),
    }),
  },
  { weight: 4, arbitrary: run as fc.Arbitrary<DiskStep> },
  {
    weight: 1,
    arbitrary: fc.record(
      { do: fc.constant("revoke" as const), manager, which: fc.nat(9), trouble },
      { requiredKeys: ["do", "manager", "which"] },
    ) as fc.Arbitrary<DiskStep>,
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("hand" as const), hand: fc.constantFrom(...HANDS), pick: fc.nat(200) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("disk" as const),
      how: fc.constantFrom("ENOSPC" as const, "EIO" as const, "EROFS" as const),
      seconds,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), manager }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("power-cut" as const, "reboot" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("passphrase" as const),
      which: fc.constantFrom("right" as const, "none" as const, "other" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("unmount" as const),
      what: fc.constantFrom("" as const, "/keys" as const, "/active" as const, "/public" as const),
      seconds,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("copy" as const), isMoved: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("backup" as const, "restore" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("encrypt" as const), manager, which: fc.nat(9) }) },
);

/** An installation on files: disks that fill and fail, power cuts and boots, two containers, two places, passphrases, and hands. */
export const diskStories: fc.Arbitrary<DiskStory> = fc.record({
  isEncrypted: fc.boolean(),
  managers: fc.tuple(fc.integer({ min: -300, max: 300 }), fc.constantFrom(-299, 299), fc.constantFrom(-299, 0, 299)),
  issuerSkewSeconds: fc.constantFrom(-300, 0, 300),
  founding: fc.array(trouble, { maxLength: 4 }),
  steps: fc.array(step, { minLength: 4, maxLength: 16 }),
  luck: fc.nat(1_000_000),
});
