import type { PolicyInForce } from "../../keyring/keyring.js";
import type { Action } from "./actions.js";
import { activation } from "./plan-activation.js";
import { cleaning, making, proving, publication, removal, sweeping } from "./plan-upkeep.js";
import { type PlannedStep, type Situation, situationOf, wait } from "./situation.js";
import { documentState, latestTime, type View } from "./view.js";
import { timeInWords, type Wait } from "./wait-reasons.js";

/** What is to be done now, the most urgent first, and what waits for what. */
export interface Plan {
  readonly actions: readonly Action[];
  readonly waits: readonly Wait[];
  /** When the next wait ends; `null` where none ends by itself. */
  readonly nextAt: number | null;
}

/** In this order: verifiers first, then who signs, then what is left over. */
const RULES_IN_ORDER = [publication, proving, activation, cleaning, removal, sweeping, making];

/**
 * Plans. Pure: the same view, policy and time give the same plan, and nothing is read or written. The manager carries out the
 * first action, reads again and plans again.
 *
 * @param view what was read
 * @param policy the policy in force
 * @param now NumericDate, by the manager's clock
 */
export function plan(view: View, policy: PolicyInForce, now: number): Plan {
  const situation = situationOf(view, policy, now);
  const stop = clockIsBehind(situation) ?? documentIsUnclear(situation);
  const steps = stop === undefined ? RULES_IN_ORDER.flatMap((rule) => rule(situation)) : [stop];
  const waits = steps.filter((step) => "rule" in step);
  const times = waits.flatMap(({ until }) => (until !== null && until > now ? [until] : []));
  return Object.freeze({
    actions: steps.filter((step) => "kind" in step),
    waits,
    nextAt: times.length === 0 ? null : Math.min(...times),
  });
}

/** A clock beside a keyring. */
interface ClockBeside {
  readonly view: Pick<View, "keyring">;
  readonly policy: Pick<PolicyInForce, "clockSkewSeconds">;
  /** NumericDate. */
  readonly now: number;
}

/** What waits for a clock that is behind a keyring. Every time there was read from some manager's clock: two clocks are at most two skews apart. */
export function clockIsBehind({ view: { keyring }, policy, now }: ClockBeside): Wait | undefined {
  const latest = latestTime(keyring);
  const until = latest - 2 * policy.clockSkewSeconds;
  if (now >= until) return undefined;
  return wait("clock_behind", until, `the keyring has seen ${timeInWords(latest)}, so that nothing is done`);
}

function documentIsUnclear({ view }: Situation): PlannedStep | undefined {
  const state = documentState(view);
  if (state === "foreign")
    return wait("document_foreign", null, "nothing is done (`signet keys repair` shows what it should be),");
  return state === "stale" && !view.patient ? { kind: "reread" } : undefined;
}
