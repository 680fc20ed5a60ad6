// Preloaded into a process: where it would wait for ten seconds or longer, its clock jumps ahead instead.
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

const LONG_MS = 10_000;
const wait = timers.setTimeout;
const now = Date.now.bind(Date);
let skippedMs = 0;
Date.now = () => now() + skippedMs;
timers.setTimeout = (milliseconds, ...more) => {
  if (milliseconds < LONG_MS) return wait(milliseconds, ...more);
  skippedMs += milliseconds;
  return wait(1, ...more);
};
syncBuiltinESMExports();
