import { isObject } from "../encoding/object-schema.js";
import { isSignetError } from "../errors.js";
import { readCallers } from "../issue/callers-json.js";
import type { ProofSettings } from "../settings/trusts.js";
import { judgeCallers } from "../trust/judge-callers.js";
import { findOverlaps } from "../trust/overlap.js";
import { URL_TO_COME } from "./stack-change.js";

/**
 * Says which rules of different callers one token could match.
 *
 * @param issuer the URL of the issuer whose callers these are
 * @param name only those of this caller
 */
export function overlapsInWords(
  callers: Readonly<Record<string, ProofSettings>>,
  issuer: string | undefined,
  name?: string,
): readonly string[] {
  return findOverlaps(judgeCallers(callers, issuer), name).map(({ caller, rule, otherCaller, otherRule }) => {
    const one = name === undefined ? `${rule} of the caller ${caller}` : `its ${rule}`;
    const words = `a token can match ${one} and ${otherRule} of the caller ${otherCaller}`;
    return `${words}: it is refused then, unless client_id names one of them`;
  });
}

/**
 * The same for the callers of a stack, as its parameter has them. What is wrong with them is said elsewhere.
 *
 * @param callers the parsed parameter
 */
export function stackOverlapsInWords(callers: unknown, issuer: string | undefined): readonly string[] {
  if (!isObject(callers)) return [];
  try {
    const settings = readCallers(callers).map((caller) => [caller.name, caller] as const);
    return overlapsInWords(Object.fromEntries(settings), issuer ?? URL_TO_COME);
  } catch (error) {
    if (isSignetError(error)) return [];
    throw error;
  }
}
