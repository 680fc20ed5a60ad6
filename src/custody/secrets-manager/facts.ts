import { type AwsFacts, NO_USAGE } from "../facts.js";

/** Keys in Secrets Manager. */
export const facts = {
  name: "secrets-manager",
  needsAws: true,
  runsInLambda: true,
  templateValue: "SecretsManager",
  kmsKey: "encrypts",
  usage: (keys: number) => ({ ...NO_USAGE, secrets: keys }),
  made: () => "two secrets: one key signs, one stands by",
} as const satisfies AwsFacts;
