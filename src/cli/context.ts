import { resolve } from "node:path";
import { configPath } from "../config/load.js";
import { SignetError } from "../errors.js";
import type { Output } from "./output.js";

/** What `--config` begins with where it names a stack and no file. */
export const STACK_CONFIG = "stack:";

/** What every command works with. */
export interface Context {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** How the command was called, for what to type next: `signet`, or `./bin/signet` in a clone. */
  readonly self: string;
  /** The file descriptor that `serve` logs to. */
  readonly logFd: number;
  /** Told where `serve` listens, once it does. */
  readonly onServing?: ((url: string) => void) | undefined;
}

/** The options that every command has. */
export interface CommonOptions {
  /** The config file. */
  readonly config?: string;
  /** Answers every question with yes. */
  readonly yes?: boolean;
  /** Data as JSON. */
  readonly json?: boolean;
}

/** The file that the command's config is read from. */
export function pathOfConfig({ cwd, env, self }: Context, options: CommonOptions): string {
  if (options.config?.startsWith(STACK_CONFIG)) {
    throw new SignetError("usage", `a stack has no config file: \`${self} deploy Name=Value\` changes its parameters`);
  }
  return configPath({ path: options.config, cwd, env });
}

/** A path that was given on the command line, absolute. */
export function pathGiven({ cwd }: Context, path: string): string {
  return resolve(cwd, path);
}
