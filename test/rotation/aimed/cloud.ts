import type { CloudStep, CloudStory } from "../cloud/cloud-world.js";
import { type AimedStory, HOUR } from "./aimed.js";

/** Keys in KMS, every answer as it is. A tick every three hours is the world's own. */
const CLEAR: Omit<CloudStory, "steps"> = {
  custody: "kms",
  weather: { staleSeconds: 0, isAlwaysStale: false, partialEvery: 0 },
  managers: [0, 0],
  issuerSkewSeconds: 0,
  issuerEverySeconds: 3_500,
  fates: [],
  quietDays: 1,
};

const wait = (seconds: number): CloudStep => ({ do: "wait", seconds });
/** The key that signs is the first record. */
const revokeActive = (manager: number): CloudStep => ({ do: "revoke", manager, which: 0 });

/** What only the services of AWS can do. */
export const CLOUD: readonly AimedStory[] = [
  {
    without: "a delete looks at the sequence",
    name: "a manager sleeps between the lease's check and its delete, through ten revocations that use every name",
    cloudStory: {
      ...CLEAR,
      steps: [
        wait(HOUR),
        {
          do: "ambush",
          ambush: {
            // The alias moves just before the activation is confirmed; then the old document is deleted.
            calls: ["kms:UpdateAlias", "s3:GetObject keyring.json", "*"],
            fate: { kind: "paused", delaySeconds: 5 * HOUR },
          },
        },
        revokeActive(1),
        // Until its lease has expired.
        wait(1_200),
        ...Array.from({ length: 10 }, () => [revokeActive(0), wait(900)]).flat(),
        wait(3 * HOUR),
      ],
    },
  },
  {
    without: "a KMS key is called by its ARN, not by an alias",
    name: "the alias of a standby is deleted",
    cloudStory: { ...CLEAR, steps: [wait(HOUR), { do: "hand", hand: "delete-alias", pick: 2 }, wait(14 * HOUR)] },
  },
  {
    without: "a KMS key is known by its id, not by an alias or a tag alone",
    name: "the keys of an installation are listed by their tags",
    cloudStory: { ...CLEAR, steps: [wait(14 * HOUR)] },
  },
];
