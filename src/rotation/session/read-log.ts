import type { Keyring } from "../../keyring/keyring.js";
import type { Stores } from "../../storage/contract.js";
import { type AuditEntry, parsedEntry } from "../plan/audit-entry.js";
import { type AuditVerdict, beginsChain, firstFault, readHistory, verifyAudit } from "./audit.js";

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
 * Reads the log once, and judges it.
 *
 * @param known the log as it was read before: where it was whole, only what was added is read, and has to continue it; else all is read again
 */
export async function judgedLog(stores: Log, keyring: Head, now: number, known?: ReadLog): Promise<ReadLog> {
  const grown = known?.verdict.isIntact === true ? await grownLog(stores, keyring, known) : undefined;
  if (grown !== undefined) return grown;
  const lines = await linesOf(stores, 0);
  const read = async function* (after = 0): AsyncGenerator<string> {
    yield* lines.slice(after);
  };
  const once = { audit: { ...stores.audit, read } };
  return { history: await readHistory(once, keyring), verdict: await verifyAudit(once, keyring), checkedAt: now };
}

async function grownLog(stores: Log, keyring: Head, known: ReadLog): Promise<ReadLog | undefined> {
  const { count, head, entry } = keyring.audit;
  const { count: before, head: last } = known.verdict;
  if (head === last) return known;
  const added = await linesOf(stores, before);
  // As where the whole of it is judged: the last entry may stand in the keyring alone.
  if (before + added.length === count - 1) added.push(entry);
  const entries = added.flatMap((line) => parsedEntry(line) ?? []);
  const continues = entries[0]?.previous === last && !added.some(beginsChain);
  if (!continues || firstFault(added, before, count, head) !== null) return undefined;
  const history = [...known.history, ...entries];
  return { history, verdict: { isIntact: true, count, head, fault: null }, checkedAt: known.checkedAt };
}

async function linesOf({ audit }: Log, after: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of audit.read(after)) lines.push(line);
  return lines;
}
