import { SignetError } from "../errors.js";

const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;
const PART = /^[A-Za-z0-9._-]{1,100}$/;

/** Tells a key's id from every other name. */
export function isKeyId(id: unknown): id is string {
  return typeof id === "string" && KEY_ID.test(id);
}

/** Tells an id, or `ID.PART` as a custodian lists it, from every other name. */
export function isListedName(name: unknown): name is string {
  const at = typeof name === "string" ? name.indexOf(".") : -1;
  return at < 0 ? isKeyId(name) : isKeyId((name as string).slice(0, at)) && PART.test((name as string).slice(at + 1));
}

/**
 * Asserts that a name is a key's id: it comes from a keyring, an active document or a program, and becomes a part of paths and names.
 *
 * @throws SignetError `invalid_key`
 */
export function assertKeyId(id: unknown): asserts id is string {
  if (!isKeyId(id)) throw new SignetError("invalid_key", "a key id may only have letters, digits, - and _");
}
