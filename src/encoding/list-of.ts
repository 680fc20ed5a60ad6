/** Longer lists are none of ours: a sparse one may say any length of itself. */
export const MAX_LIST_LENGTH = 100_000;

/** Tells whether something is a list of nothing but such items. `every` passes over holes, and a list of holes checks nothing. */
export function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.length <= MAX_LIST_LENGTH && Array.from<unknown>(value).every(isItem);
}

/** Tells whether something is a text with something in it. */
export function isNonEmptyText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
