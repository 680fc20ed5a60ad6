import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { SignetError } from "../errors.js";
import { removeFile } from "../files/durable.js";
import { type FolderWatch, watchFolder } from "../files/folder-watch.js";
import { groupId } from "../files/groups.js";
import { type Handing, replaceHanded } from "../files/handed-file.js";
import { followLinks } from "../files/links.js";
import { removeDeadWrites } from "../files/temporary.js";
import { readReplaceable } from "../files/trusted-read.js";
import type { TokenPlace } from "./token-file.js";

/** How a file with a token is asked for. */
export interface FileOptions {
  /** In octal. Default 600, or 640 beside a group. */
  readonly mode?: string | undefined;
  /** A name or a number. */
  readonly group?: string | undefined;
}

const [OWNER_READS, EXECUTED_OR_WRITTEN_BY_OTHERS] = [0o400, 0o133];
/** A compact JWS. Nothing that is anything else is written over or removed. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*\s*$/;

/**
 * Reads how a file is handed to who reads it.
 *
 * @throws SignetError `usage`
 */
export async function handingOf({ mode, group }: FileOptions): Promise<Handing> {
  const text = mode ?? (group === undefined ? "600" : "640");
  const bits = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : 0;
  if ((bits & OWNER_READS) === 0 || (bits & EXECUTED_OR_WRITTEN_BY_OTHERS) !== 0) {
    const words = "--mode must be permissions in octal that let the owner read, and no other write: 600, 640, 644";
    throw new SignetError("usage", words);
  }
  return group === undefined ? { mode: bits } : { mode: bits, gid: await groupId(group, "--group") };
}

/**
 * The place of a token's file. What writers that have died were writing there is removed now.
 *
 * @param path absolute
 * @throws SignetError `usage` where there is something else than a token
 */
export async function tokenPlace(path: string, handing: Handing): Promise<TokenPlace> {
  const target = await followLinks(path);
  const [folder, name] = [dirname(target), basename(target)];
  if (!(await isFolder(folder)))
    throw new SignetError("usage", `there is no folder ${folder} for the token: make it first, \`mkdir -p ${folder}\``);
  await look(path);
  await removeDeadWrites(folder, (written) => written === name);
  return Object.freeze({
    read: async () => (await look(path)).token,
    write: async (token: string) => replaceHanded((await look(path)).target, token, handing),
    remove: async () => removeFile((await look(path)).target),
    watch: (onChange: () => void): FolderWatch =>
      watchFolder(folder, (changed) => (changed === null || changed === name) && onChange()),
  });
}

/**
 * Where a path leads, and which token stands there. It is asked each time: who can write to the folder can have put something else there since.
 *
 * @throws SignetError `usage` where it is something else than a token
 */
async function look(path: string): Promise<{ readonly target: string; readonly token: string | undefined }> {
  const target = await followLinks(path);
  const text = await readReplaceable(target);
  if (text === undefined || text.trim() === "") return { target, token: undefined };
  if (TOKEN.test(text)) return { target, token: text };
  const words = `${path} holds something else than a token, and is neither written over nor removed: move it away, or name another file`;
  throw new SignetError("usage", words);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
