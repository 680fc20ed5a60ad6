import { isObject } from "../encoding/object-schema.js";
import { isSignetError, SignetError } from "../errors.js";
import { readSettings } from "../settings/read.js";
import { PROOF_MEMBERS, type ProofSettings } from "../settings/trusts.js";
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
    const settings = Object.entries(callers).map(([name, caller]) => [name, proofsOf(caller)] as const);
    return overlapsInWords(Object.fromEntries(settings), issuer ?? URL_TO_COME);
  } catch (error) {
    if (isSignetError(error)) return [];
    throw error;
  }
}

function proofsOf(caller: unknown): ProofSettings {
  const { trusts } = isObject(caller) ? caller : {};
  return readSettings(PROOF_MEMBERS, trusts === undefined ? {} : { trusts }, ({ path }) => {
    return new SignetError("config_invalid", path.join("."));
  });
}
