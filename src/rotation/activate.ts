import { isSignetError, SignetError } from "../errors.js";
import type { ActiveDocument } from "../keyring/active-document.js";
import type { KeyRecord } from "../keyring/key-record.js";
import type { ActivationIntent, Keyring } from "../keyring/keyring.js";
import type { Action } from "./actions.js";
import { type Context, custodianOf } from "./context.js";
import { signingUnder, withRecord } from "./records.js";
import { rememberedAllocations } from "./sequence.js";
import type { Session } from "./session.js";
import { recordById } from "./view.js";

/** The longest that one tick waits for the store to settle; a later tick goes on. */
const LONGEST_WAIT_SECONDS = 150;

/** Records that a key shall sign, before anything is written; then goes on with it. */
export async function beginActivation(
  context: Context,
  session: Session,
  action: Extract<Action, { kind: "activate" }>,
): Promise<void> {
  const { id, sequence } = action;
  const before = session.keyring();
  const record = recordById(before, id) as KeyRecord;
  // Asked first: a key whose private part cannot be reached must not be promised.
  await custodianOf(context, record).material(id);
  const { maxTtlSeconds } = before.policy;
  const activation: ActivationIntent = { id, sequence, maxTtlSeconds, intendedAt: context.clock() };
  await session.change((keyring) => ({
    ...withRecord(keyring, id, (key) => signingUnder(key, keyring.policy)),
    activation,
    lastSequence: sequence,
    allocations: [...rememberedAllocations(keyring, context.clock()), { sequence }],
  }));
  await confirmActivation(context, session);
}

/**
 * Brings an intended activation to its end: writes the active document unless it is there, reads it back, waits until every
 * reader sees it, and records who signs.
 */
export async function confirmActivation(context: Context, session: Session): Promise<void> {
  const { activation } = session.keyring();
  if (activation === null) return;
  const record = recordById(session.keyring(), activation.id) as KeyRecord;
  const document = await ensureDocument(context, session, activation, record);
  if (activation.readBackAt === undefined) {
    const readBackAt = context.clock();
    await session.change((keyring) => ({ ...keyring, activation: { ...activation, readBackAt } }));
  }
  if (!(await hasSettled(context, session))) return;
  const now = context.clock();
  await session.change((keyring) => confirmed(keyring, activation, now));
  // The private part has one place: the document holds it now.
  if ("pkcs8" in document.material || "wrapped" in document.material) {
    await session.check();
    await custodianOf(context, record).destroy(activation.id);
  }
}

async function ensureDocument(
  context: Context,
  session: Session,
  activation: ActivationIntent,
  record: KeyRecord,
): Promise<ActiveDocument> {
  const { active } = context.stores;
  const present = (await active.read())[0];
  if (isThatOf(activation, record, present)) return present;
  const document: ActiveDocument = {
    sequence: activation.sequence,
    kid: record.publicJwk?.kid as string,
    alg: record.alg,
    maxTtlSeconds: activation.maxTtlSeconds,
    material: await custodianOf(context, record).material(record.id),
  };
  await session.check();
  await write(context, document);
  const readBack = (await active.read())[0];
  if (isThatOf(activation, record, readBack)) return readBack;
  throw new SignetError(
    "publication_unconfirmed",
    "the active document was written but not read back; the next tick looks again",
  );
}

async function write({ stores }: Context, document: ActiveDocument): Promise<void> {
  try {
    await stores.active.write(document);
  } catch (error) {
    if (!isSignetError(error, "sequence_taken")) throw error;
    // Material may be worded differently each time (an encrypted copy): what counts is who signs, which the read back says.
  }
}

function isThatOf(
  activation: ActivationIntent,
  record: KeyRecord,
  document: ActiveDocument | undefined,
): document is ActiveDocument {
  return document?.sequence === activation.sequence && document.kid === record.publicJwk?.kid && document.alg === record.alg;
}

async function hasSettled(context: Context, session: Session): Promise<boolean> {
  const readBackAt = session.keyring().activation?.readBackAt as number;
  const left = readBackAt + context.stores.active.settleSeconds - context.clock();
  if (left <= 0) return true;
  if (left > LONGEST_WAIT_SECONDS) return false;
  context.onStep({ action: "wait", words: `every reader sees the new active document in ${left} s` });
  await context.sleep(left);
  await session.change((keyring) => keyring);
  return context.clock() >= readBackAt + context.stores.active.settleSeconds;
}

function confirmed(keyring: Keyring, { id, sequence }: ActivationIntent, now: number): Keyring {
  const changes = recordById(keyring, id)?.state !== "active";
  const keys = keyring.keys.map((key): KeyRecord => {
    if (!changes) return key;
    if (key.id === id) return { ...key, state: "active", activatedAt: now };
    return key.state === "active" ? { ...key, state: "retired", retiredAt: now } : key;
  });
  return {
    ...keyring,
    keys,
    activation: null,
    confirmedSequence: sequence,
    rotationRequest: changes ? null : keyring.rotationRequest,
  };
}
