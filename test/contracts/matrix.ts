/**
 * How much of a matrix is played. `npm test` plays some of its cells, CI's workflow each of them (`SIGNET_PROOF=every`), and a proof what
 * is too long for it as well (`SIGNET_PROOF=full`): a kill at every write, a fault of every call, stories by the hundred.
 */
export const isInFull = process.env.SIGNET_PROOF === "full";
export const isEvery = isInFull || process.env.SIGNET_PROOF === "every";

/** How many, where `npm test` plays, where CI does, and in full. */
export const amount = (few: number, every: number, full = every): number => (isInFull ? full : isEvery ? every : few);

/** As many of the cells as are said, spread evenly from the first; all where every cell is played. */
export function some<Cell>(count: number, cells: readonly Cell[]): readonly Cell[] {
  if (isEvery || count >= cells.length) return cells;
  return Array.from({ length: count }, (_, index) => cells[Math.floor((index * cells.length) / count)] as Cell);
}

/** How many random cases a property plays: fewer where `npm test` does. */
export const cases = (count: number): number => amount(Math.ceil(count / 4), count);
