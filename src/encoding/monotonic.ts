/** Milliseconds on a clock that is never set. `performance` has the same one, and loads a module of Node's that functions start without. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
