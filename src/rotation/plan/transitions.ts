import type { KeyRecord } from "../../keyring/key-record.js";
import { type ActivationIntent, type Keyring, recordByKid } from "../../keyring/keyring.js";
import type { Action } from "./actions.js";
import { signingUnder, without, withRecord } from "./records.js";
import { rememberedAllocations } from "./sequence.js";
import { wasLetSign } from "./successor.js";
import { recordById } from "./view.js";

/** What an active document says beside its key, by the policy in force. */
export function documentLimits({
  version,
  policy,
}: Keyring): Pick<ActivationIntent, "maxTtlSeconds" | "endless" | "maxAgeSeconds"> {
  const { maxTtlSeconds, allowsUnlimitedTokens, activeKeyMaxAgeSeconds: maxAgeSeconds } = policy;
  if (version === 1) return { maxTtlSeconds };
  return { maxTtlSeconds, ...(allowsUnlimitedTokens && { endless: true as const }), ...(maxAgeSeconds > 0 && { maxAgeSeconds }) };
}

/** An activation is intended: recorded before anything of it is written. */
export function promised(keyring: Keyring, action: Extract<Action, { kind: "activate" }>, now: number): Keyring {
  const { id, sequence, because } = action;
  return {
    // What was retired, and signs again, is retired no more.
    ...withRecord(keyring, id, ({ retiredAt: _, ...key }) => signingUnder(key, keyring.policy)),
    activation: { id, sequence, ...documentLimits(keyring), because, intendedAt: now },
    lastSequence: sequence,
    allocations: [...rememberedAllocations(keyring, now), { sequence }],
  };
}

/** The new active document was read back: revoked keys are not needed any more, and leave with the next publication. */
export function readBack(keyring: Keyring, now: number): Keyring {
  const { activation } = keyring;
  if (activation === null) return keyring;
  const isOver = (key: KeyRecord): boolean =>
    key.revokedAt !== undefined && key.id !== activation.id && (key.state === "active" || key.state === "pending");
  return {
    ...keyring,
    activation: { ...activation, readBackAt: now },
    keys: keyring.keys.map((key) => (isOver(key) ? { ...key, state: "revoked" } : key)),
  };
}

/** The new active document is not to be seen any more: its read back starts anew. */
export function unread(keyring: Keyring): Keyring {
  if (keyring.activation === null) return keyring;
  const { readBackAt: _, ...activation } = keyring.activation;
  return { ...keyring, activation };
}

/** The new active document has settled: its key signs, and what signed before has signed until now. */
export function confirmed(keyring: Keyring, now: number): Keyring {
  const { activation } = keyring;
  if (activation === null) return keyring;
  const changes = recordById(keyring, activation.id)?.state !== "active";
  const keys = keyring.keys.map((key): KeyRecord => {
    if (key.id === activation.id) return changes ? { ...key, state: "active", activatedAt: now } : key;
    // For all that is known it has signed until now. One that was taken back is passed over where another key signs, and waits on where the
    // document alone is another one.
    const mayHaveSigned = key.state === "active" || wasLetSign(changes ? without(key, "retiredAt") : key);
    if (!mayHaveSigned) return key;
    return {
      ...key,
      state: stateAfterSigning(key),
      activatedAt: key.activatedAt ?? now,
      retiredAt: now,
    };
  });
  const rotationRequest = changes ? null : keyring.rotationRequest;
  return { ...keyring, keys, activation: null, confirmedSequence: activation.sequence, rotationRequest };
}

/** What becomes of a key that has signed and does so no more: one that was revoked meanwhile leaves the JWKS at once. */
export function stateAfterSigning({ revokedAt }: Pick<KeyRecord, "revokedAt">): "retired" | "revoked" {
  return revokedAt === undefined ? "retired" : "revoked";
}

/** An active document was deleted: its slot rests from now on. */
export function freed(keyring: Keyring, sequence: number, now: number): Keyring {
  const others = keyring.allocations.filter((allocation) => allocation.sequence !== sequence);
  return { ...keyring, allocations: [...others, { sequence, freedAt: now }] };
}

/**
 * A retired key's document was readable until now, for whatever reason: an issuer may have signed with it until now, and its
 * time starts again.
 */
export function signedUntil(keyring: Keyring, kid: string | undefined, now: number): Keyring {
  const record = kid === undefined ? undefined : recordByKid(keyring, kid);
  if (record?.state !== "retired" || record.retiredAt === undefined || record.origin === "foreign") return keyring;
  const retiredAt = Math.max(record.retiredAt, now);
  return withRecord(keyring, record.id, (key) => ({ ...key, retiredAt }));
}

/** A standby that is not needed leaves: recorded before it is destroyed, so that no manager lets it sign meanwhile. */
export function discarded(keyring: Keyring, id: string): Keyring {
  return withRecord(keyring, id, (key) => ({ ...key, state: "revoked" }));
}
