import { type CustodianFacts, NO_USAGE } from "../facts.js";

/** Keys in files on this machine. */
export const facts = {
  name: "file",
  needsAws: false,
  runsInLambda: false,
  usesDirectory: true,
  usage: () => NO_USAGE,
  made: () => "two files: one key signs, one stands by",
} as const satisfies CustodianFacts;
