import type { Keyring } from "../../keyring/keyring.js";
import type { Stores } from "../../storage/contract.js";
import { type AuditEntry, parsedEntry } from "../plan/audit-entry.js";
import { type AuditVerdict, beginsChain, entriesIn, firstFault, linesOf, verdictOn } from "./audit.js";

/** The audit log as it was read. */
export interface ReadLog {
  readonly history: readonly AuditEntry[];
  readonly verdict: AuditVerdict;
  /** When the whole of it was read, as NumericDate. */
  readonly checkedAt: number;
}

type Log = Pick<Stores, "audit">;
type Head = Pick<Keyring, "audit">;

/**
 * Reads the log, and judges it.
 *
 * @param known the log as it was read before: where it was whole, only what was added is read, and has to continue it; else all is read again
 */
export async function judgedLog(stores: Log, keyring: Head, now: number, known?: ReadLog): Promise<ReadLog> {
  const grown = known?.verdict.isIntact === true ? await grownLog(stores, keyring, known) : undefined;
  if (grown !== undefined) return grown;
  const lines = await linesOf(stores);
  return { history: entriesIn(lines, keyring), verdict: verdictOn(lines, keyring.audit) };
}

async function grownLog(stores: Log, keyring: Head, known: ReadLog): Promise<ReadLog | undefined> {
  const { count, head, entry } = keyring.audit;
  const { count: before, head: last } = known.verdict;
  if (head === last) return known;
  const added = await linesOf(stores, before);
  // As where the whole of it is judged: the last entry may stand in the keyring alone.
  if (before + added.length === count - 1) added.push({ text: entry, entry: parsedEntry(entry) });
  const continues = added[0]?.entry?.previous === last && !added.some((line) => beginsChain(line.entry));
  if (!continues || firstFault(added, before, count, head) !== null) return undefined;
  const history = [...known.history, ...added.flatMap((line) => line.entry ?? [])];
  return { history, verdict: { isIntact: true, count, head, fault: null } };
}
