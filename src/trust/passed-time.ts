/** So far apart two clocks may go, in milliseconds, before one of them is believed to have stood still. */
const NOISE_MS = 1_000;

/**
 * Measures how long ago something was, over sleeps as well. The clock that is never set stands still while a machine sleeps, or is paused; the other
 * one is set forward afterwards.
 *
 * @param now milliseconds since 1970
 * @param elapsed milliseconds by a clock that is never set
 * @returns (the bound function) seconds, on a clock that never goes back
 */
export function createPassedTime(now = () => Date.now(), elapsed = () => performance.now()): () => number {
  const apart = now() - elapsed();
  let asleep = 0;
  return () => {
    const elapsedMs = elapsed();
    const missing = now() - elapsedMs - apart;
    if (missing > asleep + NOISE_MS) asleep = missing;
    return (elapsedMs + asleep) / 1_000;
  };
}
