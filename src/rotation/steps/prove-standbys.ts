import type { KeyRecord } from "../../keyring/key-record.js";
import { activeRecord } from "../../keyring/keyring.js";
import type { AuditEvent } from "../plan/audit-entry.js";
import { without, withRecord } from "../plan/records.js";
import { awaitsProof } from "../plan/successor.js";
import { documentState, nameOf, type View } from "../plan/view.js";
import type { Context } from "../session/context.js";
import type { Session } from "../session/session.js";
import { type Doubt, type Proof, proveAmong } from "./prove.js";

type Unproven = Exclude<Proof, { outcome: "proven" }>;

/**
 * Proves every standby, days before one is needed. Dead ones are recorded as lost, and are given up; unproven ones are passed over
 * until they are proven.
 *
 * @param active what is held against the key that signs
 * @returns a sentence for each that is not proven
 */
export async function proveStandbys(
  context: Context,
  session: Session,
  view: View,
  active: Doubt | undefined,
): Promise<readonly Doubt[]> {
  const doubts: Doubt[] = [];
  // Where the key that signs is gone as well, a folder is not mounted or files were mixed up: nothing is given up then.
  const mayGiveUp = active === undefined;
  for (const record of session.keyring().keys.filter(awaitsProof)) {
    const now = await session.time();
    const proof = await proveAmong(context, view, record, now);
    await recordProof(session, record, proof, { now, mayGiveUp });
    if (proof.outcome !== "proven") doubts.push(standbyDoubt(record, proof));
  }
  return doubts;
}

/** Proves every standby as a run would, and records nothing. */
export async function doubtStandbys(context: Context, view: View, now: number): Promise<readonly Doubt[]> {
  const doubts: Doubt[] = [];
  for (const record of view.keyring.keys.filter(awaitsProof)) {
    const proof = await proveAmong(context, view, record, now);
    if (proof.outcome !== "proven") doubts.push(standbyDoubt(record, proof));
  }
  return doubts;
}

function standbyDoubt(record: KeyRecord, proof: Unproven): Doubt {
  return { id: record.id, words: `standby ${nameOf(record)} ${verdictOf(proof)}` };
}

/** Why an issuer that starts now could not sign with the active key; `undefined` where it could, or where it is not clear which key it is. */
export async function doubtActive(context: Context, view: View, now: number): Promise<Doubt | undefined> {
  const record = activeRecord(view.keyring);
  if (record === undefined || documentState(view) !== "confirmed") return undefined;
  const proof = await proveAmong(context, view, record, now);
  return proof.outcome === "proven"
    ? undefined
    : { id: record.id, words: `the key that signs, ${nameOf(record)}, ${verdictOf(proof)}` };
}

/** What a proof that failed says of a key. */
export function verdictOf({ outcome, why }: Unproven): string {
  return outcome === "dead" ? `has lost its private part: ${why}` : `could not be proven: ${why}`;
}

async function recordProof(
  session: Session,
  record: KeyRecord,
  proof: Proof,
  { now, mayGiveUp }: { readonly now: number; readonly mayGiveUp: boolean },
): Promise<void> {
  const change = (event: AuditEvent, update: (key: KeyRecord) => KeyRecord, why?: string) =>
    session.change((keyring) => withRecord(keyring, record.id, update), {
      event,
      keys: [nameOf(record)],
      ...(why === undefined ? {} : { why }),
    });
  if (proof.outcome === "proven") {
    if (record.unprovenAt !== undefined) await change("key.proven", (key) => without(key, "unprovenAt"));
  } else if (proof.outcome === "dead" && mayGiveUp) {
    await change("key.missing", (key) => ({ ...key, materialLostAt: now }), proof.why);
  } else if (record.unprovenAt === undefined) {
    await change("key.unproven", (key) => ({ ...key, unprovenAt: now }), proof.why);
  }
}
