import { auth0Defaults, replacesTheOnlyKey, spireDefaults, swapsAtOnce } from "./others.js";
import { plot } from "./plot.js";
import { live, type Outcome } from "./population.js";
import { signetsTimeline } from "./signet.js";
import type { Timeline } from "./timeline.js";

/** A simulated time, for every policy. */
export interface Simulation {
  readonly runs: readonly (readonly [Timeline, Outcome])[];
  readonly svg: string;
}

/** Lets the same population live under each policy. */
export async function simulate(seconds: number, seed: number): Promise<Simulation> {
  const signet = await signetsTimeline(seconds);
  const policies = [replacesTheOnlyKey, swapsAtOnce, spireDefaults, auth0Defaults].map((policy) => policy(seconds));
  const runs = [signet, ...policies].map((timeline) => [timeline, live(timeline, seconds, seed)] as const);
  return { runs, svg: plot(runs, signet.moments, seconds) };
}
