import { SignetError } from "../errors.js";
import type { Tokens } from "./tokens.js";

/** What is there and not seen: marks of format, direction and width, and separators of lines. */
const UNSEEN = /[\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * Refuses an `iss` that people write and do not see: it is not the one that the other side has. It is apart from what each function checks once more, as
 * it is for those who type.
 *
 * @param where its place, for errors
 * @throws SignetError `config_invalid`
 */
export function assertVisibleIss({ iss }: Tokens, where: string): void {
  if (iss === undefined || (/\S/.test(iss) && !UNSEEN.test(iss))) return;
  const what = `${where} has ${/\S/.test(iss) ? "a character that is not seen, as copied text may have" : "nothing but spaces"}: type it anew`;
  throw new SignetError("config_invalid", what, { field: "tokens.iss" });
}
