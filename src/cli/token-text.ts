import { isFileAt } from "../config/load.js";
import { asArgument } from "../encoding/shell-argument.js";
import { SignetError, visible } from "../errors.js";
import { bareToken } from "../operator/token-reading.js";

const LONGEST = 1_048_576;

/**
 * The token that was given: as an argument, or `-` for stdin; with or without the words around it in an Authorization header.
 *
 * @throws SignetError `usage`
 */
export async function tokenGiven(argument: string): Promise<string> {
  const text = argument === "-" ? await readStdin() : argument;
  const token = bareToken(text);
  if (token === "") throw new SignetError("usage", "no token was given: pass it as an argument, or - to read it from stdin");
  if (argument !== "-" && isNameOfFile(argument)) {
    const file = asArgument(visible(argument));
    throw new SignetError(
      "usage",
      `${file} is a file: a token in it is read from stdin, by - in its place and < ${file} at the end`,
    );
  }
  return token;
}

// No longer than a path, and no token's three parts.
function isNameOfFile(argument: string): boolean {
  return argument.length <= 255 && argument.split(".").length !== 3 && isFileAt(argument);
}

async function readStdin(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > LONGEST) throw new SignetError("usage", "stdin holds more than a token");
  }
  return text;
}
