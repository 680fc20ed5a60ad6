/** What tells this process to end. */
export interface StopSignals {
  /** It is to end, and may finish what it has begun. */
  readonly first: Promise<void>;
  /** It was told once more: it is to end now. */
  readonly again: Promise<void>;
}

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
/** A terminal, npm and a process above may each send the signal of one key: what comes so soon may be the same. */
const SAME_KEY_MS = 500;
/** What that leaves to the requests in flight. */
const SHORT_END_MS = 2_000;

/** Listens to signals from now on. SIGHUP is a terminal that was closed. */
export function watchStopSignals(): StopSignals {
  let firstAt: number | undefined;
  let stop: () => void = () => undefined;
  let endNow: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const again = new Promise<void>((resolve) => {
    endNow = resolve;
  });
  const onSignal = (): void => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      stop();
    } else if (performance.now() - firstAt > SAME_KEY_MS) endNow();
    else setTimeout(endNow, SHORT_END_MS);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return Object.freeze({ first, again });
}
