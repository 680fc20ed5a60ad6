import type { Keyring } from "../../keyring/keyring.js";
import type { ReportedAction } from "../plan/actions.js";
import { retentionSeconds } from "../plan/policy.js";
import { dueAt, situationOf } from "../plan/situation.js";
import type { View } from "../plan/view.js";
import { imaginedNames, simulate } from "./simulate.js";

/** What would happen at an instant, and how the keyring would stand after it. */
export interface Moment {
  /** NumericDate. */
  readonly at: number;
  readonly actions: readonly ReportedAction[];
  readonly keyring: Keyring;
}

const MAX_MOMENTS = 60;

/**
 * Plays the coming ticks through on paper, each at the first instant at which it has something to do, until the next planned
 * rotation is over. Revocations, and whatever else people decide, are not foreseen.
 */
export function forecast(first: View, now: number): readonly Moment[] {
  const until = horizonOf(first, now);
  const nextName = imaginedNames();
  const moments: Moment[] = [];
  let view = first;
  for (let at: number | null = now; at !== null && at <= until && moments.length < MAX_MOMENTS; ) {
    const simulation = simulate(view, at, nextName);
    moments.push({ at, actions: simulation.actions, keyring: simulation.view.keyring });
    view = simulation.view;
    at = simulation.plan.nextAt;
  }
  return moments;
}

// Until the key that signs, or the one that a rotation which was asked for lets sign, has gone.
function horizonOf(view: View, now: number): number {
  const { policy } = view.keyring;
  const { active } = situationOf(view, policy, now);
  const due = active === undefined ? null : dueAt(active, policy);
  const kept = active === undefined ? 0 : retentionSeconds(active, policy);
  const succession = view.keyring.rotationRequest !== null || due === null ? now : Math.max(now, due);
  return succession + policy.publishAheadSeconds + kept;
}
