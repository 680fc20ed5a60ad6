import { isObject } from "../encoding/object-schema.js";
import { isSignetError } from "../errors.js";
import { readCallers } from "../issue/callers-json.js";
import type { ProofSettings } from "../settings/trusts.js";
import { judgeCallers } from "../trust/judge-callers.js";
import { findMixedSubjects } from "../trust/mixed-subjects.js";
import { findOverlaps } from "../trust/overlap.js";
import { URL_TO_COME } from "./stack-change.js";

/**
 * Says what of callers' rules mixes up two parties: rules of different callers that one token could match, and exchanges of one caller that give
 * subjects of two issuers one name.
 *
 * @param issuer the URL of the issuer whose callers these are
 * @param name only those of this caller
 */
export function overlapsInWords(
  callers: Readonly<Record<string, ProofSettings>>,
  issuer: string | undefined,
  name?: string,
): readonly string[] {
  const overlaps = findOverlaps(judgeCallers(callers, issuer), name).map(({ caller, rule, otherCaller, otherRule }) => {
    const one = name === undefined ? `${rule} of the caller ${caller}` : `its ${rule}`;
    const words = `a token can match ${one} and ${otherRule} of the caller ${otherCaller}`;
    return `${words}: it is refused then, unless client_id names one of them`;
  });
  return [...overlaps, ...mixedSubjectsInWords(callers, issuer, name)];
}

/** Says which exchanges give subjects of two issuers one name. Parameters as `overlapsInWords` has them. */
export function mixedSubjectsInWords(
  callers: Readonly<Record<string, ProofSettings>>,
  issuer: string | undefined,
  name?: string,
): readonly string[] {
  return findMixedSubjects(judgeCallers(callers, issuer), issuer, name).map(({ caller, rule, prefix, otherRule }) => {
    const which = name === undefined ? `${rule} of the caller ${caller}` : `its ${rule}`;
    if (otherRule === undefined)
      return `the subjectPrefix of ${which} ends in neither : nor /, so that it and a subject can read as another one: end it so, such as "corp:"`;
    const what = prefix === "" ? `${which} has no subjectPrefix` : `the subjectPrefix of ${which} begins that of ${otherRule}`;
    return `${what}, and ${otherRule} is for another issuer: each can name its subjects as the other's; give each a subjectPrefix of its own that ends in : or /, such as "corp:"`;
  });
}

/**
 * The same as `overlapsInWords` for the callers of a stack, as its parameter has them. What is wrong with them is said elsewhere.
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
