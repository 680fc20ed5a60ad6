import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import type { Keyring, PolicyInForce, RotationPolicy } from "../../keyring/keyring.js";
import { minPublishAheadSeconds, SLOWEST_CACHE_SECONDS } from "../../settings/times.js";

/** The settings that a manager works with. They take effect when the keyring is made, and afterwards through `applySettings`. */
export interface RotationSettings
  extends Pick<PolicyInForce, "algorithm" | "custody" | "maxTtlSeconds" | "allowsUnlimitedTokens"> {
  /** The issuer's URL; `null` where claims bring their own `iss`. */
  readonly issuer: string | null;
  readonly policy: RotationPolicy;
}

/** Of the ten slots in the JWKS so many stay free for what moves: the active key and two standbys. */
export const MOVING_SLOTS = 3;

/** A slot that a sleeping manager may still delete is not used again so soon. */
export const SLOT_REST_SECONDS = 86_400;

/** How often the custodians are searched for keys that no record names. */
export const SWEEP_EVERY_SECONDS = 43_200;

/** How much earlier than needed the second standby is made, so that a tick that comes late delays no rotation. */
export const PREPARE_EARLIER_SECONDS = 3_600;

/** How long after a key's successor was activated a token that Signet signed with it may still be accepted. */
export function retentionSeconds(record: KeyRecord, policy: PolicyInForce): number {
  const { maxAgeSeconds = 0, maxTtlSeconds = policy.maxTtlSeconds } = record;
  // Four skews: two managers, an issuer and a verifier, each off to the worse side, use them up exactly.
  return Math.max(maxAgeSeconds, policy.activeKeyMaxAgeSeconds) + maxTtlSeconds + 4 * policy.clockSkewSeconds;
}

/** Whether a key has tokens of which Signet does not know when they end: it was imported, or signed without expiry. */
function needsWord(record: KeyRecord): boolean {
  return record.origin !== "created" || record.signedWithoutExpiry === true;
}

/** When a retired key may leave; `undefined` where only the operator's word (`tokensExpireBy`) can say. */
export function removableAt(record: KeyRecord, policy: PolicyInForce): number | undefined {
  if (isPermanent(record)) return undefined;
  const byWord = needsWord(record) ? (record.tokensExpireBy as number) + 2 * policy.clockSkewSeconds : 0;
  const hasSigned = record.activatedAt !== undefined && record.retiredAt !== undefined;
  return Math.max(byWord, hasSigned ? (record.retiredAt as number) + retentionSeconds(record, policy) : 0);
}

/** Whether a key can never leave by itself. */
export function isPermanent(record: KeyRecord): boolean {
  return record.tokensExpireBy === undefined && needsWord(record);
}

/** How many slots of the JWKS are taken by keys that never leave by themselves. */
export function permanentKeys(keyring: Keyring): number {
  return keyring.keys.filter((record) => record.state !== "revoked" && isPermanent(record)).length;
}

/**
 * Refuses a policy that cannot be kept.
 *
 * @throws SignetError `plan_refused`, with the sum that is not met
 */
export function assertPolicy(policy: PolicyInForce): void {
  const { rotateEverySeconds, publishAheadSeconds, clockSkewSeconds } = policy;
  const least = minPublishAheadSeconds(clockSkewSeconds);
  if (publishAheadSeconds < least) {
    throw new SignetError(
      "plan_refused",
      `publishAheadSeconds is ${publishAheadSeconds}, but verifiers may keep a JWKS for ${SLOWEST_CACHE_SECONDS} seconds and two ` +
        `clocks may be off by ${clockSkewSeconds} each: set it to ${least} or more`,
      { field: "rotation.publishAheadSeconds" },
    );
  }
  if (rotateEverySeconds === 0) return;
  if (rotateEverySeconds < publishAheadSeconds) {
    throw new SignetError(
      "plan_refused",
      `rotateEverySeconds is ${rotateEverySeconds}, shorter than publishAheadSeconds (${publishAheadSeconds}): no standby would ` +
        "ever be old enough; set it to 0 (by hand) or longer",
      { field: "rotation.rotateEverySeconds" },
    );
  }
  const kept = policy.activeKeyMaxAgeSeconds + policy.maxTtlSeconds + 4 * clockSkewSeconds;
  const retired = Math.ceil(kept / rotateEverySeconds);
  if (retired > 10 - MOVING_SLOTS) {
    throw new SignetError(
      "plan_refused",
      `with a key every ${rotateEverySeconds} seconds and tokens that live up to ${policy.maxTtlSeconds}, ${retired} retired keys would ` +
        `stay published; ${10 - MOVING_SLOTS} can: rotate less often or issue shorter tokens`,
      { field: "rotation.rotateEverySeconds" },
    );
  }
}

/** The policy that settings ask for. */
export function policyOf(settings: RotationSettings, version: number): PolicyInForce {
  const { policy, maxTtlSeconds, allowsUnlimitedTokens, algorithm, custody } = settings;
  const { publishAheadSeconds, activeKeyMaxAgeSeconds, clockSkewSeconds, byUpload = false } = policy;
  const rotateEverySeconds = byUpload ? 0 : policy.rotateEverySeconds;
  const rotation = { rotateEverySeconds, publishAheadSeconds, activeKeyMaxAgeSeconds, clockSkewSeconds };
  // Managers that do not know it read a keyring without it.
  return { version, ...rotation, ...(byUpload && { byUpload }), maxTtlSeconds, allowsUnlimitedTokens, algorithm, custody };
}
