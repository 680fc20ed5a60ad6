import { type AwsFacts, NO_USAGE } from "../facts.js";

/** Keys in Parameter Store. */
export const facts = {
  name: "parameter-store",
  needsAws: true,
  runsInLambda: true,
  templateValue: "ParameterStore",
  kmsKey: "encrypts",
  usage: (keys: number) => ({ ...NO_USAGE, parameters: keys }),
  made: () => "a SecureString parameter for each key (standard tier: free)",
} as const satisfies AwsFacts;
