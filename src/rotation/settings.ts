import { SignetError } from "../errors.js";
import type { Keyring } from "../keyring/keyring.js";
import type { Context } from "./context.js";
import { assertPolicy, policyOf, type RotationSettings } from "./policy.js";
import { signingUnder } from "./records.js";
import type { Session } from "./session.js";

/**
 * Puts the manager's settings in force. What tokens may need from now on is recorded with the keys that sign before any issuer
 * can read of it.
 *
 * @returns whether anything changed
 * @throws SignetError `plan_refused` where the policy cannot be kept
 */
export async function applyPolicy(context: Context, session: Session): Promise<boolean> {
  const before = session.keyring().policy;
  const next = policyOf(context.settings, before.version);
  if (JSON.stringify(next) === JSON.stringify(before)) return false;
  assertPolicy(next);
  const policy = { ...next, version: before.version + 1 };
  await session.change((keyring) => ({
    ...keyring,
    policy,
    keys: keyring.keys.map((key) => (isSigning(keyring, key.id) ? signingUnder(key, policy) : key)),
  }));
  return true;
}

/**
 * Refuses settings of another issuer: with another `iss`, every verifier would refuse every token.
 *
 * @throws SignetError `plan_refused`
 */
export function assertSameIssuer(settings: RotationSettings, keyring: Keyring): void {
  if (settings.issuer === keyring.issuer) return;
  throw new SignetError(
    "plan_refused",
    `the keyring belongs to ${keyring.issuer ?? "an issuer without a URL"}, the settings to ${settings.issuer ?? "one without"}: ` +
      "set the issuer's URL back, or make a new installation for the new one",
    { field: "issuer" },
  );
}

function isSigning(keyring: Keyring, id: string): boolean {
  return keyring.keys.some((key) => key.id === id && key.state === "active") || keyring.activation?.id === id;
}
