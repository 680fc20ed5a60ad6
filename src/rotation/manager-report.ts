import type { Keyring } from "../keyring/keyring.js";
import type { Context } from "./context.js";
import { policyOf } from "./policy.js";
import { blockedBy, RULES, type Wait } from "./rules.js";
import type { Outcome, ReportedAction } from "./run.js";

/** What a manager answers. */
export interface Report {
  /** What was done; with `dryRun`, what would be done. */
  readonly actions: readonly ReportedAction[];
  /** What does not happen yet, and why. */
  readonly waits: readonly Wait[];
  /** When the next tick has something to do by itself; `null` where nothing waits for a time. */
  readonly nextAt: number | null;
  /** Why no key is managed at all until somebody has looked; `null` where nothing is in the way. */
  readonly blockedBy: string | null;
}

/** Puts a report together, with a word on settings that are not in force. */
export function reportOf({ settings }: Context, keyring: Keyring | undefined, { done, plan: last }: Outcome): Report {
  const waits = [...last.waits];
  if (keyring !== undefined && JSON.stringify(policyOf(settings, keyring.policy.version)) !== JSON.stringify(keyring.policy)) {
    const words = `the settings given here are not the policy in force (version ${keyring.policy.version}): ${RULES.settings_differ}`;
    waits.push({ rule: "settings_differ", until: null, words });
  }
  return Object.freeze({ actions: done, waits, nextAt: last.nextAt, blockedBy: blockedBy(waits) });
}
