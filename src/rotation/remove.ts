import type { KeyRecord } from "../keyring/key-record.js";
import { type Context, custodianOf } from "./context.js";
import { withoutKey } from "./records.js";
import type { Session } from "./session.js";
import { recordById } from "./view.js";

/** Deletes an active document that is over, and lets its place rest from now on. */
export async function deleteDocument(context: Context, session: Session, sequence: number): Promise<void> {
  await session.check();
  await context.stores.active.delete(sequence);
  const freedAt = context.clock();
  await session.change((keyring) => ({
    ...keyring,
    allocations: [...keyring.allocations.filter((allocation) => allocation.sequence !== sequence), { sequence, freedAt }],
  }));
}

/** Destroys a key's private part, then forgets the key; the next publication is without it. */
export async function removeKey(context: Context, session: Session, id: string): Promise<void> {
  const record = recordById(session.keyring(), id);
  if (record === undefined) return;
  if (record.origin !== "foreign") {
    await session.check();
    await custodianOf(context, record).destroy(id);
  }
  await session.change((keyring) => withoutKey(keyring, id));
}

/** Destroys every private key that no record names. */
export async function sweep(context: Context, session: Session): Promise<number> {
  const found: [KeyRecord["custody"], string][] = [];
  for (const custodian of Object.values(context.custodians)) {
    for await (const id of custodian.list()) found.push([custodian.custody, id]);
  }
  // Listed first, then a write that proves the keyring to be the newest: a key that was listed was recorded before that.
  const sweptAt = context.clock();
  await session.change((keyring) => ({ ...keyring, sweptAt }));
  const orphans = found.filter(([, id]) => recordById(session.keyring(), id) === undefined);
  for (const [custody, id] of orphans) await custodianOf(context, { custody }).destroy(id);
  return orphans.length;
}
