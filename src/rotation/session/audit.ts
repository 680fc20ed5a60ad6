import { SignetError } from "../../errors.js";
import type { AuditHead, Keyring } from "../../keyring/keyring.js";
import type { Stores } from "../../storage/contract.js";
import { type AuditEntry, type AuditNote, hashOf, parsedEntry } from "../plan/audit-entry.js";

/** The head after one more change. The entry stands in the keyring with it, so the log can never miss what the keyring has. */
export function nextHead(head: AuditHead, note: AuditNote, at: number, actor: string): AuditHead {
  const { event, keys, why, ...facts } = note;
  const entry: AuditEntry = {
    number: head.count + 1,
    at,
    actor,
    event,
    ...(keys === undefined ? {} : { keys }),
    ...(why === undefined ? {} : { why }),
    ...facts,
    previous: head.head,
  };
  const text = JSON.stringify(entry);
  return { count: entry.number, head: hashOf(text), entry: text };
}

/** Appends the keyring's last entry to the log; again is success. */
export async function flushAudit({ audit }: Stores, head: AuditHead): Promise<void> {
  if (head.count > 0) await audit.append(head.count, head.entry);
}

/** What is known of an audit log. */
export interface AuditVerdict {
  readonly isIntact: boolean;
  readonly count: number;
  /** To be kept elsewhere: a log and a keyring that were both rewritten show only against it. */
  readonly head: string;
  /** The first line that was removed or altered, and how it shows; `null` where none was. */
  readonly fault: { readonly number: number; readonly words: string } | null;
}

/** Checks the log against the keyring's head and count. */
export async function verifyAudit({ audit }: Pick<Stores, "audit">, keyring: Pick<Keyring, "audit">): Promise<AuditVerdict> {
  const { count, head, entry } = keyring.audit;
  const lines: string[] = [];
  for await (const line of audit.read()) lines.push(line);
  // Where a new chain was begun, what stands before it was given up; the new chain names the head that it had.
  const chain = lines.slice(Math.max(0, lines.findLastIndex(beginsChain)));
  const before = beginsChain(chain[0] ?? "") ? (parsedEntry(chain[0] as string)?.number as number) - 1 : 0;
  // The last entry stands in the keyring too: a manager that died before it reached the log has lost nothing.
  if (before + chain.length === count - 1 && count > 0) chain.push(entry);
  const fault = firstFault(chain, before, count, head);
  return { isIntact: fault === null, count, head, fault };
}

/**
 * Whether the log was deleted, or has lost its beginning.
 *
 * @returns what to say and to do; `undefined` where its first entry is there
 */
export async function lossOfLog({ audit }: Pick<Stores, "audit">, keyring: Pick<Keyring, "audit">): Promise<string | undefined> {
  const { count, entry } = keyring.audit;
  // A first entry may not have reached the log yet.
  if (count < 2 || beginsChain(entry)) return undefined;
  for await (const line of audit.read()) if (parsedEntry(line)?.number === 1 || beginsChain(line)) return undefined;
  return "the audit log was deleted, or has lost its beginning: put it back, or run `signet audit begin`";
}

/** Whether a new chain begins with a line. */
export function beginsChain(line: string): boolean {
  return parsedEntry(line)?.event === "audit.begun";
}

/** The first fault of a chain's lines. @param before how many entries stand before them */
export function firstFault(lines: readonly string[], before: number, count: number, head: string): AuditVerdict["fault"] {
  const entries = lines.map(parsedEntry);
  const continues = (index: number): boolean =>
    hashOf(lines[index] as string) === (index + 1 < lines.length ? entries[index + 1]?.previous : head);
  for (const [index, entry] of entries.entries()) {
    const number = before + index + 1;
    if (entry === undefined) return { number, words: "the line is no entry" };
    if (entry.number !== number) return { number, words: `the line was removed: entry ${entry.number} stands in its place` };
    if (number > count)
      return { number, words: `the keyring knows of ${count} entries: the line was added, or the keyring is old` };
    // Where the next line is not the next entry, what is missing is the fault.
    const next = entries[index + 1];
    const isFollowed = index + 1 < lines.length ? next?.number === number + 1 : number === count;
    if (!isFollowed || continues(index)) continue;
    const isNextDoubtful = next !== undefined && !continues(index + 1);
    return { number, words: isNextDoubtful ? "the line, or the next one, was altered" : "the line was altered" };
  }
  if (before + lines.length >= count) return null;
  return { number: before + lines.length + 1, words: `the log ends here, but the keyring knows of ${count} entries` };
}

/**
 * The entries of the log, the oldest first; lines that are no entries are left out.
 *
 * @param after the number of the last entry that is not wanted
 */
export async function readHistory(
  { audit }: Pick<Stores, "audit">,
  keyring: Pick<Keyring, "audit"> | undefined,
  after = 0,
): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const line of audit.read(after)) {
    const entry = parsedEntry(line);
    if (entry !== undefined) entries.push(entry);
  }
  const last = parsedEntry(keyring?.audit.entry ?? "");
  if (last !== undefined && last.number === (entries.at(-1)?.number ?? after) + 1) entries.push(last);
  return entries;
}

/** Of a request for a rotation; Secrets Manager's tokens are UUIDs. The keyring keeps it, which everybody reads. */
const MAX_TOKEN = 128;

/** @throws SignetError `usage` for the name of a request that the keyring has no room for */
export function assertRequestToken(token: string | undefined): void {
  if (token === undefined || (token !== "" && token.length <= MAX_TOKEN)) return;
  throw new SignetError("usage", `a rotation's token has 1 to ${MAX_TOKEN} characters`, { field: "token" });
}

/** @throws SignetError `usage` where a reason cannot stand in one line */
export function assertReason(reason: string | undefined): void {
  if (reason === undefined || (reason !== "" && reason.length <= 500)) return;
  throw new SignetError("usage", "a reason has 1 to 500 characters", { field: "reason" });
}
