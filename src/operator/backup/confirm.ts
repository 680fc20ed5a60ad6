import { join } from "node:path";
import type { Installation } from "../../assemble.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { createFile, PRIVATE_FILE, removeFile } from "../../files/durable.js";
import { withProcessLock } from "../../files/process-lock.js";
import { readTrustedText } from "../../files/trusted-read.js";
import type { ActivationIntent, Keyring } from "../../keyring/keyring.js";
import { keyringText, parseKeyring } from "../../keyring/parse.js";
import { hashOf } from "../../rotation/plan/audit-entry.js";
import { nextHead } from "../../rotation/session/audit.js";
import { type Mark, markIn, readMark } from "./mark.js";

/**
 * How far the sequence leaps. What still runs of the original, or followed it over a shared folder, knows documents beyond the backup's: it takes
 * none of an earlier sequence, and the copy's first one has to be later than any that the original can have written since.
 */
const LEAP = 1_000;

/** What makes a confirmed copy. */
interface Confirming {
  /** NumericDate. */
  readonly at: number;
  /** Who says that the original is gone, for the audit log. */
  readonly actor: string;
}

/**
 * Lets a restored copy be the issuer: its keyring comes into place, with the operator's word in its audit log, and the next tick proves the key
 * and writes the active document. Killed at any instant, it leaves the mark or the keyring; the same command goes on.
 *
 * @returns the mark that was there; its backup says since when the original may have done what the copy does not know of
 * @throws SignetError `usage` where no copy waits to be confirmed
 */
export async function confirmCopy(
  { config, stores }: Pick<Installation, "config" | "stores">,
  { at, actor }: Confirming,
): Promise<Mark> {
  const { directory } = config;
  const path = join(directory, "keyring.json");
  const digest = await stores.placeDigest?.();
  return withProcessLock(`${path}.lock`, async () => {
    const mark = await readMark(directory);
    if (mark === undefined) {
      throw new SignetError(
        "usage",
        `there is no restored copy in ${directory} that waits for your word; nothing was changed. One that has it goes on by \`signet keys tick\``,
      );
    }
    const why = `from the backup of ${dateInWords(mark.madeAt)}: the original is gone, by the operator's word`;
    const keyring = confirmedKeyring(mark.keyring, { at, actor, why, digest });
    if (!(await createFile(path, keyringText(keyring), PRIVATE_FILE))) await assertOwn(path, mark);
    await removeFile(markIn(directory));
    return mark;
  });
}

function confirmedKeyring(
  keyring: Keyring,
  { at, actor, why, digest }: Confirming & { readonly why: string; readonly digest: string | undefined },
): Keyring {
  const lastSequence = keyring.lastSequence + LEAP;
  const { activation } = keyring;
  return {
    ...keyring,
    version: 2,
    ended: keyring.ended ?? [],
    lastSequence,
    // A document that was intended is written under the new sequence, and read back anew.
    ...(activation !== null && {
      activation: { ...unread(activation), sequence: lastSequence },
      allocations: [...keyring.allocations, { sequence: lastSequence }],
    }),
    audit: nextHead(keyring.audit, { event: "issuer.restored", why, sequence: lastSequence }, at, actor),
    ...(digest !== undefined && { lastPlace: { digest, at } }),
  };
}

function unread({ readBackAt: _, ...activation }: ActivationIntent): ActivationIntent {
  return activation;
}

// Of a confirmation that was killed before it took the mark away.
async function assertOwn(path: string, { keyring: { audit } }: Mark): Promise<void> {
  const text = (await readTrustedText("document", path)) ?? "";
  const { count, entry } = parseKeyring(text, path).audit;
  const isOwn = count > audit.count || (count === audit.count && hashOf(entry) === audit.head);
  if (isOwn) return;
  throw new SignetError(
    "restore_refused",
    `${path} is there beside the restored copy, and older: move one of the two away; nothing was changed`,
  );
}
