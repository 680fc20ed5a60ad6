import { about } from "../../settings/about.js";
import { group, integer, listOfTexts, type Shape, type Values } from "../../settings/shape.js";
import type { CustodianFacts } from "../facts.js";

const MEMBERS = {
  program: {
    ...listOfTexts("a list: a program, by its absolute path or its name in PATH, and its arguments"),
    required: true,
    ...about("The program and its arguments. No shell reads them.", ["/usr/local/bin/keys", "--vault", "tokens"], {
      flag: "--command",
    }),
  },
  signs: {
    type: "boolean",
    title: "true or false",
    default: false,
    ...about("Whether the program signs as well, so that private keys never leave it.", true, { flag: "--command-signs" }),
  },
  timeoutSeconds: {
    ...integer(1, 300),
    unit: "seconds",
    default: 10,
    ...about("How long one run may take; then it is killed, with every process that it started.", 30, {
      flag: "--command-timeout-seconds",
    }),
  },
  environment: {
    ...listOfTexts("a list of environment variables' names"),
    ...about("The variables that the program gets besides PATH, HOME, LANG and TZ.", ["VAULT_ADDR"], {
      flag: "--command-environment",
    }),
  },
} as const satisfies Shape;

/** `command` of `signet.json`. */
export type CommandSettings = Values<typeof MEMBERS>;

/** Keys that a program of the operator's keeps. */
export const facts = {
  name: "command",
  needsAws: false,
  runsInLambda: false,
  member: "command",
  config: {
    command: {
      ...group(MEMBERS),
      ...about("The program that keeps the keys, for the custody command.", { program: ["/usr/local/bin/keys"] }),
    },
  },
  made: () => "two keys, kept by your program: one signs, one stands by",
} as const satisfies CustodianFacts;
