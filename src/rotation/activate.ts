import { canPoint } from "../custody/contract.js";
import { isSignetError, SignetError } from "../errors.js";
import type { ActiveDocument, KeyMaterial } from "../keyring/active-document.js";
import type { KeyRecord } from "../keyring/key-record.js";
import type { ActivationIntent, Keyring } from "../keyring/keyring.js";
import type { Action } from "./actions.js";
import type { AuditNote } from "./audit.js";
import { type Context, custodianOf } from "./context.js";
import { withRecord } from "./records.js";
import { destroySecondCopy } from "./remove.js";
import type { Session } from "./session.js";
import { confirmed, promised, readBack } from "./transitions.js";
import { isSelfContained, nameOf, recordById } from "./view.js";

/** The longest that one tick waits for the store to settle; a later tick goes on. */
const LONGEST_WAIT_SECONDS = 150;

/** Records that a key shall sign, before anything is written; then goes on with it. */
export async function beginActivation(
  context: Context,
  session: Session,
  action: Extract<Action, { kind: "activate" }>,
): Promise<void> {
  const record = recordById(session.keyring(), action.id) as KeyRecord;
  // Asked first: a key whose private part is gone must not be promised.
  if ((await materialOf(context, session, record)) === undefined) return;
  const now = await session.time();
  await session.change((keyring) => promised(keyring, action, now), {
    event: "key.promised",
    keys: [nameOf(record)],
    why: action.because,
  });
  await writeDocument(context, session);
}

/**
 * Brings an intended activation one stage further: `write` writes the active document unless it is there, and reads it back;
 * `settle` waits until every reader sees it, and records who signs.
 */
export async function confirmActivation(context: Context, session: Session, stage: "write" | "settle"): Promise<void> {
  await (stage === "write" ? writeDocument(context, session) : settle(context, session));
}

async function writeDocument(context: Context, session: Session): Promise<void> {
  const { activation } = session.keyring();
  if (activation === null) return;
  const record = recordById(session.keyring(), activation.id) as KeyRecord;
  if (!(await isVisible(context, activation, record))) {
    const material = await materialOf(context, session, record);
    if (material === undefined) return;
    await session.check();
    await write(context, documentOf(session.keyring(), activation, record, material));
    if (!(await isVisible(context, activation, record))) {
      throw new SignetError(
        "publication_unconfirmed",
        "the active document was written but not read back; the next tick looks again",
      );
    }
  }
  const now = await session.time();
  await session.change((keyring) => readBack(keyring, now));
}

function documentOf(
  { version }: Keyring,
  activation: ActivationIntent,
  record: KeyRecord,
  material: KeyMaterial,
): ActiveDocument {
  const { sequence, maxTtlSeconds } = activation;
  return {
    ...(version === 2 && { version }),
    sequence,
    kid: record.publicJwk?.kid as string,
    alg: record.alg,
    maxTtlSeconds,
    material,
  };
}

// What the next document must hold. A key that signs already may have its private part in the present document alone.
async function materialOf(context: Context, session: Session, record: KeyRecord): Promise<KeyMaterial | undefined> {
  const kid = record.publicJwk?.kid;
  const present = (await context.stores.active.read()).find(
    (document) => document.kid === kid && isSelfContained(document.material),
  );
  if (present !== undefined) return present.material;
  try {
    return await custodianOf(context, record).material(record.id);
  } catch (error) {
    if (!isSignetError(error, "key_not_found")) throw error;
    const materialLostAt = await session.time();
    await session.change((keyring) => withRecord(keyring, record.id, (key) => ({ ...key, materialLostAt })), {
      event: "key.missing",
      keys: [nameOf(record)],
      why: "its custodian has no private part of it",
    });
    return undefined;
  }
}

async function write({ stores }: Context, document: ActiveDocument): Promise<void> {
  try {
    await stores.active.write(document);
  } catch (error) {
    // Another document in its place, or the same one in other words: the read back tells which.
    if (!isSignetError(error, "sequence_taken")) throw error;
  }
}

async function isVisible({ stores }: Context, { sequence }: ActivationIntent, record: KeyRecord): Promise<boolean> {
  const [top] = await stores.active.read();
  return top?.sequence === sequence && top.kid === record.publicJwk?.kid && top.alg === record.alg;
}

async function settle(context: Context, session: Session): Promise<void> {
  const { activation } = session.keyring();
  if (activation?.readBackAt === undefined) return;
  // Before the first document there was none that a reader could still see.
  const isFirst = session.keyring().confirmedSequence === 0;
  const settledAt = activation.readBackAt + (isFirst ? 0 : context.stores.active.settleSeconds);
  const left = settledAt - (await session.time());
  if (left > LONGEST_WAIT_SECONDS) return;
  if (left > 0) {
    context.onStep({ action: "wait", words: `every reader sees the new active document in ${left} s` });
    await context.sleep(left);
    await session.change((keyring) => keyring);
  }
  const now = await session.time();
  if (now < settledAt) return;
  const record = recordById(session.keyring(), activation.id) as KeyRecord;
  await point(context, session, record);
  await session.change((keyring) => confirmed(keyring, now), noteOf(session.keyring(), activation, record));
  await destroySecondCopy(context, session);
}

// Done before it is recorded, so that a manager that dies in between is followed by one that does it again.
async function point(context: Context, session: Session, record: KeyRecord): Promise<void> {
  const custodian = custodianOf(context, record);
  if (!canPoint(custodian)) return;
  await session.check();
  await custodian.pointTo(record.id);
}

function noteOf(keyring: Keyring, { because }: ActivationIntent, record: KeyRecord): AuditNote {
  const before = keyring.keys.filter((key) => key.state === "active" && key.id !== record.id).map(nameOf);
  const why = before.length === 0 ? because : `${because}, in place of ${before.join(", ")}`;
  return { event: "key.activated", keys: [nameOf(record)], why };
}
