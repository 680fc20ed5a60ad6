import type { Command } from "commander";
import { SignetError } from "../errors.js";

/**
 * Refuses, in a command and all below it, an option with a value that is given twice: the last one would win without a word, and the limits
 * of a caller that stood in the first be lost. Options with a parser of their own say otherwise.
 */
export function refuseGivenTwice(command: Command): void {
  for (const option of command.options) {
    if (!option.required || option.variadic || option.parseArg !== undefined) continue;
    option.argParser((value: string) => {
      if (command.getOptionValueSource(option.attributeName()) !== "cli") return value;
      throw new SignetError("usage", `${option.long ?? option.flags} is given twice: give it once`);
    });
  }
  for (const each of command.commands) refuseGivenTwice(each);
}
