/** Longer lists are none of ours: a sparse one may say any length of itself. */
export const MAX_LIST_LENGTH = 100_000;

/** Tells whether something is a list of nothing but such items. `every` passes over holes, and a list of holes checks nothing. */
export function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.length <= MAX_LIST_LENGTH && Array.from<unknown>(value).every((item) => isItem(item));
}

/** Tells whether something is a text. */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Tells whether something is a text with something in it. */
export function isNonEmptyText(value: unknown): value is string {
  return isText(value) && value !== "";
}

/** Tells whether something is a text, or absent. */
export function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}

/** Tells whether something can have members, as objects and lists have. */
export function hasMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Tells a JSON object from lists, null and everything else. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return hasMembers(value) && !Array.isArray(value);
}

/** One text, or several, as a list of its own. Whatever is neither stays what it is. */
export function listed<T>(value: T): T | T[] {
  return isText(value) ? [value] : value;
}
