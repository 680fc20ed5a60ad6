import type { Bucket } from "../../aws/s3.js";
import { parseJson } from "../../encoding/json-names.js";
import { SignetError } from "../../errors.js";
import type { KeyringVersion } from "../../keyring/keyring.js";

/** What a stack's last resource writes beside the keyring. Other installations have no such object. */
interface Completion {
  readonly completedAt: string;
  /** The stack whose creation has made what is here; absent where that is not known. */
  readonly stackId?: string | undefined;
  /** The newest version of the formats that the template in force reads; absent in the version that read 1 alone. */
  readonly formats?: number | undefined;
}

const TRIES = 3;
/** A creation that fails does so within hours. What is older may have been used, whatever CloudFormation calls it. */
const MAX_CREATION_MS = 86_400_000;

/** The object that says that a stack's creation has begun and not come to its end. Without it nothing of a stack is destroyed. */
export function incompleteKey(prefix: string): string {
  return `${prefix}incomplete`;
}

/**
 * Records that a stack's creation begins, before it makes anything. Where there are keys already they are not its own: then there is no
 * such mark, and a deletion of the stack leaves them.
 */
export async function beginCreation(bucket: Bucket, prefix: string, stackId: string): Promise<void> {
  const isTaken =
    (await bucket.get(`${prefix}keyring.json`)) !== undefined || (await readCompletion(bucket, prefix)) !== undefined;
  if (!isTaken) await writeIncomplete(bucket, prefix, stackId);
}

/** Whether the mark is there, and says that this very stack has made what is here, within a day. */
export async function isIncomplete(bucket: Bucket, prefix: string, stackId: string): Promise<boolean> {
  const found = await bucket.get(incompleteKey(prefix));
  if (found === undefined) return false;
  const mark = parseJson(found.body) as { stackId?: unknown; begunAt?: unknown } | null;
  return mark?.stackId === stackId && isYoung(mark.begunAt);
}

/** Writes the mark, unless there is one. */
export async function writeIncomplete(bucket: Bucket, prefix: string, stackId: string): Promise<void> {
  const body = `${JSON.stringify({ stackId, begunAt: new Date().toISOString() })}\n`;
  await bucket.put({ key: incompleteKey(prefix), body, contentType: "application/json", ifMatch: null });
}

function isYoung(time: unknown): boolean {
  return typeof time === "string" && Date.now() - Date.parse(time) < MAX_CREATION_MS;
}

/**
 * The newest keyring that everybody reads who may have to. In a stack an update can fail until its last resource is there, and then
 * the manager of the version before goes on with what was written: nothing newer is written until that resource has said so.
 */
export async function readableVersion(bucket: Bucket, prefix: string): Promise<KeyringVersion> {
  const completion = await readCompletion(bucket, prefix);
  return completion !== undefined && (completion.value.formats ?? 1) < 2 ? 1 : 2;
}

/** Whether a stack's creation has come to its end within a day, and was the one that has made what is here. */
export async function isJustCompletedBy(bucket: Bucket, prefix: string, stackId: string): Promise<boolean> {
  const completion = (await readCompletion(bucket, prefix))?.value;
  return completion?.stackId === stackId && isYoung(completion.completedAt);
}

/**
 * Records that a stack was made or updated to its end, and which formats its template reads. Once recorded it stays complete.
 *
 * @param stackId the stack whose creation ends
 */
export async function recordCompletion(bucket: Bucket, prefix: string, formats: number, stackId?: string): Promise<void> {
  await changeCompletion(bucket, prefix, (present) => ({
    ...present,
    completedAt: present?.completedAt ?? new Date().toISOString(),
    ...(stackId !== undefined && { stackId }),
    formats,
  }));
}

/** Takes the word on formats back where an update begins: until its end, only what the version before reads is written. */
export async function withdrawFormats(bucket: Bucket, prefix: string): Promise<void> {
  await changeCompletion(bucket, prefix, (present) => present && { ...present, formats: undefined });
}

async function changeCompletion(
  bucket: Bucket,
  prefix: string,
  update: (present: Completion | undefined) => Completion | undefined,
): Promise<void> {
  for (let tried = 0; tried < TRIES; tried++) {
    const present = await readCompletion(bucket, prefix);
    const next = update(present?.value);
    if (next === undefined || (present !== undefined && JSON.stringify(next) === JSON.stringify(present.value))) return;
    const body = `${JSON.stringify(next)}\n`;
    const input = { key: keyOf(prefix), body, contentType: "application/json", ifMatch: present?.etag ?? null };
    if ((await bucket.put(input)) !== undefined) return;
  }
  throw new SignetError("store_failed", `${keyOf(prefix)} is being written by another process; try again`);
}

async function readCompletion(bucket: Bucket, prefix: string): Promise<{ value: Completion; etag: string } | undefined> {
  const found = await bucket.get(keyOf(prefix));
  return found === undefined ? undefined : { value: parseJson(found.body) as Completion, etag: found.etag };
}

function keyOf(prefix: string): string {
  return `${prefix}complete`;
}
