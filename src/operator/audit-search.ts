import type { AuditEntry, AuditEvent } from "../rotation/plan/audit-entry.js";

/** An entry of the audit log, with its event in words. */
export interface ShownEntry extends Pick<AuditEntry, "number" | "at" | "actor" | "event"> {
  readonly words: string;
  readonly keys: readonly string[];
  readonly why: string | null;
}

/** Which entries are wanted. */
interface AuditSearch {
  /** What an entry has to hold, in upper or lower case. */
  readonly search?: string | undefined;
  /** Only entries before this number. */
  readonly before?: number | undefined;
}

/** What was found, the newest first. */
export interface FoundEntries {
  readonly entries: readonly ShownEntry[];
  /** Whether there are older ones. */
  readonly more: boolean;
}

const WORDS: Readonly<Record<AuditEvent, string>> = {
  "issuer.created": "the issuer was made",
  "issuer.restored": "the issuer was restored from a backup",
  "policy.changed": "another policy came into force",
  "rotation.requested": "a rotation was asked for",
  "rotation.withdrawn": "the rotation that was asked for was withdrawn",
  "key.creation-started": "a key is to be made",
  "key.made": "a key was made",
  "key.abandoned": "a key that was to be made was given up",
  "key.published": "a key was published",
  "key.publication-restarted": "a key's publication was begun anew",
  "key.activation-started": "a key is to sign",
  "key.activated": "a key signs",
  "key.missing": "a key's private part is missing",
  "key.unproven": "a key could not be proven",
  "key.proven": "a key was proven again",
  "key.discarded": "a standby was given up",
  "key.revoked": "a key was revoked",
  "key.expiry-set": "an operator said when a key's last token ends",
  "key.imported": "a key was imported",
  "key.recalled": "a retired key may sign again",
  "key.removed": "a key was removed",
  "lease.unlocked": "a lease was taken from its holder",
  "key.destroyed": "a private key was destroyed",
  "audit.begun": "a new chain was begun",
  "jwks.planted": "a key was found in the JWKS that no manager had put there",
  "keyring.repaired": "the keyring was repaired",
  "keyring.put-back": "an old keyring was brought up to date",
};

/**
 * Searches the log.
 *
 * @param history the oldest first
 * @param most how many entries are answered
 */
export function searchHistory(history: readonly AuditEntry[], { search, before }: AuditSearch, most: number): FoundEntries {
  const wanted = search?.toLowerCase() ?? "";
  const entries: ShownEntry[] = [];
  for (const entry of history.toReversed()) {
    if (before !== undefined && entry.number >= before) continue;
    const shown = shownEntry(entry);
    if (!holds(shown, wanted)) continue;
    if (entries.length === most) return { entries, more: true };
    entries.push(shown);
  }
  return { entries, more: false };
}

// A log that a later version has written may have events that this one does not know.
function shownEntry({ number, at, actor, event, keys = [], why }: AuditEntry): ShownEntry {
  const words = Object.hasOwn(WORDS, event) ? WORDS[event] : event;
  return { number, at, actor, event, words, keys, why: why ?? null };
}

function holds({ number, actor, event, words, keys, why }: ShownEntry, wanted: string): boolean {
  if (wanted === "") return true;
  return [String(number), actor, event, words, why ?? "", ...keys].some((text) => String(text).toLowerCase().includes(wanted));
}
