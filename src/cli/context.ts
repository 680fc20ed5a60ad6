import { resolve } from "node:path";
import { type AssemblyOptions, assemble, type Installation } from "../assemble.js";
import { unknownVariables } from "../config/environment.js";
import { configPath, loadConfig } from "../config/load.js";
import { configuredPassphrase } from "../config/secrets.js";
import type { Output } from "./output.js";

/** What every command works with. */
export interface Context {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** How the command was called, for what to type next: `signet`, or `./bin/signet` in a clone. */
  readonly self: string;
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
export function pathOfConfig({ cwd, env }: Context, options: CommonOptions): string {
  return configPath({ path: options.config, cwd, env });
}

/** Builds the installation that the command works on. */
export async function openInstallation(
  context: Context,
  options: CommonOptions,
  more: AssemblyOptions = {},
): Promise<Installation> {
  const { cwd, env, output } = context;
  for (const warning of unknownVariables(env)) output.note(`warning: ${warning}`);
  const config = await loadConfig({ path: options.config, cwd, env });
  return assemble(config, { passphrase: () => configuredPassphrase(config, env), env, ...more });
}

/** A path that was given on the command line, absolute. */
export function pathGiven({ cwd }: Context, path: string): string {
  return resolve(cwd, path);
}
