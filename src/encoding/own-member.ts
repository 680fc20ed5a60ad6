/**
 * Reads a member by a name that may be anybody's. `object[name]` answers for `constructor` and `__proto__` what every object inherits.
 *
 * @returns the object's own member; `undefined` where it has none of that name
 */
export function ownMember<T>(object: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
