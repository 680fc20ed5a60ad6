import { SignetError } from "../errors.js";
import { activeRecord, type Keyring } from "../keyring/keyring.js";
import type { ReportedAction } from "./plan/actions.js";
import { PREPARE_EARLIER_SECONDS, policyOf } from "./plan/policy.js";
import { dueAt, wait } from "./plan/situation.js";
import { type ReportedStray, reportedStrays } from "./plan/strays.js";
import { blockedBy, RULES, timeInWords, type Wait } from "./plan/wait-reasons.js";
import type { Outcome } from "./run.js";
import type { Context } from "./session/context.js";

/** What a manager answers. */
export interface Report {
  /** What was done; with `dryRun`, what would be done. */
  readonly actions: readonly ReportedAction[];
  /** What does not happen yet, and why. */
  readonly waits: readonly Wait[];
  /** When the next tick has something to do by itself; `null` where nothing waits for a time. */
  readonly nextAt: number | null;
  /** Why no key is managed at all until an operator has looked; `null` where nothing is in the way. */
  readonly blockedBy: string | null;
  /** What an operator has to look at though ticks go on, each in a sentence: a key that could not be proven. */
  readonly alerts: readonly string[];
  /** Private keys that the last sweep found and no record names. */
  readonly strays: readonly ReportedStray[];
}

/**
 * Lets a tick fail that an operator has to look at: what cron, a timer or a schedule gets for an answer is not read.
 *
 * @throws SignetError `plan_refused` where no key is managed at all, `key_unusable` where a key could not be proven
 */
export function assertWell({ blockedBy: blocked, alerts }: Report): void {
  if (blocked !== null) {
    throw new SignetError(
      "plan_refused",
      `no key is managed until you have looked: ${blocked}; \`signet keys repair\` says more`,
    );
  }
  if (alerts.length > 0)
    throw new SignetError("key_unusable", `${alerts.join("; ")}: \`signet keys repair\` says what can be done`);
}

/** Puts a report together, with a word on settings that are not in force and on a rotation that should have been. */
export function reportOf(
  { settings, clock, custodians }: Context,
  keyring: Keyring | undefined,
  { done, plan: last, alerts = [] }: Outcome,
): Report {
  const waits = [...last.waits];
  if (keyring !== undefined && JSON.stringify(policyOf(settings, keyring.policy.version)) !== JSON.stringify(keyring.policy)) {
    const words = `the settings given here are not the policy in force (version ${keyring.policy.version}): ${RULES.settings_differ}`;
    waits.push({ rule: "settings_differ", until: null, words });
  }
  const late = keyring === undefined ? undefined : overdue(keyring, clock());
  if (late !== undefined) waits.push(late);
  return Object.freeze({
    actions: done,
    waits,
    nextAt: last.nextAt,
    blockedBy: blockedBy(waits),
    alerts,
    strays: keyring === undefined ? [] : reportedStrays(keyring, custodians),
  });
}

// A rotation that is planned in time happens when it is due; one that is due at once takes the time that its standby has to be published.
function overdue(keyring: Keyring, now: number): Wait | undefined {
  const active = activeRecord(keyring);
  const due = active === undefined ? null : dueAt(active, keyring.policy);
  if (due === null || now <= due + keyring.policy.publishAheadSeconds + PREPARE_EARLIER_SECONDS) return undefined;
  return wait("overdue", null, `the key that signs was due at ${timeInWords(due)} and is succeeded`, active);
}
