import { asArgument } from "../encoding/shell-argument.js";
import { visible } from "../errors.js";
import { STACK_CONFIG } from "../operator/surroundings.js";

/** The second word of a command that has one; what is no such word is an option. */
const SECOND = "(?: [a-z][a-z-]*|(?! [a-z]))";
/** `doctor` with an issuer looks at that one. */
const OWN_DOCTOR = "doctor(?=`|$| {2}| --)";
/** The commands that work on the issuer of a config. */
const ON_A_STACK = `issue|token|verify|jwks|console|${OWN_DOCTOR}|(?:keys|audit)${SECOND}`;
/** Also those that need its folder. `backup` by itself is told of, not to be run. */
const ON_A_FILE = `${ON_A_STACK}|callers${SECOND}|serve|restore|backup(?= )`;
/** In a sentence `init` with options is about making an issuer elsewhere. */
const PLAIN_INIT = "init(?=`)";

/**
 * Adds the config that was given to the commands in a line, which without it would work on the issuer of this folder. It stands behind the
 * command's own words: what follows them may be anybody's, and be quoted.
 *
 * @param self how the command is called here
 * @param config as `--config` was given
 */
export function configHints(self: string, config: string | undefined): (line: string) => string {
  if (config === undefined) return (line) => line;
  const place = ` --config ${asArgument(visible(config))}`;
  const called = self.replaceAll(".", "\\.");
  const isStack = config.startsWith(STACK_CONFIG);
  const commands = (init: string) => `${called} (?:${isStack ? ON_A_STACK : `${ON_A_FILE}|${init}`})(?![\\w-])(?! --config)`;
  // In a sentence a command stands behind a backtick; by itself it begins a line, or follows a colon.
  const quoted = new RegExp(`\`${commands(PLAIN_INIT)}`, "g");
  const alone = new RegExp(`(?:^ {2}|: )${commands("init")}`, "g");
  const placed = (words: string): string => words + place;
  return (line) => line.replace(quoted, placed).replace(alone, placed);
}
