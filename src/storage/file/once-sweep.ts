import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isUse } from "../once-use.js";
import type { Over } from "./once-room.js";
import { identityOf, ifThere } from "./once-terms.js";

/** What one step looks at, at most: names, and folders to find them in. */
const MAX_NAMES = 64;
const MAX_FOLDERS = 8;
/** One step in so many uses, four names a use: what is over stays below a third of what is in force. */
const USES_A_STEP = 16;
/** Where nothing is known to be over there may still be uses whose term's file was lost. */
const USES_A_LOOK = 1_024;
/** A use whose term is not known (the folder was copied) is forgotten so long after it was written: longer than any is in force. */
const UNKNOWN_MS = 3 * 86_400_000;

/** Forgets uses that are over, a few at a time. */
export interface OnceSweep {
  /**
   * Called at each use; most calls do nothing. One step is under way at a time.
   *
   * @param nowMs by a clock that is believed where it destroys
   * @param isFull whether a use found no room: then each call is a step, as long as anything is over
   */
  some(over: Over, nowMs: number, isFull: boolean): Promise<void>;
}

/** @param folders of the uses */
export function createOnceSweep(folders: readonly string[]): OnceSweep {
  let names: string[] = [];
  let [folder, uses, isUnderWay] = ["", 0, false];
  // Processes of a machine begin at different ones.
  let next = process.pid % folders.length;

  async function step(over: Over, nowMs: number): Promise<void> {
    let opened = 0;
    for (let left = MAX_NAMES; left > 0; left--) {
      while (names.length === 0) {
        if (opened++ === MAX_FOLDERS) return;
        folder = folders[next % folders.length] as string;
        next = (next + 1) % folders.length;
        // A file of another name is no use.
        names = (await readdir(folder)).filter(isUse);
      }
      await forget(join(folder, names.pop() as string), over, nowMs);
    }
  }

  return Object.freeze({
    async some(over: Over, nowMs: number, isFull: boolean) {
      uses += 1;
      const usesNeeded = over.files.size === 0 ? USES_A_LOOK : isFull ? 1 : USES_A_STEP;
      if (isUnderWay || uses < usesNeeded) return;
      [uses, isUnderWay] = [0, true];
      await step(over, nowMs).finally(() => {
        isUnderWay = false;
      });
    },
  });
}

async function forget(path: string, { files, known }: Over, nowMs: number): Promise<void> {
  const stats = await stat(path, { bigint: true }).catch(ifThere);
  if (stats === undefined) return;
  const identity = identityOf(stats);
  const writtenMs = Number(stats.ctimeMs > stats.mtimeMs ? stats.ctimeMs : stats.mtimeMs);
  const isOver = files.has(identity) || (!known.has(identity) && writtenMs + UNKNOWN_MS < nowMs);
  if (isOver) await rm(path, { force: true });
}
