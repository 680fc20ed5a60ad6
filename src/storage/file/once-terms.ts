import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createEmptyFile, PRIVATE_FILE } from "../../files/durable.js";
import { errorCode } from "../../files/failures.js";

/** Uses that end within one term are forgotten together. */
export const TERM_SECONDS = 300;

/** A share's uses of a term: an empty file that each of them is a link to. */
export interface Term {
  readonly path: string;
  /** When its last use can be forgotten, as NumericDate. */
  readonly end: number;
  readonly share: string;
  readonly uses: number;
  /** Names this very file, also when its inode's number is given to another one. */
  readonly identity: string;
}

interface TermFile {
  readonly path: string;
  readonly key: string;
}

/** The files of the terms. */
export interface TermFiles {
  /** The file of a share's term, which has reached the disk. */
  open(term: { readonly share: string; readonly end: number }): Promise<TermFile>;
  /** No further link to this file can be made: the next `open` answers another one. */
  isFull(file: TermFile): void;
  /** The file is not there any more: the next `open` makes it anew. */
  isGone(file: TermFile): void;
  read(): Promise<readonly Term[]>;
  /** Removes a term's file; absent is success. */
  remove(term: Term): Promise<void>;
}

const NAME = /^(\d{1,16})-([0-9a-f]{32})-\d{1,9}$/;
/** So many files are known to be there; forgetting them costs a look at each. */
const MAX_KNOWN = 4_096;

/** @param folder of these files alone */
export function createTermFiles(folder: string): TermFiles {
  const known = new Map<string, { readonly number: number; readonly made: Promise<unknown> }>();
  const numberOf = (key: string): number => known.get(key)?.number ?? 0;
  const pathOf = (key: string, number: number): string => join(folder, `${key}-${number}`);

  function make(key: string, number: number): Promise<unknown> {
    if (known.size >= MAX_KNOWN) known.clear();
    const made = createEmptyFile(pathOf(key, number), PRIVATE_FILE);
    known.set(key, { number, made });
    // One that failed is tried again by the next use.
    made.catch(() => known.delete(key));
    return made;
  }

  return Object.freeze({
    async open({ share, end }: { readonly share: string; readonly end: number }) {
      const key = `${end}-${share}`;
      await (known.get(key)?.made ?? make(key, 0));
      return { key, path: pathOf(key, numberOf(key)) };
    },
    isFull({ key, path }: TermFile) {
      const number = numberOf(key);
      if (path === pathOf(key, number)) make(key, number + 1).catch(() => undefined);
    },
    isGone: ({ key }: TermFile) => void known.delete(key),
    async read() {
      const found: Term[] = [];
      for (const name of await readdir(folder)) {
        const [, end, share = ""] = NAME.exec(name) ?? [];
        const path = join(folder, name);
        const stats = end === undefined ? undefined : await stat(path, { bigint: true }).catch(ifThere);
        if (stats === undefined) continue;
        found.push({ path, end: Number(end), share, uses: Number(stats.nlink) - 1, identity: identityOf(stats) });
      }
      return found;
    },
    remove: ({ path }: Term) => rm(path, { force: true }),
  });
}

/** Names a file, under whichever of its links it was found. It is never written to, so that it keeps the time when it was made. */
export function identityOf({ ino, mtimeNs }: { readonly ino: bigint; readonly mtimeNs: bigint }): string {
  return `${ino}:${mtimeNs}`;
}

export function ifThere(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
}
