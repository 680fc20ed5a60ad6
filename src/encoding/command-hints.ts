import { isSignetError, SignetError } from "../errors.js";

/** How the command is called where the package is a program's dependency, which has no `signet` in its PATH. */
const BY_NPX = "npx signet-jwt";

// In a sentence a command stands between backticks, in an example after two spaces.
const COMMANDS = /(`|^ {2})signet(?= (?:[a-z-]|`))/gm;

/** Words with the commands in them (`signet keys list`) as they are called here. */
export function withSelf(words: string, self: string): string {
  return self === "signet" ? words : words.replace(COMMANDS, (_, before: string) => `${before}${self}`);
}

/** A failure with the commands in its words as they are called here; itself where there are none. */
export function failureWithSelf(error: SignetError, self: string): SignetError {
  const message = withSelf(error.message, self);
  return message === error.message ? error : reworded(error, message);
}

/** A failure in other words. */
export function reworded(error: SignetError, message: string): SignetError {
  const { code, field, retryAfterSeconds } = error;
  const known = { ...(field !== undefined && { field }), ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
  return new SignetError(code, message, { ...known, cause: error });
}

/** A failure as a program that imports the package is told it: with commands that can be pasted. */
export function asLibraryFailure(error: unknown): unknown {
  return isSignetError(error) ? failureWithSelf(error, BY_NPX) : error;
}

/**
 * A function of the library, or of what it hands out, whose failures are told as a program is told them.
 *
 * @param told makes of a failure what is thrown
 */
export function tellingFailures<Given extends unknown[], Answer>(
  work: (...given: Given) => Answer,
  told: (error: unknown) => unknown = asLibraryFailure,
): (...given: Given) => Answer {
  return (...given) => {
    try {
      const answer = work(...given);
      return answer instanceof Promise ? (answer.catch((error) => Promise.reject(told(error))) as Answer) : answer;
    } catch (error) {
      throw told(error);
    }
  };
}
