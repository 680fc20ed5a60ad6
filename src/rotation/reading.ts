import { isSignetError, SignetError } from "../errors.js";
import type { ActiveDocument } from "../keyring/active-document.js";
import { activeRecord, type Keyring } from "../keyring/keyring.js";
import type { PublishedDocuments } from "../storage/contract.js";
import { without } from "./plan/records.js";
import { isInJwks, recordById, type View } from "./plan/view.js";
import { type Context, keyringMissing } from "./session/context.js";
import { type LogBeyond, readBeyond } from "./session/log-beyond.js";
import { judgedLog, type ReadLog } from "./session/read-log.js";
import { readViewWithRetries } from "./session/read-view.js";
import { documentsOf } from "./steps/publish.js";

/** A keyring, and what was read beside it. */
interface Reading<T> {
  readonly keyring: Keyring;
  readonly read: T;
  /** True where managers wrote all the while: what was read may be of different moments. */
  readonly isMoving: boolean;
}

/** What a run begins with: what a plan is made of, and what the audit log has beyond the keyring. */
export interface Beginning {
  readonly view: View;
  readonly beyond: LogBeyond | undefined;
}

/** Why a source was not read; `undefined` where it was. */
export interface Unread {
  readonly published: SignetError | undefined;
  readonly document: SignetError | undefined;
}

const ATTEMPTS = 3;
/** A log that is whole can be deleted or altered while the keyring stays as it is. */
const CHECKED_SECONDS = 300;

/**
 * Reads the keyring, then what stands beside it, then the keyring once more: where it has changed meanwhile, what was read is of two moments,
 * and is read again.
 *
 * @throws SignetError `keyring_missing`
 */
export async function readAtOnce<T>(context: Context, read: (keyring: Keyring) => Promise<T>): Promise<Reading<T>> {
  let current = await context.stores.keyring.read();
  for (let attempt = 1; ; attempt++) {
    if (current === undefined) throw keyringMissing(context);
    const { keyring, tag } = current;
    const answer = await read(keyring);
    current = await context.stores.keyring.read();
    const isMoving = current?.tag !== tag;
    if (!isMoving || attempt === ATTEMPTS) return { keyring, read: answer, isMoving };
  }
}

/**
 * The same, for what would be a fault if it were of two moments: no verdict is given over keys that are being changed.
 *
 * @throws SignetError `keyring_missing`; `lease_held` where managers wrote all the while
 */
export async function readStill<T>(
  context: Context,
  read: (keyring: Keyring) => Promise<T>,
): Promise<Omit<Reading<T>, "isMoving">> {
  for (let attempt = 1; ; attempt++) {
    const { isMoving, ...reading } = await readAtOnce(context, read);
    if (!isMoving) return reading;
    if (attempt === ATTEMPTS)
      throw new SignetError("lease_held", "another manager is changing keys: try again when it has ended");
    await context.sleep(1);
  }
}

/** Whether no manager has written since a keyring was read: else a key that is not found may have been removed by right. */
export async function isUnchanged({ stores }: Context, keyring: Keyring): Promise<boolean> {
  return JSON.stringify((await stores.keyring.read())?.keyring) === JSON.stringify(keyring);
}

/**
 * Reads what a run would begin with, without its lease. Where a manager writes meanwhile, no old keyring was put back; and an answer may be as
 * old as the store needs to settle.
 *
 * @throws SignetError `keyring_missing`
 */
export async function readBeginning(context: Context): Promise<Beginning> {
  const look = () =>
    readAtOnce(context, async (keyring) => ({
      beyond: await readBeyond(context.stores, keyring),
      view: await readViewWithRetries(context, keyring),
    }));
  const first = await look();
  const { settleSeconds } = context.stores.active;
  const isDoubtful = first.read.beyond !== undefined && !first.isMoving && settleSeconds > 0;
  if (isDoubtful) await context.sleep(settleSeconds);
  const { read, isMoving } = isDoubtful ? await look() : first;
  return isMoving ? { view: read.view, beyond: undefined } : read;
}

/**
 * A context in which documents that cannot be read are taken to be as the keyring says. One source that fails takes no other one with it; and
 * who looks after an issuer need not have the right to sign for it, which who reads active documents may have.
 *
 * @param keyring asked where one was not read
 */
export function forgiving(
  context: Context,
  keyring: () => Promise<Keyring>,
): { readonly context: Context; readonly unread: Unread } {
  const { stores } = context;
  const unread: { -readonly [Source in keyof Unread]: Unread[Source] } = { published: undefined, document: undefined };
  async function orElse<T>(source: keyof Unread, read: Promise<T>, by: (keyring: Keyring) => T): Promise<T> {
    const { answer, failure } = await settled(read);
    unread[source] = failure;
    return failure === undefined ? (answer as T) : by(await keyring());
  }
  return {
    unread,
    context: {
      ...context,
      stores: {
        ...stores,
        active: { ...stores.active, read: () => orElse("document", stores.active.read(), documentsBy) },
        publicDocuments: {
          ...stores.publicDocuments,
          read: () => orElse<PublishedDocuments | undefined>("published", stores.publicDocuments.read(), publishedBy),
        },
      },
    },
  };
}

/** What was answered, or why nothing was. What nothing foresaw is thrown. */
export async function settled<T>(read: Promise<T>): Promise<{ readonly answer?: T; readonly failure?: SignetError }> {
  try {
    return { answer: await read };
  } catch (failure) {
    if (isSignetError(failure)) return { failure };
    throw failure;
  }
}

function documentsBy(keyring: Keyring): readonly ActiveDocument[] {
  const { activation, confirmedSequence, policy } = keyring;
  // Its document was read back: issuers sign by it.
  const taking = activation?.readBackAt === undefined ? undefined : recordById(keyring, activation.id);
  const signing = taking ?? activeRecord(keyring);
  if (signing?.publicJwk === undefined) return [];
  const sequence = taking === undefined ? confirmedSequence : (activation?.sequence ?? confirmedSequence);
  return [{ sequence, kid: signing.publicJwk.kid, alg: signing.alg, maxTtlSeconds: policy.maxTtlSeconds, material: {} }];
}

function publishedBy(keyring: Keyring): PublishedDocuments {
  return { ...documentsOf(keyring), tag: "unread" };
}

/** The view without the time at which a standby was published where the JWKS that was read lacks it: its time starts again. */
export function asVerifiersSee(view: View): View {
  const keys = view.keyring.keys.map((key) =>
    key.state !== "pending" || key.publishedAt === undefined || isInJwks(key, view.published) ? key : without(key, "publishedAt"),
  );
  return { ...view, keyring: { ...view.keyring, keys } };
}

/**
 * Reads the log, and judges it.
 *
 * @param known the log as it was read before: of one that was whole lately only what was added is read
 */
export async function readLog({ stores, clock }: Context, keyring: Keyring, known?: ReadLog): Promise<ReadLog> {
  const now = clock();
  const isRecent = known !== undefined && now - known.checkedAt < CHECKED_SECONDS;
  return judgedLog(stores, keyring, now, isRecent ? known : undefined);
}
