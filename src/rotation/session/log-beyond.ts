import { SignetError } from "../../errors.js";
import type { AuditHead, Keyring } from "../../keyring/keyring.js";
import type { Stores } from "../../storage/contract.js";
import { type AuditEntry, hashOf, parsedEntry } from "../plan/audit-entry.js";
import type { Context } from "./context.js";
import type { Session } from "./session.js";

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

/**
 * Makes sure that the keyring is the newest, before anything is destroyed because it says so: a run begins with that, and a person's word
 * or a long search may lie between.
 *
 * @throws SignetError `keyring_old` where the audit log goes on beyond it
 */
export async function assertNewest({ stores }: Context, session: Session): Promise<void> {
  if ((await readBeyond(stores, session.keyring())) === undefined) return;
  // Another manager may have written it since our read: then this is no session any more.
  await session.check();
  throw new SignetError(
    "keyring_old",
    "the audit log goes on where the keyring ends: an old keyring was put back, so nothing is destroyed; run `signet keys repair`",
  );
}
