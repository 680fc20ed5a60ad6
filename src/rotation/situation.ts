import type { KeyRecord } from "../keyring/key-record.js";
import { activeRecord, type PolicyInForce } from "../keyring/keyring.js";
import type { Action } from "./actions.js";
import { RULES, type RuleName, timeInWords, type Wait } from "./rules.js";
import { nameOf, recordById, type View } from "./view.js";

/** What the planner's rules work with. */
export interface Situation {
  readonly view: View;
  readonly policy: PolicyInForce;
  readonly now: number;
  readonly active: KeyRecord | undefined;
  /** The key of an activation that is under way. */
  readonly intended: KeyRecord | undefined;
  /** Published keys that may be chosen to sign, the longest published first. */
  readonly standbys: readonly KeyRecord[];
}

/** What a rule answers: something to do, or why something is not done yet. */
export type PlannedStep = Action | Wait;

/** Works out what the rules need. */
export function situationOf(view: View, policy: PolicyInForce, now: number): Situation {
  const { keyring } = view;
  const standbys = keyring.keys
    .filter((key) => isSoundStandby(key) && key.publishedAt !== undefined)
    .sort((a, b) => (a.publishedAt as number) - (b.publishedAt as number));
  const intended = keyring.activation === null ? undefined : recordById(keyring, keyring.activation.id);
  return { view, policy, now, active: activeRecord(keyring), intended, standbys };
}

/** Whether a pending key can be chosen to sign: nothing is known against it, and it was not chosen before. */
export function isSoundStandby(key: KeyRecord): boolean {
  return (
    key.state === "pending" &&
    key.revokedAt === undefined &&
    key.materialLostAt === undefined &&
    // Let sign once, then passed over: it may be signing until the present activation is confirmed.
    key.maxTtlSeconds === undefined
  );
}

/** Whether a key is of the algorithm and custody that the policy wants for new keys. */
export function matches(key: KeyRecord, policy: PolicyInForce): boolean {
  return key.alg === policy.algorithm && key.custody === policy.custody;
}

/** When a key has signed for as long as the policy says; `null` where rotation is by hand. */
export function dueAt(active: KeyRecord, policy: PolicyInForce): number | null {
  if (policy.rotateEverySeconds === 0) return null;
  return (active.activatedAt ?? active.creatingAt) + policy.rotateEverySeconds;
}

/** When a standby has been published for long enough. */
export function readyAt(standby: KeyRecord, policy: PolicyInForce): number {
  return (standby.publishedAt ?? Number.POSITIVE_INFINITY) + policy.publishAheadSeconds;
}

/** A wait, in words. */
export function wait(rule: RuleName, until: number | null, what: string, key?: KeyRecord): Wait {
  const when = until === null ? "not by itself" : `not before ${timeInWords(until)}`;
  const words = `${what} ${when}: ${RULES[rule]}`;
  return Object.freeze({ rule, until, words, ...(key === undefined ? {} : { kid: nameOf(key) }) });
}
