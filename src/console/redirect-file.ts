import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFile, PRIVATE_FILE } from "../files/durable.js";

/** A file that leads a browser to the console. */
export interface RedirectFile {
  readonly path: string;
  /** Removes it, with its folder; again is success. What is not let go yet, as a file that a browser on Windows has open, stays until the next call. */
  remove(): void;
}

/**
 * Writes a file that leads to a link. A program is started with the file's name, since other users of the machine see arguments; the file
 * itself, in a folder of its own, this user alone can read.
 *
 * @param link without what HTML reads as its own
 * @param removed removes a folder with all that is in it
 */
export async function writeRedirectFile(link: string, removed = removeFolder): Promise<RedirectFile> {
  // Made with mode 0700, under a name that no one can have taken before.
  const folder = await mkdtemp(join(tmpdir(), "signet-console-"));
  const remove = (): void => {
    try {
      removed(folder);
    } catch {
      // Its code is good for nothing once it was used, or once the console has ended.
    }
  };
  const path = join(folder, "console.html");
  try {
    await createFile(path, redirectTo(link), PRIVATE_FILE);
  } catch (error) {
    remove();
    throw error;
  }
  return Object.freeze({ path, remove });
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

function redirectTo(link: string): string {
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<meta charset="utf-8">',
    "<title>Signet</title>",
    '<meta name="referrer" content="no-referrer">',
    `<meta http-equiv="refresh" content="0; url=${link}">`,
    `<p><a rel="noreferrer" href="${link}">Open the console</a></p>`,
    "</html>",
    "",
  ].join("\n");
}
