import { beginningWith } from "../encoding/prefixes.js";
import { SignetError } from "../errors.js";
import type { Keyring } from "../keyring/keyring.js";

/** As many are shown at least where names are shortened. */
const MIN_SHOWN = 8;

/**
 * The kid that was meant: one of the keyring's, or what only one of them begins with. What names none is answered as it is, since
 * what looks the key up says so.
 *
 * @throws SignetError `usage` where several kids begin so
 */
export function kidNamed({ keys }: Pick<Keyring, "keys">, given: string): string {
  const kids = keys.flatMap(({ publicJwk }) => (publicJwk === undefined ? [] : [publicJwk.kid]));
  if (kids.includes(given)) return given;
  const meant = beginningWith(kids, given);
  if (meant.length < 2) return meant[0] ?? given;
  throw new SignetError(
    "usage",
    `${meant.length} keys begin with ${given}: ${meant.join(", ")}; give more of the one that you mean`,
  );
}

/** For each of some names as much of its beginning as no other has, and no less than a person recognises. */
export function shortestPrefixes(names: readonly string[]): ReadonlyMap<string, string> {
  const sorted = [...new Set(names)].sort();
  return new Map(
    sorted.map((name, index) => {
      const shared = Math.max(sharedLength(name, sorted[index - 1]), sharedLength(name, sorted[index + 1]));
      return [name, name.slice(0, Math.max(MIN_SHOWN, shared + 1))];
    }),
  );
}

function sharedLength(name: string, other = ""): number {
  let length = 0;
  while (length < name.length && name[length] === other[length]) length++;
  return length;
}
