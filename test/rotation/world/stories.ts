import fc from "fast-check";
import type { IssuerTraits } from "./issuers.js";
import type { Fate } from "./wire.js";
import type { Step, Story } from "./world.js";

const manager = fc.nat(2);
const HOUR = 3_600;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 60 * HOUR }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("tick" as const), manager }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rotate" as const), manager }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("crash" as const), manager }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("revoke" as const), manager, which: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("apply" as const), manager, settings: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("jump" as const),
      manager,
      seconds: fc.integer({ min: -90 * 24 * HOUR, max: 90 * 24 * HOUR }),
    }),
  },
);

const fate: fc.Arbitrary<Fate> = fc.record({
  kind: fc.constantFrom(
    ...(["crash-before", "crash-after", "crash-in-flight", "refused", "lost-reply", "late", "paused", "stale"] as const),
  ),
  // A day is how long a freed place rests: nothing is on its way for longer.
  delaySeconds: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 300, max: 20 * HOUR })),
});

const issuer: fc.Arbitrary<IssuerTraits> = fc.record({
  skewSeconds: fc.constantFrom(-300, 0, 300),
  everySeconds: fc.constantFrom(900, 3_599, 3_601, 7 * HOUR),
  failsEvery: fc.constantFrom(0, 2, 3),
  lateSeconds: fc.constantFrom(0, 30),
  frozenSeconds: fc.constantFrom(0, 0, 600, 3_000),
});

const world = {
  place: fc.constantFrom("files" as const, "services" as const),
  managers: fc.tuple(fc.integer({ min: -300, max: 300 }), fc.constantFrom(-300, 300), fc.constantFrom(-300, 0, 300)),
  issuers: fc.array(issuer, { minLength: 1, maxLength: 3 }),
  fates: fc.array(fc.tuple(fc.nat(600), fate), { maxLength: 14 }),
  tickEverySeconds: fc.constantFrom(5 * HOUR, 8 * HOUR, 11 * HOUR),
};

/** Every kind of bad luck, dealt to the calls that a run makes. */
export const stories: fc.Arbitrary<Story> = fc.record({ ...world, steps: fc.array(step, { minLength: 4, maxLength: 24 }) });

/** The settings, among those of the world, by which keys are uploaded. */
const BY_UPLOAD = 8;

const stepByUpload: fc.Arbitrary<Step> = fc.oneof(
  { weight: 22, arbitrary: step },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("upload" as const), manager, which: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("apply" as const), manager, settings: fc.constantFrom(BY_UPLOAD, BY_UPLOAD, 0) }),
  },
);

/** The same where keys are uploaded, from the first day on, and for as long as nobody puts other settings in force. */
export const storiesByUpload: fc.Arbitrary<Story> = fc.record({
  ...world,
  steps: fc
    .array(stepByUpload, { minLength: 4, maxLength: 24 })
    .map((steps): Step[] => [{ do: "wait", seconds: HOUR }, { do: "apply", manager: 0, settings: BY_UPLOAD }, ...steps]),
});
