import type { KeyRecord } from "../../keyring/key-record.js";
import { activeRecord, type PolicyInForce } from "../../keyring/keyring.js";
import type { Action } from "./actions.js";
import { mayTakeOver, publishedStandbys } from "./successor.js";
import { isPassedOver, nameOf, recordById, type View } from "./view.js";
import { RULES, type RuleName, timeInWords, type Wait } from "./wait-reasons.js";

/** What the planner's rules work with. */
export interface Situation {
  readonly view: View;
  readonly policy: PolicyInForce;
  readonly now: number;
  readonly active: KeyRecord | undefined;
  /** The key of an activation that is under way. */
  readonly intended: KeyRecord | undefined;
  /** Published keys that may take over, the longest published first. */
  readonly standbys: readonly KeyRecord[];
}

/** What a rule answers: something to do, or why something is not done yet. */
export type PlannedStep = Action | Wait;

/** Works out what the rules need. */
export function situationOf(view: View, policy: PolicyInForce, now: number): Situation {
  const { keyring } = view;
  const standbys = publishedStandbys(keyring).filter((key) => !isPassedOver(view, key) && mayTakeOver(keyring, key));
  const intended = keyring.activation === null ? undefined : recordById(keyring, keyring.activation.id);
  return { view, policy, now, active: activeRecord(keyring), intended, standbys };
}

/** When a key has signed for as long as the policy says; `null` where rotation is by hand. */
export function dueAt(active: KeyRecord, policy: PolicyInForce): number | null {
  if (policy.rotateEverySeconds === 0) return null;
  return (active.activatedAt ?? active.creatingAt) + policy.rotateEverySeconds;
}

/** A wait, in words. @param todo what a person does to end it, where that differs from key to key */
export function wait(rule: RuleName, until: number | null, what: string, key?: KeyRecord, todo = ""): Wait {
  const when = until === null ? "not by itself" : `not before ${timeInWords(until)}`;
  const words = `${what} ${when}: ${RULES[rule]}${todo && `: ${todo}`}`;
  return Object.freeze({ rule, until, words, ...(key === undefined ? {} : { kid: nameOf(key) }) });
}
