import { isSignetError, SignetError } from "../errors.js";
import type { AuditHead, Keyring } from "../keyring/keyring.js";
import { existingKeyring } from "./operations.js";
import { type Outcome, run } from "./run.js";
import { type AuditVerdict, flushAudit, verifyAudit } from "./session/audit.js";
import type { Context } from "./session/context.js";
import { readBeyond } from "./session/log-beyond.js";
import type { Session } from "./session/session.js";
import { working } from "./with-lease.js";

/** So far beyond the last entry garbage is looked for; the log of no installation comes there. */
const FAR = 1_000_000;

/**
 * Begins a new chain of the audit log where the one that there is was deleted or altered: its first entry names the head that the old
 * one had.
 *
 * @throws SignetError `plan_refused` where the log is whole
 */
export async function beginAudit(context: Context): Promise<AuditVerdict> {
  const { fault, count, head } = await verifyAudit(context.stores, await existingKeyring(context));
  if (fault === null) throw new SignetError("plan_refused", "the audit log is whole: there is nothing to begin anew");
  const why = `line ${fault.number} of the log before: ${fault.words}; it had ${count} entries, and the head ${head}`;
  const begin = async (session: Session): Promise<Outcome> => {
    await session.change((keyring) => keyring, { event: "audit.begun", why }, await endOfLog(context.stores, session.keyring()));
    return run(context, session);
  };
  await working(context, begin, { adoptAltered: false });
  return verifyAudit(context.stores, await existingKeyring(context));
}

/**
 * Where a new chain goes on. Where another line stands in the place of the keyring's last entry, that entry is given up with the lines before
 * it; and in S3, where nothing is written over, no entry can have a number that something else has taken.
 */
async function endOfLog(stores: Context["stores"], keyring: Keyring): Promise<AuditHead> {
  const beyond = await readBeyond(stores, keyring);
  if (beyond === undefined) {
    await flushAudit(stores, keyring.audit).catch((error) => {
      if (!isSignetError(error, "store_failed")) throw error;
    });
  }
  const last = beyond?.last ?? keyring.audit;
  return { ...last, count: await lastTaken(stores, last.count) };
}

async function lastTaken({ audit }: Context["stores"], from: number): Promise<number> {
  const isTakenBeyond = async (number: number): Promise<boolean> => {
    for await (const _ of audit.read(number)) return true;
    return false;
  };
  if (!(await isTakenBeyond(from))) return from;
  let [low, high] = [from, from + 1];
  while (high < from + FAR && (await isTakenBeyond(high))) [low, high] = [high, Math.min(from + FAR, high + 2 * (high - from))];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isTakenBeyond(middle)) low = middle;
    else high = middle;
  }
  return high;
}
