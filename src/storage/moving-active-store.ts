import type { ActiveStore } from "./contract.js";

/**
 * The active document of an installation whose keys have left this machine: written to the new store alone, read from both, so that
 * the document of the last key here is followed by the first one there. The highest sequence wins wherever it is.
 */
export function createMovingActiveStore(to: ActiveStore, from: ActiveStore): ActiveStore {
  return Object.freeze({
    settleSeconds: to.settleSeconds,
    slots: to.slots,
    async read() {
      const found = await Promise.all([to.read(), from.read()]);
      return found.flat().sort((a, b) => b.sequence - a.sequence);
    },
    write: to.write,
    async delete(sequence: number) {
      await Promise.all([to.delete(sequence), from.delete(sequence)]);
    },
  });
}
