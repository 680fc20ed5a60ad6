import type { AuditHead, Keyring } from "../../keyring/keyring.js";
import type { Stores } from "../../storage/contract.js";
import { type AuditEntry, hashOf, parsedEntry } from "./audit.js";

/** What the audit log has that the keyring knows nothing of. */
export interface LogBeyond {
  /** The oldest first; lines that are no entries are left out. */
  readonly entries: readonly AuditEntry[];
  /** Where the log goes on. */
  readonly last: AuditHead;
  /** True where the lines continue the keyring's own chain, none of them altered or missing: then they are what managers wrote. */
  readonly isIntact: boolean;
}

/**
 * Reads what stands in the audit log beyond the keyring. The keyring is written before the log: such a line was written under a keyring
 * that came after this one, so an old keyring was put back, or this one was read late. Who holds the lease knows which.
 *
 * @returns `undefined` where the log has nothing more
 */
export async function readBeyond({ audit }: Pick<Stores, "audit">, { audit: head }: Pick<Keyring, "audit">) {
  const lines: string[] = [];
  for await (const line of audit.read(Math.max(0, head.count - 1))) lines.push(line);
  // The keyring's own entry is in the log, or on its way there; another one in its place was written under another keyring.
  if (lines[0] === head.entry) lines.shift();
  const own = parsedEntry(head.entry);
  const entries = lines.map(parsedEntry);
  const isForked = entries[0]?.number === head.count && head.count > 0;
  const last = entries.findLast((entry) => entry !== undefined);
  if (last === undefined || last.number < head.count) return undefined;
  const isIntact = isChain(entries, lines, isForked ? (own?.previous ?? "") : head.head, isForked ? head.count : head.count + 1);
  const text = lines[entries.lastIndexOf(last)] as string;
  return {
    entries: entries.filter((entry) => entry !== undefined),
    last: { count: last.number, head: hashOf(text), entry: text },
    isIntact,
  } satisfies LogBeyond;
}

function isChain(entries: readonly (AuditEntry | undefined)[], lines: readonly string[], before: string, first: number): boolean {
  return entries.every((entry, index) => {
    const previous = index === 0 ? before : hashOf(lines[index - 1] as string);
    return entry?.number === first + index && entry.previous === previous;
  });
}
