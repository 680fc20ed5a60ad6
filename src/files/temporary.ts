import { createHash, randomBytes } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../encoding/json-names.js";
import { asUnwritable } from "./failures.js";
import { isOfEarlierBoot, stateOfHolder } from "./holder-state.js";
import { namesIn } from "./names.js";
import { type ProcessIdentity, parseIdentity, processIdentity, stateAt } from "./process-identity.js";

/** The suffix of files that are being written; a crash can leave one behind. */
export const TEMPORARY_SUFFIX = ".tmp";

const HEX_ID = /^(.+)\.([0-9a-f]{12})\.tmp$/;
const NAMED = /^(.+)\.((?:(?:[0-9a-f]{8})?-){4}\d+-\d*)\.[0-9a-f]{12}\.tmp$/;
const A_DAY_MS = 86_400_000;

/** A name for what will become a file. It tells who writes it, so that it can go when that process has died. */
export function temporaryBeside(path: string): string {
  const { host, boot, pidNamespace, machine = "", pid, startedAt } = ownIdentity();
  return [path, [host, boot, pidNamespace, machine, pid, startedAt].join("-"), `${randomBytes(6).toString("hex")}.tmp`].join(".");
}

/** The file that was being written under a temporary name; `undefined` where the name is none. */
export function writtenUnder(name: string): string | undefined {
  return (NAMED.exec(name) ?? HEX_ID.exec(name))?.[1];
}

/**
 * Removes what writers left beside the files they were writing, living ones too: only for the holder of the lock under which those
 * files are written.
 *
 * @param isOurs told the name of the file that was being written
 */
export async function removeInterruptedWrites(folder: string, isOurs: (name: string) => boolean): Promise<void> {
  for (const name of await namesIn(folder)) {
    const written = writtenUnder(name);
    if (written !== undefined && isOurs(written)) await remove(join(folder, name));
  }
}

/**
 * Removes what dead processes were writing in a folder. What may belong to a living one stays.
 *
 * @param isOurs told the name of the file that was being written; default every file
 */
export async function removeDeadWrites(folder: string, isOurs = (_name: string) => true): Promise<void> {
  for (const name of await namesIn(folder)) {
    const written = writtenUnder(name);
    if (written !== undefined && isOurs(written) && (await isDead(folder, name))) await remove(join(folder, name));
  }
}

async function isDead(folder: string, name: string): Promise<boolean> {
  const path = join(folder, name);
  const [, , writer] = NAMED.exec(name) ?? [];
  const theirs = parseIdentity(writer?.replaceAll("-", "/") ?? "");
  if (theirs !== undefined) {
    const state = stateAt(ownIdentity(), theirs);
    if (state !== "unknown") return state === "gone";
    if (await isOfEarlierBoot(ownIdentity(), theirs, folder)) return true;
  }
  try {
    // A lock's text names its holder; nothing else that was written without a writer's name says more than its age.
    const text = await readFile(path, "utf8");
    const { process } = name.includes("lock") ? (parseJson(text) as { process?: unknown }) : {};
    if (typeof process === "string") return (await stateOfHolder(process, folder)) === "gone";
  } catch {
    // Cut short by a crash, or gone by now: its age decides.
  }
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  return mtimeMs < Date.now() - A_DAY_MS;
}

// Digests, because a host's name may be longer than a file's can be.
function ownIdentity(): ProcessIdentity {
  const own = parseIdentity(processIdentity()) as ProcessIdentity;
  const { host, boot, pidNamespace, machine = "" } = own;
  const [a = "", b = "", c = "", d = ""] = [host, boot, pidNamespace, machine].map(digest);
  return { ...own, host: a, boot: b, pidNamespace: c, machine: d };
}

function digest(text: string): string {
  return text === "" ? "" : createHash("sha256").update(text).digest("hex").slice(0, 8);
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error) => Promise.reject(asUnwritable(path, error)));
}
