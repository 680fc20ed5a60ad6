import { resolve } from "node:path";
import type { Environment } from "../config/environment.js";

/** Where an operator works on an installation: by a command, or at a console. */
export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  /** How the command is called, for what to type next: `signet`, or `./bin/signet` in a clone. */
  readonly self: string;
  /** Told which config is used where it stands in a folder above. */
  readonly onConfigAbove?: ((path: string) => void) | undefined;
  /** Told what a config says against itself. */
  readonly onDoubt?: ((words: string) => void) | undefined;
  /** Answers what asks for a passphrase that nothing names; `undefined` where there is no terminal to ask at. */
  readonly passphrasePrompt?: (() => (() => Promise<string | undefined>) | undefined) | undefined;
}

/** What the name of a config begins with where it names a stack and no file. */
export const STACK_CONFIG = "stack:";

/** A path that was given, absolute. */
export function pathGiven({ cwd }: Pick<Surroundings, "cwd">, path: string): string {
  return resolve(cwd, path);
}
