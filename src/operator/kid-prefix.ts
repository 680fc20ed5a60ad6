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
  // On a timeline a name ends in dots where it is cut.
  const meant = beginningWith(kids, given.replace(/(?:…|\.\.)$/u, ""));
  if (meant.length < 2) return meant[0] ?? given;
  throw new SignetError(
    "usage",
    `${meant.length} keys begin with ${given}: ${meant.join(", ")}; give more of the one that you mean`,
  );
}

/**
 * The columns whose names may be shortened. Beside a name with a space none is: in a cell of several it could not be told where one ends, and
 * what was typed of it would name no key.
 */
export function columnsToShorten(columns: readonly number[], names: readonly string[]): readonly number[] {
  return names.some((name) => name.includes(" ")) ? [] : columns;
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
