/** What tells the time, and wakes. */
export interface IdleClock {
  /** Milliseconds on a clock that is never set. */
  readonly now: () => number;
  /** Calls back after so many milliseconds; what it answers cancels that. */
  readonly wake: (milliseconds: number, call: () => void) => () => void;
}

/** The clock of this process. A wait keeps no process running. */
export const IDLE_CLOCK: IdleClock = Object.freeze({
  now: () => performance.now(),
  wake(milliseconds: number, call: () => void) {
    const timer = setTimeout(call, milliseconds).unref();
    return () => clearTimeout(timer);
  },
});

/** Watches whether something is used. */
export interface IdleWatch {
  /** Begins a use; what it answers ends it. While one is under way nothing is idle. */
  begin(): () => void;
  stop(): void;
}

/**
 * Tells once that something was not used for so long.
 *
 * @param onIdle told then, and never again
 */
export function watchIdle(idleMs: number, onIdle: () => void, { now, wake }: IdleClock = IDLE_CLOCK): IdleWatch {
  let uses = 0;
  let usedAt = now();
  let cancel = wake(idleMs, look);

  function look(): void {
    const leftMs = uses > 0 ? idleMs : usedAt + idleMs - now();
    if (leftMs > 0) cancel = wake(leftMs, look);
    else onIdle();
  }

  return Object.freeze({
    begin() {
      uses += 1;
      let isUnderWay = true;
      return () => {
        if (isUnderWay) uses -= 1;
        isUnderWay = false;
        usedAt = now();
      };
    },
    stop: () => cancel(),
  });
}
