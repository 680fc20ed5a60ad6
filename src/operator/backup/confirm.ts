import { join } from "node:path";
import type { Installation } from "../../assemble.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { createFile, PRIVATE_FILE, removeFile } from "../../files/durable.js";
import { withProcessLock } from "../../files/process-lock.js";
import { readTrustedText } from "../../files/trusted-read.js";
import { type ActivationIntent, type AuditHead, type Keyring, recordByKid } from "../../keyring/keyring.js";
import { keyringText, parseKeyring } from "../../keyring/parse.js";
import type { AuditNote } from "../../rotation/plan/audit-entry.js";
import { flushAudit, nextHead } from "../../rotation/session/audit.js";
import { readBeyond } from "../../rotation/session/log-beyond.js";
import type { Stores } from "../../storage/contract.js";
import { clockBehind } from "./clock.js";
import { type Mark, markIn, readMark } from "./mark.js";
import { restoreLockIn } from "./place.js";
import { isRevoked, REASONS, withRevoked } from "./revoked-since.js";

/**
 * How far the sequence leaps at least. What still runs of the original, or followed it over a shared folder, knows documents beyond the backup's: it
 * takes none of an earlier sequence, and the copy's first one has to be later than any that the original, or an earlier copy, can have written since.
 */
const LEAP = 1_000;

/** What makes a confirmed copy. */
interface Confirming {
  /** NumericDate. */
  readonly at: number;
  /** Who says that the original is gone, for the audit log. */
  readonly actor: string;
  /** The kids of keys that the original has revoked since the backup was made: none of them signs here. */
  readonly revoked?: readonly string[];
  /** The operator's word that the clock is right, though it has not reached times of the keyring: `signet keys repair` sets these back. */
  readonly isClockRight?: boolean;
}

/**
 * Lets a restored copy be the issuer: its keyring comes into place, with the operator's word in its audit log, and the next tick proves the key
 * and writes the active document. Killed at any instant, it leaves the mark or the keyring; the same command goes on.
 *
 * @returns the mark that was there; its backup says since when the original may have done what the copy does not know of
 * @throws SignetError `usage` where no copy waits to be confirmed, `key_not_found` for a revoked key that it does not have, `clock_untrusted` by
 *   a clock that is behind the keyring, without a word on it
 */
export async function confirmCopy(
  { config, stores }: Pick<Installation, "config" | "stores">,
  confirming: Confirming,
): Promise<Mark> {
  const { directory } = config;
  const path = join(directory, "keyring.json");
  const confirmed = async (): Promise<Mark> => {
    const mark = await readMark(directory);
    if (mark === undefined) {
      throw new SignetError(
        "usage",
        `there is no restored copy in ${directory} that waits for your word; nothing was changed. One that has it goes on by \`signet keys tick\``,
      );
    }
    const behind = clockBehind(mark.keyring, confirming.at);
    if (behind !== undefined && confirming.isClockRight !== true) {
      throw new SignetError(
        "clock_untrusted",
        `${behind}: set the clock where it is wrong, else confirm again, and say that it is right; nothing was changed`,
      );
    }
    if ((await readTrustedText("document", path)) === undefined) {
      const keyring = await confirmedKeyring(stores, mark, confirming);
      await createFile(path, keyringText(keyring), PRIVATE_FILE);
    }
    await assertOwn(path, mark, confirming);
    await removeFile(markIn(directory));
    return mark;
  };
  // A restore that is at work would write its mark again beside the keyring.
  return withProcessLock(restoreLockIn(directory), () => withProcessLock(`${path}.lock`, confirmed));
}

async function confirmedKeyring(stores: Stores, mark: Mark, { at, actor, revoked = [] }: Confirming): Promise<Keyring> {
  const isLogAhead = (await readBeyond(stores, mark.keyring)) !== undefined;
  const keyring = withRevoked(mark.keyring, revoked, { at, isLogAhead });
  const digest = await stores.placeDigest?.();
  const lastSequence = Math.max(keyring.lastSequence + LEAP, at);
  const { activation } = keyring;
  return {
    ...keyring,
    version: 2,
    ended: keyring.ended ?? [],
    lastSequence,
    // A document that was intended is written under the new sequence, and read back anew.
    ...(activation !== null && {
      activation: { ...unread(activation), sequence: lastSequence, intendedAt: Math.min(activation.intendedAt, at) },
      allocations: [...keyring.allocations, { sequence: lastSequence }],
    }),
    audit: await wordInLog(stores, mark, { at, actor, revoked, lastSequence }),
    ...(digest !== undefined && { lastPlace: { digest, at } }),
  };
}

/**
 * Writes the word into the audit log, all but the last entry, which comes with the keyring as ever.
 *
 * @returns the keyring's head. Where the log goes on beyond the backup it is that of the backup: so the next tick sees an old keyring, and brings it
 *   up to date by the log
 */
async function wordInLog(
  stores: Stores,
  { keyring, madeAt }: Mark,
  { at, actor, revoked, lastSequence }: Required<Omit<Confirming, "isClockRight">> & { readonly lastSequence: number },
): Promise<AuditHead> {
  const beyond = (await readBeyond(stores, keyring))?.last;
  let head = beyond ?? keyring.audit;
  await flushAudit(stores, head);
  const why = `from the backup of ${dateInWords(madeAt)}: the original is gone, by the operator's word`;
  const notes: readonly AuditNote[] = [
    ...(revoked.length === 0 ? [] : [{ event: "key.revoked", keys: revoked, why: REASONS.word } as const]),
    { event: "issuer.restored", why, sequence: lastSequence },
  ];
  for (const [index, note] of notes.entries()) {
    head = nextHead(head, note, at, actor);
    if (beyond !== undefined || index < notes.length - 1) await flushAudit(stores, head);
  }
  return beyond === undefined ? head : keyring.audit;
}

function unread({ readBackAt: _, ...activation }: ActivationIntent): ActivationIntent {
  return activation;
}

// One that was there already is of a confirmation that was killed before it took the mark away.
async function assertOwn(path: string, { keyring: { audit } }: Mark, { revoked = [] }: Confirming): Promise<void> {
  const keyring = parseKeyring((await readTrustedText("document", path)) ?? "", path);
  if (keyring.audit.count <= audit.count && keyring.audit.head !== audit.head) {
    throw new SignetError(
      "restore_refused",
      `${path} is there beside the restored copy, and older: move one of the two away; nothing was changed`,
    );
  }
  const isOver = (kid: string): boolean => isRevoked(recordByKid(keyring, kid) ?? {});
  if (revoked.every(isOver)) return;
  throw new SignetError(
    "usage",
    "this copy was confirmed before, without --revoked: give `signet restore --confirm` without it, then `signet keys revoke KID`",
  );
}
