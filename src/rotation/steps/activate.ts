import { canPoint } from "../../custody/contract.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { ActiveDocument, KeyMaterial } from "../../keyring/active-document.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import type { ActivationIntent, Keyring } from "../../keyring/keyring.js";
import type { Action } from "../plan/actions.js";
import type { AuditNote } from "../plan/audit-entry.js";
import { withRecord } from "../plan/records.js";
import { confirmed, promised, readBack, unread } from "../plan/transitions.js";
import { nameOf, recordById, type View } from "../plan/view.js";
import { type Context, custodianOf, knownOf } from "../session/context.js";
import type { Session } from "../session/session.js";
import { type Doubt, type Proof, proveAmong } from "./prove.js";
import { verdictOf } from "./prove-standbys.js";
import { destroySecondCopy } from "./remove.js";

const READ_BACKS = 3;

/**
 * Proves a key, records that it shall sign, and goes on with it.
 *
 * @returns why it was passed over, where it was not proven: nothing is promised then
 */
export async function beginActivation(
  context: Context,
  session: Session,
  view: View,
  action: Extract<Action, { kind: "activate" }>,
): Promise<Doubt | undefined> {
  const record = recordById(session.keyring(), action.id) as KeyRecord;
  const proof = await proveAmong(context, view, record, await session.time());
  if (proof.outcome !== "proven") return doubted(session, record, proof);
  const now = await session.time();
  await session.change((keyring) => promised(keyring, action, now), {
    event: "key.activation-started",
    keys: [nameOf(record)],
    why: action.because,
    sequence: action.sequence,
  });
  return writeDocument(context, session, view);
}

/**
 * Brings an intended activation one stage further: `write` writes the active document unless it is there, and reads it back;
 * `settle` waits until every reader sees it, and records who signs.
 *
 * @returns why its key was passed over, where it is not proven any more: the intent then goes to another one
 */
export async function confirmActivation(
  context: Context,
  session: Session,
  view: View,
  stage: "write" | "settle",
): Promise<Doubt | undefined> {
  return stage === "write" ? writeDocument(context, session, view) : settle(context, session);
}

// The intent may be another manager's, and old: the writer of the document proves the key again.
async function writeDocument(context: Context, session: Session, view: View): Promise<Doubt | undefined> {
  const { activation } = session.keyring();
  if (activation === null) return undefined;
  const record = recordById(session.keyring(), activation.id) as KeyRecord;
  const proof = await proveAmong(context, view, record, await session.time());
  if (proof.outcome !== "proven") return doubted(session, record, proof);
  if ((await seen(context, activation, record)) === undefined) {
    await session.check();
    await write(context, record, documentOf(session.keyring(), activation, record, proof.material));
    if ((await pollUntilVisible(context, activation, record)) === undefined) {
      throw new SignetError(
        "publication_unconfirmed",
        "the active document was written but not read back; the next tick looks again",
      );
    }
  }
  const now = await session.time();
  await session.change((keyring) => readBack(keyring, now));
  return undefined;
}

function documentOf(
  { version }: Keyring,
  activation: ActivationIntent,
  record: KeyRecord,
  material: KeyMaterial,
): ActiveDocument {
  const { sequence, maxTtlSeconds, endless, maxAgeSeconds } = activation;
  return {
    ...(version === 2 && { version }),
    sequence,
    kid: record.publicJwk?.kid as string,
    alg: record.alg,
    maxTtlSeconds,
    material,
    ...(version === 2 && endless === true && { endless }),
    ...(version === 2 && maxAgeSeconds !== undefined && { maxAgeSeconds }),
  };
}

// A dead key is never chosen again, and an unproven one only when it has been proven.
async function doubted(session: Session, record: KeyRecord, proof: Exclude<Proof, { outcome: "proven" }>): Promise<Doubt> {
  const now = await session.time();
  const isDead = proof.outcome === "dead";
  const mark = isDead ? { materialLostAt: now } : { unprovenAt: now };
  // The key that signs goes on while it is unproven: nothing is recorded against it.
  if (isDead || (record.state === "pending" && record.unprovenAt === undefined)) {
    await session.change((keyring) => withRecord(keyring, record.id, (key) => ({ ...key, ...mark })), {
      event: isDead ? "key.missing" : "key.unproven",
      keys: [nameOf(record)],
      why: proof.why,
    });
  }
  return { id: record.id, words: `key ${nameOf(record)} was passed over: it ${verdictOf(proof)}` };
}

async function write(context: Context, record: KeyRecord, document: ActiveDocument): Promise<void> {
  try {
    await context.stores.active.write(document, custodianOf(context, record).isPlain === true);
  } catch (error) {
    // Another document in its place, or the same one in other words: the read back tells which.
    if (!isSignetError(error, "sequence_taken")) throw error;
  }
}

/** The documents, where an intent's is the top one. */
async function seen(
  { stores }: Context,
  { sequence }: ActivationIntent,
  record: KeyRecord,
): Promise<readonly ActiveDocument[] | undefined> {
  const documents = await stores.active.read();
  const [top] = documents;
  const isOurs = top?.sequence === sequence && top.kid === record.publicJwk?.kid && top.alg === record.alg;
  return isOurs ? documents : undefined;
}

// One read may be old: it is looked for a few times, over less than the store's settling.
async function pollUntilVisible(
  context: Context,
  activation: ActivationIntent,
  record: KeyRecord,
): Promise<readonly ActiveDocument[] | undefined> {
  const pauseSeconds = Math.ceil(context.stores.active.settleSeconds / READ_BACKS);
  for (let attempt = 0; attempt < READ_BACKS; attempt++) {
    if (attempt > 0 && pauseSeconds > 0) await context.sleep(pauseSeconds);
    const documents = await seen(context, activation, record);
    if (documents !== undefined) return documents;
  }
  return undefined;
}

/**
 * The confirming manager has seen the document, has waited the whole settling itself, and sees it again: what another manager's clock says
 * of when it was read back would add two clocks' errors to the wait.
 */
async function settle(context: Context, session: Session): Promise<Doubt | undefined> {
  const { activation } = session.keyring();
  if (activation?.readBackAt === undefined) return undefined;
  const record = recordById(session.keyring(), activation.id) as KeyRecord;
  if ((await pollUntilVisible(context, activation, record)) === undefined) return readBackAnew(session);
  await waitForReaders(context, session, activation);
  const documents = await pollUntilVisible(context, activation, record);
  if (documents === undefined) return readBackAnew(session);
  const keyring = session.keyring();
  const proof = await proveAmong(context, { keyring, documents }, record, await session.time());
  if (proof.outcome !== "proven") return doubted(session, record, proof);
  await point(context, session, record);
  const now = await session.time();
  await session.change((before) => confirmed(before, now), noteOf(keyring, activation, record));
  await destroySecondCopy(context, session);
  return undefined;
}

async function waitForReaders(context: Context, session: Session, { sequence }: ActivationIntent): Promise<void> {
  const { settleSeconds } = context.stores.active;
  // Before the first sequence there was no document that a reader could still see.
  if (settleSeconds === 0 || sequence === 1) return;
  context.onStep({ action: "wait", words: `every reader sees the new active document in ${settleSeconds} s` });
  await context.sleep(settleSeconds);
  // The lease is renewed after every wait.
  await session.change((keyring) => keyring);
}

async function readBackAnew(session: Session): Promise<never> {
  await session.change((keyring) => unread(keyring));
  throw new SignetError(
    "publication_unconfirmed",
    "the active document was read back, but is not to be seen any more; the next tick writes it again",
  );
}

// Done before it is recorded, so that a manager that dies in between is followed by one that does it again.
async function point(context: Context, session: Session, record: KeyRecord): Promise<void> {
  const custodian = custodianOf(context, record);
  if (!canPoint(custodian)) return;
  await session.check();
  await custodian.pointTo(record.id, knownOf(record));
}

function noteOf(keyring: Keyring, { because }: ActivationIntent, record: KeyRecord): AuditNote {
  const before = keyring.keys.filter((key) => key.state === "active" && key.id !== record.id).map(nameOf);
  const why = before.length === 0 ? because : `${because}, in place of ${before.join(", ")}`;
  return { event: "key.activated", keys: [nameOf(record)], why };
}
