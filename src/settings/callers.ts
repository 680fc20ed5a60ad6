/** A caller's name can also be a Lambda alias, which is never a bare number (that is a version). */
export const CALLER_NAME = /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** What a caller may do: ask for tokens, and all else that callers may; or read `/metrics` and nothing else. */
export const RIGHTS = ["issue", "metrics"] as const;

/** One of the things that a caller may do. */
export type Right = (typeof RIGHTS)[number];

/** The rights of a caller, as a member of it. One that says nothing has all. */
export const MAY = {
  type: "array",
  title: `a list of what it may: ${RIGHTS.join(", ")}`,
  items: { type: "string", pattern: `^(?:${RIGHTS.join("|")})$`, title: `one of ${RIGHTS.join(", ")}` },
} as const;

/** What Lambda takes as the name of an alias (CreateAlias, "Name"). */
const ALIAS_NAME = /^(?!\d+$)[A-Za-z0-9_-]{1,128}$/;

/** What every JavaScript object answers to: a verifier that looks callers up in one would find something under these names. */
export const REFUSED_CALLER_NAMES: readonly string[] = [...Object.getOwnPropertyNames(Object.prototype), "prototype"];

/** Tells whether a text can be a caller's name. */
export function isCallerName(text: string): boolean {
  return CALLER_NAME.test(text) && !REFUSED_CALLER_NAMES.includes(text);
}

/** Tells whether a text can be the name of a caller that is a Lambda alias. */
export function isAliasName(text: string): boolean {
  return ALIAS_NAME.test(text) && !REFUSED_CALLER_NAMES.includes(text);
}
