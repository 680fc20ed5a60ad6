import { KEY_MONTH_USD } from "../../custody/contract.js";
import type { Custody } from "../../keyring/key-record.js";
import type { Keyring, StrayKey } from "../../keyring/keyring.js";
import { SWEEP_EVERY_SECONDS } from "./policy.js";
import { timeInWords } from "./wait-reasons.js";

/** A private key that no record names, as it is told. */
export interface ReportedStray {
  readonly custody: Custody;
  /** As its custodian lists it; `signet keys destroy` takes it. */
  readonly name: string;
  /** What it costs a month in US dollars. */
  readonly monthlyUsd: number;
  readonly seenAt: number;
  /** From when on a sweep destroys it; `null` where only a person can say that nobody needs it. */
  readonly destroyedAfter: number | null;
  readonly words: string;
}

/** What the last sweep found that no record names. */
export function reportedStrays({ strays = [] }: Keyring): readonly ReportedStray[] {
  return strays.map(reported);
}

function reported(stray: StrayKey): ReportedStray {
  const { custody, name, seenAt, endedSeenAt } = stray;
  const destroyedAfter = endedSeenAt === undefined ? null : endedSeenAt + SWEEP_EVERY_SECONDS;
  const what =
    destroyedAfter === null
      ? `if nobody needs it, \`signet keys destroy ${name}\``
      : `its key has ended; a sweep destroys it after ${timeInWords(destroyedAfter)}`;
  return { custody, name, monthlyUsd: KEY_MONTH_USD[custody], seenAt, destroyedAfter, words: `${strayInWords(stray)}: ${what}` };
}

/** A stray in words, with its price. */
export function strayInWords({ custody, name }: Pick<StrayKey, "custody" | "name">): string {
  const price = KEY_MONTH_USD[custody];
  return `${custody} holds a private key that no record names (${name})${price === 0 ? "" : `, for $${price} a month`}`;
}
