import type { Output } from "./output.js";

/** A line on a terminal that says how far long work has come. */
export interface Progress {
  /** Says it, now and then, once the work has taken more than a second. */
  tell(words: string): void;
  /** Says it once more where it was said before, and ends the line. */
  end(words: string): void;
}

const SILENT_MILLISECONDS = 1_000;
const REPORT_EVERY_MILLISECONDS = 250;

/** Begins work that is watched. Each of its words is as long as the ones before, or longer: they are written over. */
export function createProgress(output: Output): Progress {
  const silentUntil = Date.now() + SILENT_MILLISECONDS;
  let reportedAt = silentUntil;
  return Object.freeze({
    tell(words: string) {
      if (!output.isWatched || Date.now() - reportedAt < REPORT_EVERY_MILLISECONDS) return;
      reportedAt = Date.now();
      process.stderr.write(`\r${words}`);
    },
    end(words: string) {
      if (reportedAt > silentUntil) process.stderr.write(`\r${words}\n`);
    },
  });
}
