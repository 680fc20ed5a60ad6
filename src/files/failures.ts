import { ownMember } from "../encoding/own-member.js";
import { type ErrorCode, isSignetError, SignetError } from "../errors.js";

/** What stands under a name is no file. */
export class NotAFile extends Error {}

/** The `code` of a system error: "ENOENT". */
export function errorCode(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

const UNWRITABLE: Readonly<Record<string, string>> = {
  EROFS: "it is read-only",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EIO: "the disk failed",
  EMFILE: "this process has too many open files",
  ENFILE: "this machine has too many open files",
  ENOENT: "there is no such folder",
  ENOTDIR: "there is a file where a folder has to be",
  EISDIR: "there is a folder of this name",
  EEXIST: "there is a file where a folder has to be",
  ENAMETOOLONG: "the name is too long",
  EBUSY: "it is mounted by itself and cannot be replaced; mount its folder instead",
};

/** A failed write in words, where they are known: `undefined` codes are left as they are. */
export function asUnwritable(path: string, error: unknown): unknown {
  const code = errorCode(error) ?? "";
  const why = ownMember(UNWRITABLE, code);
  if (why === undefined || isSignetError(error)) return error;
  return new SignetError("store_failed", `${path} cannot be written (${code}): ${why}`, { cause: error });
}

/** A failed read in words, where they are known. */
export function asUnreadable(path: string, error: unknown, failure: ErrorCode = "store_failed"): unknown {
  if (isSignetError(error)) return error;
  if (error instanceof NotAFile) return new SignetError(failure, error.message);
  const code = errorCode(error);
  if (code === undefined) return error;
  const why = ownMember(UNREADABLE, code);
  return new SignetError(failure, `${path} cannot be read (${code})${why === undefined ? "" : `: ${why}`}`, { cause: error });
}

const UNREADABLE: Readonly<Record<string, string>> = {
  EACCES: "this user may not read it; run as its owner",
  EPERM: "this user may not read it; run as its owner",
  ELOOP: "its symbolic links lead in a circle",
  EMFILE: "this process has too many open files",
  ENFILE: "this machine has too many open files",
  EIO: "the disk failed",
};
