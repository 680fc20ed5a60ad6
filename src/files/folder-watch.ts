import { type FSWatcher, watch } from "node:fs";

/** A folder that is watched. */
export interface FolderWatch {
  /** False once the system has stopped telling, as when the folder itself was removed. */
  readonly isAlive: () => boolean;
  readonly close: () => void;
}

/**
 * Watches which names of a folder appear, disappear or change. What cannot be watched (a file system over a network, too many watches) tells
 * nothing: who has to know for certain looks by itself now and then.
 *
 * @param onChange told of each change, often of one several times
 */
export function watchFolder(folder: string, onChange: (name: string | null) => void): FolderWatch {
  let watcher: FSWatcher | undefined;
  const stop = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  try {
    watcher = watch(folder, { persistent: false }, (_event, name) => onChange(name));
    watcher.on("error", stop);
  } catch {
    // It is told by its not being alive.
  }
  return Object.freeze({ isAlive: () => watcher !== undefined, close: stop });
}
