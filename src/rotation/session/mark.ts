import { SignetError } from "../../errors.js";
import type { Keyring } from "../../keyring/keyring.js";
import { hashOf } from "../plan/audit-entry.js";

/**
 * What names the state of an issuer's keys: it changes with every change of a key, of the policy or of what was asked for, and with nothing
 * else.
 */
export function markOfKeys({ keys, policy, activation, rotationRequest, confirmedSequence }: Keyring): string {
  return hashOf(JSON.stringify({ keys, policy, activation, rotationRequest, confirmedSequence }));
}

/** @throws SignetError `keyring_conflict` where the keys are in another state than the one that was looked at */
export function assertExpected(keyring: Keyring, expected: string | undefined): void {
  if (expected === undefined || expected === markOfKeys(keyring)) return;
  throw new SignetError(
    "keyring_conflict",
    "the keys have changed since you looked, and nothing was done: look again at what would be done",
  );
}
