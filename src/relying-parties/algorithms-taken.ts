import { ALL, ruleValue } from "./notation.js";
import type { RelyingParty } from "./relying-party.js";

/** Those that are chosen, the best first: short and known to most, then known to all. */
const PREFERRED = ["ES256", "RS256", ...ALL.filter((name) => name !== "ES256" && name !== "RS256")];
/** Where it is not known what a party takes, this is what it most likely does. */
const SAFE = "RS256";

/** What a party verifies, once it is configured to; `undefined` where that is not known. */
export function algorithmsTaken({ algorithms, optIn }: RelyingParty): readonly string[] | undefined {
  const usual = ruleValue(algorithms);
  return usual && [...usual, ...(ruleValue(optIn)?.algorithms ?? [])];
}

/** Whether it is not said anywhere what a party verifies. */
export function isUnsaid({ algorithms }: RelyingParty): boolean {
  return algorithms.basis === "?" || algorithms.basis === "assumed";
}

/** The algorithms that all of some parties take, the best first: before those for which one has to be configured stand those for which none has. */
export function takenByAll(parties: readonly RelyingParty[]): readonly string[] {
  const isTakenBy = (list: readonly string[] | undefined, name: string) => list === undefined || list.includes(name);
  const order = parties.some(isUnsaid) ? [SAFE, ...PREFERRED.filter((name) => name !== SAFE)] : PREFERRED;
  const taken = order.filter((name) => parties.every((party) => isTakenBy(algorithmsTaken(party), name)));
  const atOnce = taken.filter((name) => parties.every(({ algorithms }) => isTakenBy(ruleValue(algorithms), name)));
  return [...atOnce, ...taken.filter((name) => !atOnce.includes(name))];
}

/** The first of some parties that a better algorithm than this one was not chosen for. */
export function decidesAlgorithm(parties: readonly RelyingParty[], chosen: string): RelyingParty | undefined {
  const better = PREFERRED.slice(0, PREFERRED.indexOf(chosen));
  return (
    parties.find(({ algorithms }) => better.some((name) => ruleValue(algorithms)?.includes(name) === false)) ??
    (better.length > 0 ? parties.find(isUnsaid) : undefined)
  );
}
