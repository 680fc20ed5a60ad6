import type { KeyRecord } from "../../keyring/key-record.js";
import type { Keyring, PolicyInForce } from "../../keyring/keyring.js";

/** Whether a pending key can be chosen to sign: nothing is known against it, and it was not chosen before. */
export function isSoundStandby(key: KeyRecord): boolean {
  return awaitsProof(key) && !wasLetSign(key);
}

/**
 * Whether a pending key was let sign, and passed over then: it may be signing until the present activation is confirmed. One that was retired, and
 * taken back, was not let sign since.
 */
export function wasLetSign({
  state,
  maxTtlSeconds,
  retiredAt,
}: Pick<KeyRecord, "state" | "maxTtlSeconds" | "retiredAt">): boolean {
  return state === "pending" && maxTtlSeconds !== undefined && retiredAt === undefined;
}

/** Whether a key is one that may sign some day, for which it has to be proven. */
export function awaitsProof({ state, revokedAt, materialLostAt }: KeyRecord): boolean {
  return state === "pending" && revokedAt === undefined && materialLostAt === undefined;
}

/** Whether a key is of the algorithm and custody that the policy wants for new keys. */
export function matches(key: KeyRecord, policy: PolicyInForce): boolean {
  return key.alg === policy.algorithm && key.custody === policy.custody;
}

/** When a standby has been published for long enough. */
export function readyAt(standby: KeyRecord, policy: PolicyInForce): number {
  return (standby.publishedAt ?? Number.POSITIVE_INFINITY) + policy.publishAheadSeconds;
}

/** Whether a person has said that a key was uploaded to verifiers, and shall sign. */
export function isUploaded({ rotationRequest }: Pick<Keyring, "rotationRequest">, { publicJwk }: KeyRecord): boolean {
  return publicJwk !== undefined && publicJwk.kid === rotationRequest?.uploaded;
}

/** Whether a standby may take over: where keys are uploaded, after the first one, only by a person's word. */
export function mayTakeOver(keyring: Keyring, standby: KeyRecord): boolean {
  return keyring.policy.byUpload !== true || keyring.confirmedSequence === 0 || isUploaded(keyring, standby);
}

/**
 * From when on a standby may sign. An uploaded key is known at once to whom it was uploaded; others may read the JWKS where the issuer's URL
 * leads to it.
 */
export function signsFrom({ policy, issuer }: Keyring, standby: KeyRecord): number {
  return policy.byUpload === true && issuer === null
    ? (standby.publishedAt ?? Number.POSITIVE_INFINITY)
    : readyAt(standby, policy);
}

/** Published keys that may be chosen to sign, the longest published first; none that could not be proven. */
export function publishedStandbys({ keys }: Pick<Keyring, "keys">): readonly KeyRecord[] {
  return keys
    .filter((key) => isSoundStandby(key) && key.unprovenAt === undefined && key.publishedAt !== undefined)
    .sort((a, b) => (a.publishedAt as number) - (b.publishedAt as number));
}

/** Published keys that sign only once a person has said that they were uploaded. */
export function awaitingUpload(keyring: Keyring): readonly KeyRecord[] {
  return publishedStandbys(keyring).filter((key) => !mayTakeOver(keyring, key));
}

/** The standbys of a planned rotation in the order in which they sign; each has to wait until it is ready. */
export function plannedSuccessors(standbys: readonly KeyRecord[], policy: PolicyInForce): readonly KeyRecord[] {
  return standbys.filter((key) => matches(key, policy));
}

/** The keys that sign next where nothing goes wrong, in their order; where keys are uploaded, the one that was or is to be. */
export function nextKeys(keyring: Keyring): readonly KeyRecord[] {
  const standbys = publishedStandbys(keyring);
  const planned = plannedSuccessors(standbys, keyring.policy);
  if (keyring.policy.byUpload !== true) return planned;
  return [...standbys.filter((key) => isUploaded(keyring, key)), ...planned].slice(0, 1);
}

/** The standby that takes over at once where it has to be: one that verifiers know, before one that they may not know yet. */
export function successorAtOnce(standbys: readonly KeyRecord[], policy: PolicyInForce, now: number): KeyRecord | undefined {
  const rank = (key: KeyRecord): number => (readyAt(key, policy) <= now ? 0 : 2) + (matches(key, policy) ? 0 : 1);
  return [...standbys].sort((a, b) => rank(a) - rank(b))[0];
}
