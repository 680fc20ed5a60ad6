import { SignetError } from "../errors.js";
import { discoveryOf, jwksOf } from "../keyring/documents.js";
import type { Keyring } from "../keyring/keyring.js";
import type { PublicDocuments } from "../storage/contract.js";
import type { Context } from "./context.js";
import { without } from "./records.js";
import type { Session } from "./session.js";
import { isInJwks, type View } from "./view.js";

const READ_BACKS = 3;

/** Publishes the keyring's keys, reads them back, and only then records when the new ones were published. */
export async function publishKeys(context: Context, session: Session, view: View): Promise<void> {
  const { publicDocuments } = context.stores;
  const hasVanished = (key: Keyring["keys"][number]): boolean =>
    key.state === "pending" && key.publishedAt !== undefined && !isInJwks(key, view.published);
  // Nobody knows since when it was missing: its time starts again.
  if (session.keyring().keys.some(hasVanished)) {
    await session.change((keyring) => ({
      ...keyring,
      keys: keyring.keys.map((key) => (hasVanished(key) ? without(key, "publishedAt") : key)),
    }));
  }
  const wanted = documentsOf(session.keyring());
  if (!isSame(view.published, wanted)) {
    await session.check();
    await publicDocuments.publish(wanted, view.published?.tag ?? null);
  }
  await readBack(context, wanted);
  const publishedAt = context.clock();
  const isNew = (key: Keyring["keys"][number]): boolean => key.state === "pending" && key.publishedAt === undefined;
  if (session.keyring().keys.some(isNew)) {
    await session.change((keyring) => ({
      ...keyring,
      keys: keyring.keys.map((key) => (isNew(key) ? { ...key, publishedAt } : key)),
    }));
  }
}

async function readBack(context: Context, wanted: PublicDocuments): Promise<void> {
  const { active, publicDocuments } = context.stores;
  for (let attempt = 0; attempt < READ_BACKS; attempt++) {
    if (attempt > 0 && active.settleSeconds > 0) await context.sleep(Math.ceil(active.settleSeconds / READ_BACKS));
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

function isSame(read: PublicDocuments | undefined, wanted: PublicDocuments): boolean {
  return (
    JSON.stringify(read?.jwks) === JSON.stringify(wanted.jwks) &&
    JSON.stringify(read?.discovery) === JSON.stringify(wanted.discovery)
  );
}
