import { asArgument } from "../encoding/shell-argument.js";
import { visible } from "../errors.js";
import { STACK_CONFIG } from "../operator/surroundings.js";

/** The commands that work on the issuer of a config. `init` with options, in a sentence, is about making one elsewhere. */
const ON_A_FILE = "issue|token|verify|jwks|keys|audit|restore|serve|console|callers|init(?=`)";
const ON_A_STACK = "issue|token|verify|jwks|keys|audit|console";

/** Where the arguments of a command end for the shell. */
const REDIRECTION = / [<>|&]/;

/**
 * Adds the config that was given to the commands in a line, which without it would work on the issuer of this folder.
 *
 * @param self how the command is called here
 * @param config as `--config` was given
 */
export function configHints(self: string, config: string | undefined): (line: string) => string {
  if (config === undefined) return (line) => line;
  const place = ` --config ${asArgument(visible(config))}`;
  const called = self.replaceAll(".", "\\.");
  const commands = config.startsWith(STACK_CONFIG) ? ON_A_STACK : ON_A_FILE;
  // In a sentence a command stands between backticks; by itself it begins a line, or follows a colon, and ends before two spaces.
  const quoted = new RegExp(`\`${called} (?:${commands})(?![\\w-])[^\`\n]*(?=\`)`, "g");
  const alone = new RegExp(`(?:^ {2}|: )${called} (?:${commands.replace("(?=`)", "")})(?![\\w-]).*$`, "g");
  const added = (command: string): string => {
    if (command.includes(" --config")) return command;
    const end = command.search(REDIRECTION);
    return end < 0 ? command + place : command.slice(0, end) + place + command.slice(end);
  };
  return (line) =>
    line.replace(quoted, added).replace(alone, (command) => {
      const end = command.indexOf("  ", 2);
      return end < 0 ? added(command) : added(command.slice(0, end)) + command.slice(end);
    });
}
