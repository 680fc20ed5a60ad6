import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { type FileHandle, lstat, open, readFile, realpath, stat } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { type ErrorCode, SignetError } from "../errors.js";
import { asUnreadable, errorCode, NotAFile } from "./failures.js";
import { assertFolderTrusted, assertTrusted, type FileKind } from "./trust.js";

// A FIFO would hang until a process writes to it, and a device may do anything when it is opened: both are asked about first, and
// opened without waiting in case the name was exchanged meanwhile.
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file for reading: a regular one, that no other user can have put there. Symbolic links are followed.
 *
 * @returns `undefined` where there is no such file
 * @throws SignetError `store_insecure`; under `failure` (default `store_failed`) for what is no file, or cannot be read
 */
export async function openTrusted(kind: FileKind, path: string, failure?: ErrorCode): Promise<FileHandle | undefined> {
  let file: FileHandle | undefined;
  try {
    assertRegular(path, await stat(path));
    const link = linkOf(await lstat(path));
    const folders = foldersOf(kind, path, link && { folder: await realpath(dirname(path)), target: await realpath(path) });
    const judged = await Promise.all(folders.map(async (folder) => ({ path: folder, stats: await stat(folder) })));
    file = await open(path, READ_AT_ONCE);
    const stats = await file.stat();
    assertRegular(path, stats);
    assertTrusted(kind, { path, file: stats, link, folders: judged });
    return file;
  } catch (error) {
    await file?.close();
    return absentOr(path, error, failure);
  }
}

/**
 * Reads a whole file that `openTrusted` would open, or what the process was handed at its start as `/dev/fd/N`.
 *
 * @param maxBytes more is not read, but refused under `failure`
 */
export async function readTrusted(
  kind: FileKind,
  path: string,
  failure?: ErrorCode,
  maxBytes?: number,
): Promise<Buffer | undefined> {
  if (isInherited(path)) return readInherited(path, failure, maxBytes);
  const file = await openTrusted(kind, path, failure);
  try {
    return await (file && readWhole(file, path, maxBytes));
  } catch (error) {
    throw asUnreadable(path, error, failure);
  } finally {
    await file?.close();
  }
}

/** A pipe, or a file of `/proc`, does not say how long it is. */
async function readWhole(file: FileHandle, path: string, maxBytes: number | undefined): Promise<Buffer> {
  if (maxBytes === undefined) return file.readFile();
  const chunks: Buffer[] = [];
  for (let size = 0; size <= maxBytes; ) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, null);
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(buffer.subarray(0, bytesRead));
    size += bytesRead;
  }
  throw new NotAFile(`${path} has more than ${maxBytes} bytes`);
}

/** `readTrusted`, as text. */
export async function readTrustedText(kind: FileKind, path: string, failure?: ErrorCode): Promise<string | undefined> {
  return (await readTrusted(kind, path, failure))?.toString("utf8");
}

/**
 * Reads what is to be replaced or removed, also where others can have written it: it says what stands there, and is believed in nothing else. A
 * symbolic link is not followed.
 *
 * @returns `undefined` where there is no such file
 * @throws SignetError `store_failed` for what is no file, or cannot be read
 */
export async function readReplaceable(path: string): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    assertRegular(path, await lstat(path));
    file = await open(path, READ_AT_ONCE | (constants.O_NOFOLLOW ?? 0));
    assertRegular(path, await file.stat());
    return await file.readFile("utf8");
  } catch (error) {
    return absentOr(path, error, undefined);
  } finally {
    await file?.close();
  }
}

/** `readTrusted` for where nothing can be awaited. */
export function readTrustedSync(kind: FileKind, path: string, failure?: ErrorCode): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    assertRegular(path, statSync(path));
    const link = linkOf(lstatSync(path));
    const folders = foldersOf(kind, path, link && { folder: realpathSync(dirname(path)), target: realpathSync(path) });
    const judged = folders.map((folder) => ({ path: folder, stats: statSync(folder) }));
    descriptor = openSync(path, READ_AT_ONCE);
    const file = fstatSync(descriptor);
    assertRegular(path, file);
    assertTrusted(kind, { path, file, link, folders: judged });
    return readFileSync(descriptor);
  } catch (error) {
    return absentOr(path, error, failure);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Refuses a program that another user could exchange.
 *
 * @throws SignetError `store_insecure`
 */
export function assertTrustedProgram(path: string): void {
  const link = linkOf(lstatSync(path));
  const folders = foldersOf("program", path, link && { folder: realpathSync(dirname(path)), target: realpathSync(path) });
  const judged = folders.map((folder) => ({ path: folder, stats: statSync(folder) }));
  assertTrusted("program", { path, file: statSync(path), link, folders: judged });
}

/** Refuses a folder in which another user could exchange what is made there; one that is not there yet passes. */
export async function assertTrustedFolder(kind: "document" | "key", path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats !== undefined) assertFolderTrusted(kind, path, stats);
}

/**
 * Whether a path names what the shell opened for this process: `<(command)`, or standard input. It may be a pipe, and it can be
 * read only once.
 */
export function isInherited(path: string): boolean {
  return /^\/dev\/stdin$|^\/(?:dev|proc\/self)\/fd\/\d{1,9}$/.test(resolve(path));
}

const inherited = new Map<string, Promise<Buffer>>();

// Only this process can open it, so no owner is judged; a passphrase is asked for once a key, so it is kept.
function readInherited(path: string, failure: ErrorCode | undefined, maxBytes: number | undefined): Promise<Buffer> {
  const name = resolve(path);
  const known = inherited.get(name);
  if (known !== undefined) return known;
  const reading = (maxBytes === undefined ? readFile(name) : readInheritedWhole(name, maxBytes))
    // A socket cannot be opened by its name, only read by its number.
    .catch((error) => (errorCode(error) === "ENXIO" ? readDescriptor(name) : Promise.reject(error)))
    .catch((error) => Promise.reject(asUnreadable(path, error, failure)));
  inherited.set(name, reading);
  return reading;
}

async function readInheritedWhole(name: string, maxBytes: number): Promise<Buffer> {
  const file = await open(name, constants.O_RDONLY);
  try {
    return await readWhole(file, name, maxBytes);
  } finally {
    await file.close();
  }
}

async function readDescriptor(name: string): Promise<Buffer> {
  const number = name === "/dev/stdin" ? 0 : Number(name.slice(name.lastIndexOf("/") + 1));
  if (number !== 0) return readFileSync(number);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function linkOf(stats: Stats): Stats | undefined {
  return stats.isSymbolicLink() ? stats : undefined;
}

function foldersOf(kind: FileKind, path: string, link: { folder: string; target: string } | undefined): string[] {
  const folder = dirname(resolve(path));
  if (link === undefined) return [folder];
  if (kind === "secret" || kind === "key") assertStaysInside(path, link.folder, link.target);
  return [folder, dirname(link.target)];
}

function assertStaysInside(path: string, folder: string, target: string): void {
  const inside = relative(folder, target);
  if (inside.startsWith(`..${sep}`) || inside === ".." || resolve(inside) === inside) {
    throw new SignetError("store_insecure", `${path} is a symbolic link out of its directory; put the file itself there`);
  }
}

function assertRegular(path: string, stats: Stats): void {
  if (stats.isFile()) return;
  throw new NotAFile(`${path} is ${kindOf(stats)}; it must be a file`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a named pipe (FIFO)";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function absentOr(path: string, error: unknown, failure: ErrorCode | undefined): undefined {
  if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
  throw asUnreadable(path, error, failure);
}
