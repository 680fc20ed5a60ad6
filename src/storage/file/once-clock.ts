/** For so long a clock has to stay where it was put before it is believed, in milliseconds. */
const PATIENCE_MS = 3_600_000;

/**
 * A clock for what forgets. One that was put forward may be put back, and what was forgotten meanwhile could be used again: it is believed an
 * hour later. One that was put back is believed at once. A process believes what it finds when it starts.
 *
 * @param now milliseconds since 1970
 * @param elapsed milliseconds by a clock that is never set
 */
export function createPatientClock(now: () => number, elapsed: () => number): () => number {
  let ahead = now() - elapsed();
  let putForwardAt: number | undefined;
  return () => {
    const elapsedMs = elapsed();
    const found = now() - elapsedMs;
    putForwardAt = found > ahead ? (putForwardAt ?? elapsedMs) : undefined;
    if (putForwardAt === undefined || elapsedMs - putForwardAt >= PATIENCE_MS) [ahead, putForwardAt] = [found, undefined];
    return ahead + elapsedMs;
  };
}
