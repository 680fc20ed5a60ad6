import { type AwsFacts, NO_USAGE } from "../facts.js";

/** Keys that a KMS key wraps. */
export const facts = {
  name: "kms-data-key",
  needsAws: true,
  runsInLambda: true,
  templateValue: "KMSDataKey",
  kmsKey: "wraps",
  lacks: ["AKP"],
  // One wrapping key, however many keys it wraps.
  usage: (keys: number, kmsKey?: string) => ({ ...NO_USAGE, kmsKeys: kmsKey === undefined ? 1 : 0, parameters: keys }),
  made: () => "a parameter for each key, which your KMS key wraps (standard tier: free)",
} as const satisfies AwsFacts;
