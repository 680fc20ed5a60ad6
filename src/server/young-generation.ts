import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * V8 lets the space of young objects grow to 32 MB and more, on Node 24 to 128: under load it would be most of a worker's memory.
 * Twice this many bytes stand for it while it is collected.
 */
const MAX_BYTES = 8 * 1024 * 1024;
const LOOK_EVERY_MS = 20;

/**
 * Keeps the space of young objects bounded from now on. V8 takes its size for a whole process from the command line, which `signet` does
 * not write; by which factor the space grows is read each time.
 *
 * @returns a function that ends it
 */
export function boundYoungGeneration(): () => void {
  let grows = true;
  const timer = setInterval(() => {
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    // V8 shrinks it when little happens, and it has to grow again after that.
    const mayGrow = (space?.space_size ?? 0) < MAX_BYTES;
    if (mayGrow !== grows) setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
    grows = mayGrow;
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
