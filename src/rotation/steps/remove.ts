import type { KeyRecord } from "../../keyring/key-record.js";
import { activeRecord } from "../../keyring/keyring.js";
import { withEnded } from "../plan/strays.js";
import { discarded, freed, signedUntil } from "../plan/transitions.js";
import { nameOf, recordById, type View } from "../plan/view.js";
import { type Context, custodianOf, knownOf } from "../session/context.js";
import { assertNewest } from "../session/log-beyond.js";
import type { Session } from "../session/session.js";

/** Deletes an active document that is over, and lets its slot rest from now on. */
export async function deleteDocument(context: Context, session: Session, view: View, sequence: number): Promise<void> {
  await session.check();
  await context.stores.active.delete(sequence);
  const now = await session.time();
  const kid = view.documents.find((document) => document.sequence === sequence)?.kid;
  await session.change((keyring) => signedUntil(freed(keyring, sequence, now), kid, now));
}

/** Takes a standby out of use. Recorded before anything is destroyed, so that no other manager lets it sign meanwhile. */
export async function discardKey(session: Session, id: string): Promise<void> {
  const record = recordById(session.keyring(), id);
  if (record === undefined) return;
  await session.change((keyring) => discarded(keyring, id), {
    event: "key.discarded",
    keys: [nameOf(record)],
    why: "a standby that is not needed",
  });
}

/** Destroys a key's private part, then forgets the key; the next publication is without it. */
export async function removeKey(context: Context, session: Session, id: string): Promise<void> {
  const record = recordById(session.keyring(), id);
  if (record === undefined) return;
  if (record.origin !== "foreign") {
    await assertNewest(context, session);
    await session.check();
    await custodianOf(context, record).destroy(id, knownOf(record));
  }
  const now = await session.time();
  await session.change((keyring) => withEnded(keyring, record, now), {
    event: "key.removed",
    keys: [nameOf(record)],
    why: whyRemoved(record),
  });
}

function whyRemoved({ state, revokedAt, reason }: KeyRecord): string {
  if (state === "retired") return "its tokens have expired";
  if (revokedAt === undefined) return "a standby that is not needed";
  return reason === undefined ? "revoked" : `revoked: ${reason}`;
}

/** The private part has one home: where the confirmed document holds it, the custodian's own copy goes. */
export async function destroySecondCopy(context: Context, session: Session): Promise<void> {
  const { activation, confirmedSequence } = session.keyring();
  const record = activeRecord(session.keyring());
  if (record === undefined || activation !== null) return;
  const [top] = await context.stores.active.read();
  if (top?.sequence !== confirmedSequence || top.kid !== record.publicJwk?.kid) return;
  const custodian = custodianOf(context, record);
  if (custodian.isSelfContained !== true || !custodian.recognises(top.material)) return;
  await session.check();
  await custodian.destroy(record.id, knownOf(record));
}
