import { lstat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { checkConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { facts } from "../../custody/file/facts.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { createFile, makeDirectories, makePrivateDirectory, PRIVATE_FILE, PUBLIC_FILE } from "../../files/durable.js";
import { callersFolder, recallUse } from "../../files/last-uses.js";
import { followLinks } from "../../files/links.js";
import { withProcessLock } from "../../files/process-lock.js";
import { removeDeadWrites } from "../../files/temporary.js";
import { assertTrustedFolder, readTrustedText } from "../../files/trusted-read.js";
import { keyringText } from "../../keyring/parse.js";
import type { Surroundings } from "../surroundings.js";
import { type Backup, keyIdOf } from "./contents.js";
import { markIn, markText, readMark } from "./mark.js";
import { filesAt, type Place, pathIn } from "./place.js";
import type { ProvenBackup } from "./prove.js";
import { type Standing, standingOf } from "./standing.js";

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
  return { config: path, directory, settings };
}

/** Says what is newer where, and what a restore would do. Nothing is written. */
export async function compare(backup: ProvenBackup, place: Place): Promise<Standing> {
  const { directory } = place;
  return standingOf(backup, { files: await filesAt(place), mark: await readMark(directory), directory });
}

/**
 * Restores a backup. Everything was checked before: what is written here is what was proven, each file whole or not at all. The mark, or the
 * keyring, comes last: a restore that was killed leaves nothing that signs, and the same command goes on with it.
 *
 * @returns what was done
 * @throws SignetError `restore_refused`, `store_failed`, `store_insecure`, `store_locked` where another restore is at work
 */
export async function restore(backup: ProvenBackup, place: Place): Promise<Standing> {
  const { directory } = place;
  await assertNoLinks(directory);
  await makePrivateDirectory(directory);
  await assertTrustedFolder("document", directory);
  return withProcessLock(join(directory, "restore.lock"), async () => {
    await removeInterrupted(place);
    // Another restore, or an `init`, may have been there meanwhile.
    const standing = await compare(backup, place);
    if (standing.kind === "refused") throw standing.why;
    if (standing.kind === "nothing") return standing;
    await write(backup, place, standing);
    return standing;
  });
}

async function write(backup: ProvenBackup, place: Place, { kind, missing }: Extract<Standing, { kind: "copy" | "mend" }>) {
  const { directory } = place;
  const { keyring, digest, madeAt } = backup;
  // Who held the lease is gone, or of another machine. What no record names is searched for by the next manager.
  const free = { ...keyring, lease: null, sweptAt: null };
  await createFile(join(directory, ".gitignore"), "*\n", PUBLIC_FILE);
  for (const [name, at] of backup.callers) await recallUse(callersFolder(directory), name, at);
  for (const path of missing) {
    const text = path === "keyring.json" ? keyringText(free) : (backup.files.get(path) as string);
    await put(pathIn(place, path), text, modeOf(path));
  }
  if (kind === "copy") await put(markIn(directory), markText({ backup: digest, madeAt, keyring: free }), PRIVATE_FILE);
}

async function put(path: string, text: string, mode: number): Promise<void> {
  if (mode === PUBLIC_FILE) await makeDirectories(dirname(path));
  else await makePrivateDirectory(dirname(path));
  if (await createFile(path, text, mode)) return;
  // A link that leads nowhere has the name too, and nothing is written through it.
  const present = await readTrustedText(keyIdOf(`keys/${basename(path)}`) === undefined ? "document" : "key", path);
  if (present !== text)
    throw refused(`${path} was made by something else meanwhile, or is a link that leads nowhere: look at it, and try again`);
}

function modeOf(path: string): number {
  return path === "signet.json" || path.startsWith("public/") ? PUBLIC_FILE : PRIVATE_FILE;
}

// What a restore that was killed was writing.
async function removeInterrupted({ config, directory }: Place): Promise<void> {
  const name = basename(await followLinks(config));
  await removeDeadWrites(dirname(await followLinks(config)), (written) => written === name).catch(() => undefined);
  for (const folder of [directory, join(directory, facts.keyFolder), join(directory, "public")]) await removeDeadWrites(folder);
}

/** The directory may be a link of the operator's; what is in it, a restore has made or makes. */
async function assertNoLinks(directory: string): Promise<void> {
  await followLinks(directory);
  for (const name of [facts.keyFolder, "active", "public", "callers", "keyring.json", "audit.jsonl"]) {
    const path = join(directory, name);
    const isLink = await lstat(path).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    if (isLink)
      throw new SignetError(
        "store_insecure",
        `${path} is a symbolic link; nothing is restored through it: put a folder or a file there`,
      );
  }
}

function refused(words: string): SignetError {
  return new SignetError("restore_refused", `${words}; nothing was written`);
}
