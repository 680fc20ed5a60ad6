import fc from "fast-check";
import type { Fate } from "../world/wire.js";
import type { CloudStep, CloudStory } from "./cloud-world.js";
import { HANDS, RESTORING_HANDS } from "./hands.js";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const manager = fc.nat(1);
const custody = fc.constantFrom("kms" as const, "parameter-store" as const, "secrets-manager" as const, "kms-data-key" as const);

const step: fc.Arbitrary<CloudStep> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      seconds: fc.constantFrom(60, 900, 2 * HOUR, 13 * HOUR, 30 * HOUR, 5 * DAY),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("tick" as const, "rotate" as const, "crash" as const),
      manager,
      which: fc.nat(9),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("revoke" as const), manager, which: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("hand" as const), hand: fc.constantFrom(...HANDS), pick: fc.nat(200) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("deny" as const),
      service: fc.constantFrom("kms" as const, "ssm" as const, "secretsmanager" as const, "s3" as const),
      how: fc.constantFrom("denied" as const, "throttled" as const),
      seconds: fc.constantFrom(HOUR, 9 * HOUR),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("migrate" as const), manager, custody }) },
);

const fate: fc.Arbitrary<Fate> = fc.record({
  kind: fc.constantFrom(
    ...(["crash-before", "crash-after", "crash-in-flight", "refused", "lost-reply", "late", "paused", "stale", "stale"] as const),
  ),
  delaySeconds: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 300, max: 20 * HOUR })),
});

/** Every custodian of AWS, its lists and answers as they come, and hands from outside. */
export const cloudStories: fc.Arbitrary<CloudStory> = fc.record({
  custody,
  weather: fc.record({
    staleSeconds: fc.constantFrom(0, 30),
    isAlwaysStale: fc.boolean(),
    partialEvery: fc.constantFrom(0, 2, 3),
  }),
  managers: fc.tuple(fc.integer({ min: -300, max: 300 }), fc.constantFrom(-299, 299)),
  issuerSkewSeconds: fc.constantFrom(-300, 0, 300),
  steps: fc.array(step, { minLength: 4, maxLength: 16 }),
  fates: fc.array(fc.tuple(fc.nat(1_500), fate), { maxLength: 10 }),
});

const moreSteps: fc.Arbitrary<CloudStep> = fc.oneof(
  { weight: 6, arbitrary: step },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("hand" as const), hand: fc.constantFrom(...RESTORING_HANDS), pick: fc.nat(200) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("import" as const, "foreign" as const), manager, which: fc.nat(9) }),
  },
);

/** The same, and versions in S3 restored, a log with lines of others, and keys made elsewhere until the JWKS is full. */
export const fullCloudStories: fc.Arbitrary<CloudStory> = fc
  .tuple(cloudStories, fc.array(moreSteps, { minLength: 4, maxLength: 16 }))
  .map(([story, steps]) => ({ ...story, steps }));
