/** Takes turns at something of which only so many may go on at once; those who wait are let in as they came. */
export interface Turns {
  /** @returns a promise only where a turn has to be waited for */
  take(): Promise<void> | undefined;
  /** Gives a turn back, whatever became of it. */
  give(): void;
}

/** @param most how many may go on at once */
export function createTurns(most: number): Turns {
  let underWay = 0;
  const waiting: (() => void)[] = [];
  return {
    take() {
      if (underWay >= most) return new Promise((resolve) => void waiting.push(resolve));
      underWay += 1;
      return undefined;
    },
    give() {
      const next = waiting.shift();
      if (next === undefined) underWay -= 1;
      else next();
    },
  };
}
