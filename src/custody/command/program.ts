import { existsSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { ownMember } from "../../encoding/own-member.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { SignetError, visible } from "../../errors.js";
import { isProgram } from "../../files/program.js";
import { assertTrustedProgram } from "../../files/trusted-read.js";

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a program gets besides what the config names: where programs are, and how a person writes. Never a secret of Signet's. */
const PASSED = ["PATH", "HOME", "LANG", "TZ", "SystemRoot", "PATHEXT"];

/**
 * Finds a program: by its absolute path, or by its name in PATH.
 *
 * @throws SignetError `config_invalid` where there is none that can be run, `store_insecure` where other users can exchange it
 */
export function findProgram(name: string, { PATH = "" }: Environment): string {
  if (isAbsolute(name)) return trusted(name);
  if (/[/\\]/.test(name)) throw unusable(name, "is a relative path: give an absolute one, or a name that PATH leads to");
  const found = PATH.split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(isProgram);
  if (found === undefined) throw unusable(name, "is not in PATH: install it, or give its absolute path");
  return trusted(found);
}

/** The environment of a program: what it needs to start, and the variables that the config names. */
export function environmentFor(env: Environment, names: readonly string[] = []): Record<string, string> {
  const found = [...PASSED, ...names].map((name) => [name, ownMember(env, name)]);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

// Who can exchange the file decides what is run with the right to read the keys.
function trusted(path: string): string {
  if (!existsSync(path)) throw unusable(path, "is not there");
  if (!statSync(path).isFile()) throw unusable(path, "is not a file");
  if (!isProgram(path)) throw unusable(path, `cannot be run: chmod u+x ${asArgument(visible(path))}`);
  assertTrustedProgram(path);
  return path;
}

function unusable(name: string, why: string): SignetError {
  return new SignetError("config_invalid", `command.program: ${visible(name)} ${why}`, { field: "command.program" });
}
