import type { Keyring } from "../../keyring/keyring.js";
import { hashOf, parsedEntry } from "../../rotation/plan/audit-entry.js";
import { readBeyond } from "../../rotation/session/log-beyond.js";
import { type Fate, fatesOf } from "../../rotation/steps/fates.js";
import type { AuditStore } from "../../storage/contract.js";
import { damaged, type Files, wholeLines } from "./contents.js";
import type { ProvenBackup } from "./prove.js";

/**
 * How a place's history stands to a backup's. `ahead`: what is there continues the backup's chain. `torn`: it does, with a line that is damaged or
 * missing, so that not all that was done since is known. `lost`: nothing tells. `forked`: both were changed since they were one, or what is there is
 * another issuer's.
 */
export type History = "same" | "ahead" | "torn" | "behind" | "forked" | "lost";

/** The audit log of some files, as a store that is read. */
export function logOf(files: Files): AuditStore {
  return {
    append: () => Promise.reject(damaged("it is only read")),
    async *read(after = 0) {
      for (const [index, line] of linesOf(files).entries()) if ((parsedEntry(line)?.number ?? index + 1) > after) yield line;
    },
  };
}

/** By the log that is there, where no keyring is. Only a chain without a hole is believed to say all that was done since. */
export async function historyByLog(files: Files, { keyring, files: own }: ProvenBackup): Promise<History> {
  const lines = linesOf(files);
  const last = lines.at(-1);
  if (last === undefined) return "lost";
  const { entry, count } = keyring.audit;
  const beyond = await readBeyond({ audit: logOf(files) }, keyring);
  if (beyond?.isIntact === true && beyond.entries[0]?.number === count + 1) return "ahead";
  // The keyring is written before the log: it may have had one entry more.
  const before = parsedEntry(entry)?.previous;
  if (beyond === undefined && (last === entry || hashOf(last) === before)) return "same";
  if (isContinued(lines, keyring) || (beyond === undefined && lines.some((line) => hashOf(line) === before))) return "torn";
  return beyond === undefined && linesOf(own).includes(last) ? "behind" : "forked";
}

// Whether the keyring's last entry is in a log, or the one after it, which names its hash: no other issuer's log has either.
function isContinued(lines: readonly string[], { audit: { count, head, entry } }: Keyring): boolean {
  return lines.some((line) => {
    if (line === entry) return true;
    const { number, previous } = parsedEntry(line) ?? {};
    return number === count + 1 && previous === head;
  });
}

/** By the keyring that is there. Where the log was lost, the counts decide. */
export function historyByKeyring({ audit: here }: Keyring, files: Files, { keyring, files: own }: ProvenBackup): History {
  const { count, head } = keyring.audit;
  if (here.count === count) return here.head === head ? "same" : "forked";
  const [longer, at, wanted] = here.count > count ? [files, count, head] : [own, here.count, here.head];
  const line = linesOf(longer).find((each) => parsedEntry(each)?.number === at);
  if (line !== undefined && hashOf(line) !== wanted) return "forked";
  return here.count > count ? "ahead" : "behind";
}

/** How a key came to be over: revoked, given up before it signed, or removed once its tokens had ended, or after a revocation that is not told. */
export type Ending = "revoked" | "given up" | "removed";

/** The keys of which the log that is there says that they are over since the backup, whole or not, by their kids. */
export function overByLog(files: Files, { keyring }: ProvenBackup): ReadonlyMap<string, Ending> {
  const entries = linesOf(files).flatMap((line) => parsedEntry(line) ?? []);
  const fates = fatesOf(entries.filter(({ number }) => number > keyring.audit.count));
  return new Map([...fates].flatMap(([kid, fate]) => endingOf(fate).map((ending) => [kid, ending] as const)));
}

function endingOf({ revokedAt, isDiscarded, endedAt }: Fate): Ending[] {
  if (revokedAt !== undefined) return ["revoked"];
  if (isDiscarded === true) return ["given up"];
  return endedAt === undefined ? [] : ["removed"];
}

function linesOf(files: Files): readonly string[] {
  return wholeLines(files.get("audit.jsonl"));
}
