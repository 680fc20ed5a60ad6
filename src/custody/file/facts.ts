import type { CustodianFacts } from "../facts.js";

/** Keys in files on this machine. */
export const facts = {
  name: "file",
  needsAws: false,
  runsInLambda: false,
  keyFolder: "keys",
  takesPassphrase: true,
  made: () => "two files: one key signs, one stands by",
} as const satisfies CustodianFacts;
