import { isSignetError, SignetError } from "../../errors.js";
import { discoveryOf, jwksOf } from "../../keyring/documents.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import type { Keyring } from "../../keyring/keyring.js";
import type { PublicDocuments } from "../../storage/contract.js";
import type { AuditEvent } from "../plan/audit-entry.js";
import { without } from "../plan/records.js";
import { isInJwks, nameOf, type View } from "../plan/view.js";
import type { Context } from "../session/context.js";
import type { Session } from "../session/session.js";

const READ_BACKS = 3;

/** Publishes the keyring's keys, reads them back, and only then records when the new ones were published. */
export async function publishKeys(context: Context, session: Session, view: View): Promise<void> {
  // Since when it was missing is unknown: its time starts again.
  const hasVanished = (key: KeyRecord): boolean =>
    key.state === "pending" && key.publishedAt !== undefined && !isInJwks(key, view.published);
  await changeKeys(session, hasVanished, "key.publication-restarted", (key) => without(key, "publishedAt"));
  const wanted = documentsOf(session.keyring());
  await publishOver(context, session, wanted, view.published);
  await readBack(context, wanted);
  const publishedAt = await session.time();
  const isNew = (key: KeyRecord): boolean => key.state === "pending" && key.publishedAt === undefined;
  await changeKeys(session, isNew, "key.published", (key) => ({ ...key, publishedAt }));
}

async function changeKeys(
  session: Session,
  concerns: (key: KeyRecord) => boolean,
  event: AuditEvent,
  update: (key: KeyRecord) => KeyRecord,
): Promise<void> {
  const concerned = session.keyring().keys.filter(concerns);
  if (concerned.length === 0) return;
  await session.change((keyring) => ({ ...keyring, keys: keyring.keys.map((key) => (concerns(key) ? update(key) : key)) }), {
    event,
    keys: concerned.map(nameOf),
  });
}

// A read may be old: a publication over it is refused, and is tried again over what is read then.
async function publishOver(context: Context, session: Session, wanted: PublicDocuments, read: View["published"]): Promise<void> {
  const { publicDocuments } = context.stores;
  for (let left = READ_BACKS - 1, present = read; !isSame(present, wanted); left--) {
    await session.check();
    try {
      return await publicDocuments.publish(wanted, present?.tag ?? null);
    } catch (error) {
      if (left === 0 || !isSignetError(error, "keyring_conflict")) throw error;
      await pause(context);
      present = await publicDocuments.read();
    }
  }
}

async function pause({ stores, sleep }: Context): Promise<void> {
  if (stores.active.settleSeconds > 0) await sleep(Math.ceil(stores.active.settleSeconds / READ_BACKS));
}

async function readBack(context: Context, wanted: PublicDocuments): Promise<void> {
  const { publicDocuments } = context.stores;
  for (let attempt = 0; attempt < READ_BACKS; attempt++) {
    if (attempt > 0) await pause(context);
    if (isSame(await publicDocuments.read(), wanted)) return;
  }
  throw new SignetError(
    "publication_unconfirmed",
    "the public keys were written but not read back; nothing relies on them until a later tick reads them",
  );
}

/** The public documents of a keyring. */
export function documentsOf(keyring: Keyring): PublicDocuments {
  const discovery = discoveryOf(keyring);
  return discovery === undefined ? { jwks: jwksOf(keyring) } : { jwks: jwksOf(keyring), discovery };
}

/** Whether two publications are the same. */
function isSame(read: PublicDocuments | undefined, wanted: PublicDocuments): boolean {
  return (
    JSON.stringify(read?.jwks) === JSON.stringify(wanted.jwks) &&
    JSON.stringify(read?.discovery) === JSON.stringify(wanted.discovery)
  );
}
