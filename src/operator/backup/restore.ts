import { lstat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { checkConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { facts } from "../../custody/file/facts.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { createFile, makeDirectories, makePrivateDirectory, PRIVATE_FILE, PUBLIC_FILE } from "../../files/durable.js";
import { callersFolder, recallUse } from "../../files/last-uses.js";
import { followLinks } from "../../files/links.js";
import { placeDigest } from "../../files/place-digest.js";
import { withProcessLock } from "../../files/process-lock.js";
import { removeDeadWrites } from "../../files/temporary.js";
import { assertTrustedFolder, readTrustedText } from "../../files/trusted-read.js";
import type { Surroundings } from "../surroundings.js";
import { type Backup, keyIdOf } from "./contents.js";
import { readMark } from "./mark.js";
import { filesAt, type Place, pathIn, restoreLockIn } from "./place.js";
import { type Plan, planOf, type Word, type Writing } from "./plan.js";
import type { ProvenBackup } from "./prove.js";

/**
 * Where a backup goes: where the config says that is there already, else where its own says.
 *
 * @param path the config file, which need not be there
 * @throws SignetError `config_invalid`, `restore_refused` where the config that is there is another issuer's, or one in AWS
 */
export async function placeFor(
  surroundings: Surroundings,
  path: string,
  backup: Backup,
): Promise<Place & { readonly settings: Config }> {
  const present = await readTrustedText("document", path, "config_invalid");
  const text = present ?? (backup.files.get("signet.json") as string);
  const settings = checkConfig(parseStrictJson(text, path), path, { env: surroundings.env, text });
  const { issuer = null, directory, aws } = settings;
  if (aws !== undefined) throw refused(`${path} is of an issuer in AWS, and the backup is of one in files`);
  if (issuer !== backup.issuer) {
    const [here, there] = [issuer, backup.issuer].map((url) => url ?? "none");
    throw refused(`${path} is another issuer's (${here}) than the backup (${there}): restore into another folder`);
  }
  if (present === undefined) await assertOwnDirectory(surroundings, { config: path, directory });
  return { config: path, directory, settings };
}

// The config of a living issuer on this machine may say by an absolute path where its keys are: a drill beside it would be at work on them.
async function assertOwnDirectory({ env }: Surroundings, place: Place): Promise<void> {
  const { config, directory } = place;
  const isBeside = !relative(dirname(resolve(config)), resolve(directory)).startsWith("..");
  if (
    isBeside ||
    env.SIGNET_DIRECTORY !== undefined ||
    (await filesAt({ ...place, config: join(directory, "none") })).files.size === 0
  )
    return;
  throw refused(
    `there is no ${config}, and the backup's keeps its keys in ${directory}, where an issuer is already. For a drill set SIGNET_DIRECTORY to another ` +
      `folder; to bring that issuer's own config back, set SIGNET_DIRECTORY=${asArgument(directory)}`,
  );
}

/** Says what is newer where, and what a restore would write. Nothing is written. */
export async function planFor(backup: ProvenBackup, place: Place, word: Word): Promise<Plan> {
  const { directory } = place;
  const found = await filesAt(place);
  return planOf(backup, { ...found, mark: await readMark(directory), directory, place: await placeDigest(directory) }, word);
}

/**
 * Writes what is planned, each file whole or not at all. Everything was checked before: what is written here is what was proven. What makes an issuer
 * or a copy comes last: a restore that was killed leaves nothing that signs, and the same command goes on with it.
 *
 * @param accepted the doubts that an operator has given their word on
 * @returns what was done
 * @throws SignetError `restore_refused`, `store_failed`, `store_insecure`, `store_locked` where another restore is at work
 */
export async function restore(backup: ProvenBackup, place: Place, word: Word, accepted: readonly string[] = []): Promise<Plan> {
  const { directory } = place;
  await assertNoLinks(directory);
  await makePrivateDirectory(directory);
  await assertTrustedFolder("document", directory);
  return withProcessLock(restoreLockIn(directory), async () => {
    await removeInterrupted(place);
    // Another restore, or an `init`, may have been there meanwhile.
    const plan = await planFor(backup, place, word);
    if (plan.kind === "refused") throw plan.why;
    if (plan.kind === "nothing") return plan;
    const open = plan.doubts.filter((doubt) => !accepted.includes(doubt));
    if (open.length > 0) throw refused(`an operator's word is needed on what cannot be known here: ${open.join("; ")}`);
    await write(backup, place, plan);
    return plan;
  });
}

async function write({ callers }: ProvenBackup, place: Place, { writes }: Writing): Promise<void> {
  const { directory } = place;
  await createFile(join(directory, ".gitignore"), "*\n", PUBLIC_FILE);
  for (const [name, at] of callers) await recallUse(callersFolder(directory), name, at);
  for (const [path, text] of writes) await put(place, path, text);
}

async function put(place: Place, name: string, text: string): Promise<void> {
  const path = pathIn(place, name);
  const mode = name === "signet.json" ? PUBLIC_FILE : PRIVATE_FILE;
  if (mode === PUBLIC_FILE) await makeDirectories(dirname(path));
  else await makePrivateDirectory(dirname(path));
  if (await createFile(path, text, mode)) return;
  // A link that leads nowhere has the name too, and nothing is written through it.
  const present = await readTrustedText(keyIdOf(name) === undefined ? "document" : "key", path);
  if (present === text) return;
  const what =
    present === "" ? "is there, and is empty" : "was made by something else meanwhile, or is a link that leads nowhere";
  throw new SignetError(
    "restore_refused",
    `${path} ${what}: move it away, and try again; what was put back before it stays, and nothing was written over`,
  );
}

// What a restore that was killed was writing.
async function removeInterrupted({ config, directory }: Place): Promise<void> {
  const target = await followLinks(config);
  await removeDeadWrites(dirname(target), (written) => written === basename(target)).catch(() => undefined);
  for (const folder of [directory, join(directory, facts.keyFolder)]) await removeDeadWrites(folder);
}

/** The directory may be a link of the operator's; what is in it, a restore has made or makes. */
async function assertNoLinks(directory: string): Promise<void> {
  await followLinks(directory);
  for (const name of [facts.keyFolder, "active", "public", "callers", "keyring.json", "audit.jsonl"]) {
    const path = join(directory, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isSymbolicLink())
      throw new SignetError(
        "store_insecure",
        `${path} is a symbolic link; nothing is restored through it: put a folder or a file there`,
      );
  }
}

function refused(words: string): SignetError {
  return new SignetError("restore_refused", `${words}; nothing was written`);
}
