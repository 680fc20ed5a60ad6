/** Lists, and reads by alias, that are late or lack something, as AWS documents eventual consistency: what they answer is what was. */

const KEPT_MS = 300_000;
const MAX_KEPT = 2_000;

/** A map that knows what it held before each change. */
class PastMap extends Map {
  #past = [];
  #now;

  constructor(now) {
    super();
    this.#now = now;
  }

  /** @override */
  set(key, value) {
    this.#remember();
    return super.set(key, value);
  }

  /** @override */
  delete(key) {
    this.#remember();
    return super.delete(key);
  }

  /** @override */
  clear() {
    this.#remember();
    super.clear();
  }

  /** What it held so many milliseconds ago. */
  ago(milliseconds) {
    const time = this.#now() - milliseconds;
    return this.#past.find(({ until }) => until > time)?.entries ?? new Map(this);
  }

  #remember() {
    // Called by Map's own constructor too, before there is a past.
    if (this.#now === undefined) return;
    const now = this.#now();
    this.#past = this.#past.filter(({ until }) => until > now - KEPT_MS).slice(-MAX_KEPT);
    this.#past.push({ until: now, entries: new Map(this) });
  }
}

/** @param {() => number} now in milliseconds */
export function createLag(now) {
  /** @type {Map<string, { seconds?: number, hides?: (name: string) => boolean }>} */
  const lags = new Map();
  return {
    /** @returns {Map<any, any>} */
    map: () => new PastMap(now),
    /**
     * From now on answers about a kind are late by seconds, or lack what `hides` says.
     *
     * @param {"aliases" | "keys" | "secrets" | "parameters"} kind
     * @param {{ seconds?: number, hides?: (name: string) => boolean }} lag
     */
    set: (kind, lag) => void lags.set(kind, lag),
    clear: () => lags.clear(),
    /**
     * What is seen of a map.
     *
     * @param {string} kind
     * @param {any} map
     * @returns {Map<any, any>}
     */
    seen(kind, map) {
      const { seconds = 0, hides = () => false } = lags.get(kind) ?? {};
      const entries = seconds === 0 ? new Map(map) : map.ago(seconds * 1_000);
      return new Map([...entries].filter(([name]) => !hides(name)));
    },
  };
}
