import { isSignetError, SignetError } from "../errors.js";

/** How the command is called where the package is a program's dependency, which has no `signet` in its PATH. */
const BY_NPX = "npx signet-jwt";

// In a sentence a command stands between backticks, in an example after two spaces.
const COMMANDS = /(`|^ {2})signet(?= (?:[a-z-]|`))/gm;

/** Words with the commands in them (`signet keys list`) as they are called here. */
export function withSelf(words: string, self: string): string {
  return self === "signet" ? words : words.replace(COMMANDS, (_, before: string) => `${before}${self}`);
}

/** A failure as a program that imports the package is told it: with commands that can be pasted. */
export function asLibraryFailure(error: unknown): unknown {
  if (!isSignetError(error)) return error;
  const message = withSelf(error.message, BY_NPX);
  if (message === error.message) return error;
  const { code, field, retryAfterSeconds } = error;
  const known = { ...(field !== undefined && { field }), ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
  return new SignetError(code, message, { ...known, cause: error });
}
