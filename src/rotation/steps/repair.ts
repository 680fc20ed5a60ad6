import { keepsAlike } from "../../custody/contract.js";
import { ownMember } from "../../encoding/own-member.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { isSignetError } from "../../errors.js";
import type { ActiveDocument } from "../../keyring/active-document.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { activeRecord, type Keyring, recordByKid } from "../../keyring/keyring.js";
import { clockIsBehind } from "../plan/planner.js";
import { signingUnder } from "../plan/records.js";
import { nextSequence } from "../plan/sequence.js";
import { IN_USE, isInUse, neededInWords, standingOf, strayInWords } from "../plan/strays.js";
import { isSoundStandby, mayTakeOver } from "../plan/successor.js";
import { documentLimits, stateAfterSigning } from "../plan/transitions.js";
import { documentState, isJwksPublished, isPublished, nameOf, type View } from "../plan/view.js";
import { lossOfLog } from "../session/audit.js";
import type { Context } from "../session/context.js";
import { readBeyond } from "../session/log-beyond.js";
import type { Session } from "../session/session.js";
import { proveKey } from "./prove.js";
import { verdictOf } from "./prove-standbys.js";
import { adoptionOf, wordsOf } from "./put-back.js";
import { searchAll } from "./sweep.js";

/** Something that was changed outside Signet, or that a crash left. */
export interface Finding {
  readonly kind: "clock" | "keyring" | "document" | "jwks" | "private-part" | "orphan" | "lease" | "audit";
  readonly words: string;
  /** What repairs it, in words; `null` where only a person can. */
  readonly remedy: string | null;
}

/** Looks for what is not as the keyring says. Reads, and changes nothing. */
export async function findFaults(context: Context, view: View, now: number): Promise<readonly Finding[]> {
  return [
    ...clockFaults(view.keyring, now),
    ...(await putBack(context, view.keyring)),
    ...(await documentFaults(context, view, now)),
    ...publicFaults(view),
    ...(await auditFaults(context, view.keyring)),
    ...(await proofs(context, view, now)).map(({ words, isDead }) =>
      fault("private-part", words, isDead ? "the key is replaced" : null),
    ),
    ...(await orphans(context, view)),
    ...(await leaseFaults(context, view.keyring)),
  ];
}

function isClockSound(keyring: Keyring, now: number): boolean {
  return clockIsBehind({ view: { keyring }, policy: keyring.policy, now }) === undefined;
}

function clockFaults(keyring: Keyring, now: number): Finding[] {
  if (isClockSound(keyring, now)) return [];
  const remedy = "first make sure that this machine's clock is right; then its times are set back to now";
  return [fault("clock", "the keyring has times that this machine's clock has not reached", remedy)];
}

async function putBack({ stores }: Context, keyring: Keyring): Promise<Finding[]> {
  const beyond = await readBeyond(stores, keyring);
  if (beyond === undefined) return [];
  const remedy = "it is brought up to date by the active document, the audit log and the published keys; nothing is destroyed";
  return [fault("keyring", wordsOf(keyring, beyond), remedy)];
}

function publicFaults(view: View): Finding[] {
  if (isPublished(view)) return [];
  const which = isJwksPublished(view) ? "discovery document" : "JWKS";
  return [fault("jwks", `the published ${which} is not the keyring's`, "the next tick publishes it again")];
}

async function auditFaults({ stores }: Context, keyring: Keyring): Promise<Finding[]> {
  const words = await lossOfLog(stores, keyring);
  return words === undefined ? [] : [fault("audit", words, null)];
}

async function documentFaults(context: Context, view: View, now: number): Promise<Finding[]> {
  const [top] = view.documents;
  if (documentState(view) === "stale")
    return [fault("document", "the active document is missing, or an old one", "it is written again")];
  if (documentState(view) !== "foreign" || top === undefined) return [];
  const record = recordByKid(view.keyring, top.kid);
  if (record === undefined) {
    const remedy = "its key is recorded as active where it is shown to be ours; else it is replaced by the active key's";
    return [fault("document", "the active document names a key that the keyring does not know", remedy)];
  }
  const isAdopted = await canAdopt(context, view, record, now);
  const remedy = isAdopted ? `${nameOf(record)} is recorded as active` : "it is replaced by the active key's";
  return [fault("document", `the active document, not written by a manager, lets key ${nameOf(record)} sign`, remedy)];
}

// Every key that signs, or may some day, and is not proven.
async function proofs(
  context: Context,
  view: View,
  now: number,
): Promise<{ readonly id: string; readonly words: string; readonly isDead: boolean }[]> {
  const found = [];
  for (const key of view.keyring.keys) {
    if (key.state !== "pending" && key.state !== "active") continue;
    const proof = await proveKey(context, view, key, now);
    if (proof.outcome === "proven") continue;
    const isDead = proof.outcome === "dead";
    const words = `key ${nameOf(key)} (${key.state}) ${verdictOf(proof)}`;
    found.push({ id: key.id, words: isDead ? words : `${words}${wayOut(context, key, proof.cause)}`, isDead });
  }
  return found;
}

// Only an operator gives up an unproven key, who knows whether it comes back.
function wayOut(context: Context, key: KeyRecord, cause: unknown): string {
  const custodian = ownMember(context.custodians, key.custody);
  // What is not configured here may hold it elsewhere, as the words of the proof say: nothing tells that the key is lost.
  if (custodian === undefined) return "";
  const isPassphrase = isSignetError(cause, "passphrase_wrong", "passphrase_required");
  // What is in a file of this machine can be taken away, so that the key is known to be lost; a revocation would end its tokens.
  if (isPassphrase || keepsAlike(custodian)) {
    const [first, which, then] = isPassphrase
      ? ["Give the passphrase that opens it. Where that is lost for good", "the key files", "`signet keys apply` and "]
      : ["Where it cannot be brought back", "its key file", ""];
    const tokens = key.state === "active" ? ": tokens verify until they end, which a revocation would end at once" : "";
    return `. ${first}, move ${which} away, then ${then}\`signet keys repair --yes\`${tokens}`;
  }
  const ends = key.state === "active" ? ", which ends its tokens" : "";
  return `. Where it cannot be brought back, give it up: \`signet keys revoke ${asArgument(nameOf(key))}\`${ends}`;
}

// A sweep destroys what is over; of anything else only an operator can say that it is not needed.
async function orphans(context: Context, view: View): Promise<Finding[]> {
  const { keyring } = view;
  const { listings } = await searchAll(context, keyring);
  return listings.flatMap(({ custody, names }) =>
    names.flatMap((name) => {
      const standing = standingOf(keyring, name);
      if (standing === "named") return [];
      const words = strayInWords({ custody, name }, context.custodians);
      if (standing === "over") return [fault("orphan", words, "two sweeps, half a day apart, destroy it")];
      return [fault("orphan", `${words}: ${isInUse(view, name) ? IN_USE : neededInWords(name)}`, null)];
    }),
  );
}

async function leaseFaults({ stores }: Context, { lease }: Keyring): Promise<Finding[]> {
  if (lease === null || (await stores.stateOfHolder(lease.holder)) !== "gone") return [];
  return [fault("lease", "a manager died while it held the lease", "the next tick takes it over")];
}

/** Repairs what was found: records what is true, so that the run which follows can do the rest. */
export async function repairFaults(context: Context, session: Session, view: View): Promise<void> {
  const now = await session.time();
  const lost = new Set((await proofs(context, view, now)).flatMap(({ id, isDead }) => (isDead ? [id] : [])));
  const adoption = isBeyondRecords(view) ? await adoptionOf(context, view, undefined, now) : undefined;
  const isTopOurs = adoption !== undefined && activeRecord(adoption.keyring)?.publicJwk?.kid === view.documents[0]?.kid;
  const adopted = await adoptable(context, view, now);
  await session.change(
    (keyring) => {
      if (isTopOurs) return { ...adoption.keyring, lease: keyring.lease, leases: keyring.leases };
      const timed = isClockSound(keyring, now) ? keyring : setBack(keyring, now);
      const marked = { ...timed, keys: timed.keys.map((key) => (lost.has(key.id) ? { ...key, materialLostAt: now } : key)) };
      const [top] = view.documents;
      const isForeign = documentState({ ...view, keyring }) === "foreign" && top !== undefined;
      return { ...(isForeign ? settled(marked, top, adopted, view, now) : marked), sweptAt: null };
    },
    { event: "keyring.repaired" },
  );
}

// The keyring may be old though the log does not show it: the log was put back with it, or is gone.
function isBeyondRecords({ keyring, documents }: View): boolean {
  const [top] = documents;
  return top !== undefined && (top.sequence > keyring.lastSequence || recordByKid(keyring, top.kid) === undefined);
}

// The active document is the truth on who signs: a key that the keyring knows is recorded as active; any other is replaced.
function settled(keyring: Keyring, top: ActiveDocument, record: KeyRecord | undefined, view: View, now: number): Keyring {
  const lastSequence = Math.max(keyring.lastSequence, top.sequence);
  if (record !== undefined) {
    const keys = keyring.keys.map((key): KeyRecord => {
      if (key.id === record.id) {
        const { retiredAt: _, ...rest } = signingUnder(key, keyring.policy);
        return { ...rest, state: "active", activatedAt: now };
      }
      return key.state === "active" ? { ...key, state: stateAfterSigning(key), retiredAt: now } : key;
    });
    return { ...keyring, keys, activation: null, lastSequence, confirmedSequence: top.sequence };
  }
  const signer = signerOf(keyring);
  const sequence = nextSequence({ ...view, keyring: { ...keyring, lastSequence } }, now, true);
  if (signer === undefined || sequence === undefined) return { ...keyring, lastSequence };
  const allocations = [...keyring.allocations, { sequence: top.sequence }, { sequence }];
  const keys = keyring.keys.map((key) => (key.id === signer.id ? signingUnder(key, keyring.policy) : key));
  const because = activeRecord(keyring) === undefined ? "first" : "repaired";
  const activation = { id: signer.id, sequence, ...documentLimits(keyring), because, intendedAt: now } as const;
  return { ...keyring, keys, activation, allocations, lastSequence: sequence };
}

// Before the first activation was confirmed it is the key of the intent, or a standby.
function signerOf(keyring: Keyring): KeyRecord | undefined {
  const intended = keyring.keys.find(({ id }) => id === keyring.activation?.id);
  return activeRecord(keyring) ?? intended ?? keyring.keys.find((key) => isSoundStandby(key) && mayTakeOver(keyring, key));
}

// The key that the top document names, where it may sign and is proven to.
async function adoptable(context: Context, view: View, now: number): Promise<KeyRecord | undefined> {
  const [top] = view.documents;
  const record = top === undefined ? undefined : recordByKid(view.keyring, top.kid);
  return record !== undefined && (await canAdopt(context, view, record, now)) ? record : undefined;
}

async function canAdopt(context: Context, view: View, record: KeyRecord, now: number): Promise<boolean> {
  const { state, revokedAt } = record;
  if (revokedAt !== undefined || (state !== "active" && state !== "pending" && state !== "retired")) return false;
  return (await proveKey(context, view, record, now)).outcome === "proven";
}

function setBack(keyring: Keyring, now: number): Keyring {
  const back = <T extends object>(record: T): T =>
    Object.fromEntries(Object.entries(record).map(([name, at]) => [name, name.endsWith("At") ? Math.min(at, now) : at])) as T;
  const { keys, activation } = keyring;
  return { ...keyring, keys: keys.map(back), activation: activation && back(activation) };
}

function fault(kind: Finding["kind"], words: string, remedy: string | null): Finding {
  return Object.freeze({ kind, words, remedy });
}
