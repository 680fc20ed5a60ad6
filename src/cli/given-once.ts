import type { Command } from "commander";
import { SignetError } from "../errors.js";

/**
 * Refuses an option with a value that is given twice: the last one would win without a word.
 *
 * @returns the command, whose options say otherwise where they have a parser of their own
 */
export function givenOnce(command: Command): Command {
  for (const option of command.options) {
    if (!option.required || option.parseArg !== undefined) continue;
    option.argParser((value: string, before: string | undefined) => {
      if (before === undefined) return value;
      throw new SignetError("usage", `${option.long ?? option.flags} is given twice: give it once`);
    });
  }
  return command;
}
