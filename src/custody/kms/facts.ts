import { type AwsFacts, NO_USAGE } from "../facts.js";

/** Keys that never leave KMS. */
export const facts = {
  name: "kms",
  needsAws: true,
  runsInLambda: true,
  templateValue: "KMS",
  kmsKey: "signs",
  namesImports: true,
  usage: (keys: number, kmsKey?: string) => ({
    ...NO_USAGE,
    kmsKeys: kmsKey === undefined ? keys : keys - 1,
    signCallsPerToken: 1,
  }),
  made: (kmsKey?: string) =>
    kmsKey === undefined ? "two KMS keys: one signs, one stands by" : "a KMS key that stands by; yours signs",
} as const satisfies AwsFacts;
