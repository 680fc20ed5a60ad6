import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * V8 lets the space of young objects grow to 32 MB and more, on Node 24 to 128: under load it would be most of a worker's memory.
 * Twice this many bytes stand for it while it is collected.
 */
const MAX_BYTES = 4 * 1024 * 1024;
const LOOK_EVERY_MS = 20;

/**
 * Keeps the space of young objects bounded from now on. V8 takes its size for a whole process from the command line, which `signet` does
 * not write; by which factor the space grows is read each time.
 *
 * @returns a function that ends it
 */
export function boundYoungGeneration(): () => void {
  const timer = setInterval(() => {
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    if ((space?.space_size ?? 0) >= MAX_BYTES) return;
    // For one turn of the event loop: within the time between two looks it would grow by many steps.
    grow(true);
    setImmediate(grow, false);
  }, LOOK_EVERY_MS);
  grow(false);
  timer.unref();
  return () => clearInterval(timer);
}

function grow(mayGrow: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
}
