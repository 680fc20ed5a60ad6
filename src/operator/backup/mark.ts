import { join } from "node:path";
import { isObject, isText } from "../../encoding/list-of.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { readTrustedText } from "../../files/trusted-read.js";
import type { Keyring } from "../../keyring/keyring.js";
import { keyringText, parseKeyring } from "../../keyring/parse.js";
import { RESTORED_NAME } from "../../storage/file/restored.js";

const MARK_VERSION = 1;

/** What a restored copy has until it is confirmed: its keyring, and which backup it came from. */
export interface Mark {
  /** The backup's digest. */
  readonly backup: string;
  /** When that was made, as NumericDate. */
  readonly madeAt: number;
  readonly keyring: Keyring;
}

/** Where the mark of a directory is. */
export function markIn(directory: string): string {
  return join(directory, RESTORED_NAME);
}

/** A mark as text. Of one backup it is always the same. */
export function markText({ backup, madeAt, keyring }: Mark): string {
  return `${JSON.stringify({ version: MARK_VERSION, backup, madeAt, keyring: keyringText(keyring) }, null, 2)}\n`;
}

/**
 * Reads the mark of a directory.
 *
 * @returns `undefined` where there is none
 * @throws SignetError `keyring_damaged` for one that is not what a restore wrote
 */
export async function readMark(directory: string): Promise<Mark | undefined> {
  const path = markIn(directory);
  const text = await readTrustedText("document", path);
  if (text === undefined) return undefined;
  const value = parsed(text, path);
  const { version, backup, madeAt, keyring, ...others } = isObject(value) ? value : {};
  const isWhole = version === MARK_VERSION && isText(backup) && Number.isSafeInteger(madeAt) && isText(keyring);
  if (!isWhole || Object.keys(others).length > 0) throw damaged(path);
  return { backup, madeAt: madeAt as number, keyring: parseKeyring(keyring, path) };
}

function parsed(text: string, path: string): unknown {
  try {
    return parseStrictJson(text, path);
  } catch (error) {
    throw damaged(path, error);
  }
}

function damaged(path: string, cause?: unknown): SignetError {
  const words = `${path} is damaged: move it away, and restore the backup again`;
  return new SignetError("keyring_damaged", words, { cause });
}
