import { stat } from "node:fs/promises";
import { asArgument } from "../encoding/shell-argument.js";
import { isInherited } from "./trusted-read.js";
import { warnOfFile } from "./warnings.js";

const READ_BY_OTHERS = 0o044;

/** Warns of a private key's file that other users can read. What is not there is told where it is read. */
export async function warnOfReaders(path: string): Promise<void> {
  // Windows has no such bits, and what the shell has opened is this process's own.
  if (process.platform === "win32" || isInherited(path)) return;
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || (stats.mode & READ_BY_OTHERS) === 0) return;
  warnOfFile(`${path} holds a private key, and other users of this machine can read it: chmod 600 ${asArgument(path)}`);
}
