import { dateInWords } from "../../encoding/times-in-words.js";
import type { Keyring } from "../../keyring/keyring.js";
import { clockIsBehind } from "../../rotation/plan/planner.js";
import { latestTime } from "../../rotation/plan/view.js";

/**
 * Says that a clock is behind a restored keyring, by the judgement of managers: they do nothing until it has reached the times there, or these were
 * set back.
 *
 * @param at what the clock shows, as NumericDate
 * @returns `undefined` where it is not
 */
export function clockBehind(keyring: Keyring, at: number): string | undefined {
  if (clockIsBehind({ view: { keyring }, policy: keyring.policy, now: at }) === undefined) return undefined;
  return `it is ${dateInWords(at)} by this machine's clock, and the restored keyring has times up to ${dateInWords(latestTime(keyring))}`;
}
