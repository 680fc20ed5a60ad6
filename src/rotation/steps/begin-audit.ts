import { isSignetError, SignetError } from "../../errors.js";
import type { AuditHead, Keyring } from "../../keyring/keyring.js";
import { type AuditVerdict, flushAudit, verifyAudit } from "../session/audit.js";
import type { Context } from "../session/context.js";
import { readBeyond } from "../session/log-beyond.js";
import type { Session } from "../session/session.js";

/** So far beyond the last entry garbage is looked for; the log of no installation comes there. */
const FAR = 1_000_000;

/** What is wrong with a log that was deleted or altered. */
type BrokenLog = AuditVerdict & { readonly fault: NonNullable<AuditVerdict["fault"]> };

/** The verdict on a log after a new chain was begun. */
export type BegunChain = AuditVerdict & {
  /** The head of the chain before, as the new one's first entry names it. */
  readonly headBefore: string;
};

/** @throws SignetError `plan_refused` where the log is whole */
export function assertBroken(verdict: AuditVerdict): asserts verdict is BrokenLog {
  if (verdict.fault === null) throw new SignetError("plan_refused", "the audit log is whole: it needs no new chain");
}

/**
 * Begins a new chain of the audit log: its first entry names the head that the old one had, which is answered.
 *
 * @throws SignetError `plan_refused` where the log is whole: another manager has begun one meanwhile
 */
export async function beginChain({ stores }: Context, session: Session): Promise<string> {
  const verdict = await verifyAudit(stores, session.keyring());
  assertBroken(verdict);
  const { fault, count, head } = verdict;
  const why = `line ${fault.number} of the log before: ${fault.words}; it had ${count} entries, and the head ${head}`;
  await session.change((keyring) => keyring, { event: "audit.begun", why }, await endOfLog(stores, session.keyring()));
  return head;
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
