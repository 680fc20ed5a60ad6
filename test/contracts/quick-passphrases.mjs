/**
 * Lets this process derive keys from passphrases in one round, whatever a file says: the rounds are there to be slow (RFC 8018 section
 * 4.2), and what is made like this can be read like this alone. The fixtures of test/formats are read in full.
 *
 * @returns what lets it take its time again
 */
export function quickenPassphrases() {
  const subtle = Object.getPrototypeOf(crypto.subtle);
  const { deriveBits } = subtle;
  subtle.deriveBits = function (parameters, ...rest) {
    return deriveBits.call(this, "iterations" in parameters ? { ...parameters, iterations: 1 } : parameters, ...rest);
  };
  return () => {
    subtle.deriveBits = deriveBits;
  };
}

const preload = `import { quickenPassphrases } from ${JSON.stringify(import.meta.url)}; quickenPassphrases();`;

/** What does the same to another process of Node, in its `NODE_OPTIONS`. */
export const QUICK_PASSPHRASES = `--import=data:text/javascript,${encodeURIComponent(preload)}`;
