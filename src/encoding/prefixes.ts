/** Fewer characters name nothing, since the next name may begin with them too. */
const MIN_PREFIX = 4;

/** Those of some names that begin with what was given for one of them; none where that is too short to mean one. */
export function beginningWith(names: readonly string[], given: string): readonly string[] {
  return given.length < MIN_PREFIX ? [] : names.filter((name) => name.startsWith(given));
}
