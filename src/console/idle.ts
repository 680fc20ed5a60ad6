/** What tells the time, and wakes. */
export interface IdleClock {
  /** Milliseconds on a clock that is never set back, and that goes on while the machine sleeps. */
  readonly now: () => number;
  /** Calls back after so many milliseconds; what it answers cancels that. */
  readonly wake: (milliseconds: number, call: () => void) => () => void;
}

/**
 * A clock of two: the one stands still while the machine sleeps, the other one can be set. Between two looks the greater step of both counts, so that
 * nothing lives longer than by either.
 */
export function sleeplessClock(steady = () => performance.now(), wall = Date.now): () => number {
  let at = 0;
  let was = { steady: steady(), wall: wall() };
  return () => {
    const is = { steady: steady(), wall: wall() };
    at += Math.max(is.steady - was.steady, is.wall - was.wall);
    was = is;
    return at;
  };
}

/** The clock of this process. A wait keeps no process running. */
export const IDLE_CLOCK: IdleClock = Object.freeze({
  now: sleeplessClock(),
  wake(milliseconds: number, call: () => void) {
    const timer = setTimeout(call, milliseconds).unref();
    return () => clearTimeout(timer);
  },
});

/** Watches whether something is used. */
export interface IdleWatch {
  /** Begins a use; what it answers ends it. While one is under way nothing is idle. */
  begin(): () => void;
  /** Whether the time is over: it may be before anything has woken, as in a machine that has slept. */
  isOver(): boolean;
  stop(): void;
}

/**
 * Tells that something was not used for so long.
 *
 * @param onIdle told then
 */
export function watchIdle(idleMs: number, onIdle: () => void, { now, wake }: IdleClock = IDLE_CLOCK): IdleWatch {
  let uses = 0;
  let usedAt = now();
  let cancel = wake(idleMs, look);
  const leftMs = (): number => (uses > 0 ? idleMs : usedAt + idleMs - now());

  function look(): void {
    const left = leftMs();
    if (left > 0) cancel = wake(left, look);
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
    isOver() {
      const isOver = leftMs() <= 0;
      if (isOver) {
        cancel();
        onIdle();
      }
      return isOver;
    },
    stop: () => cancel(),
  });
}
