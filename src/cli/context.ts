import { configPath } from "../config/load.js";
import { SignetError } from "../errors.js";
import { placeOfConfig } from "../operator/config-place.js";
import { type StackChoice, stackOfConfig } from "../operator/stack-access.js";
import { STACK_CONFIG, type Surroundings } from "../operator/surroundings.js";
import type { Output } from "./output.js";

/** What every command works with. */
export interface Context extends Surroundings {
  readonly output: Output;
  /** The file descriptor that `serve` logs to. */
  readonly logFd: number;
  /** Told where `serve` listens, once it does. */
  readonly onServing?: ((url: string) => void) | undefined;
  /** Told once `console` has printed its link. */
  readonly onConsole?: (() => void) | undefined;
  /** What `serve` waits for before it ends the process: something else that runs in it, and was told to end by the same signal. */
  readonly untilEnd?: (() => Promise<unknown>) | undefined;
}

/** What a program gives that runs a command within itself. */
export type Hooks = Partial<Pick<Context, "logFd" | "onServing" | "onConsole" | "untilEnd">>;

/** The options that every command has. */
export interface CommonOptions {
  /** The config file. */
  readonly config?: string;
  /** Answers every question with yes. */
  readonly yes?: boolean;
  /** Data as JSON. */
  readonly json?: boolean;
}

/** The options of every command that works on a stack. */
export interface StackOptions extends CommonOptions, StackChoice {}

/** The file that the command's config is read from. */
export function pathOfConfig(context: Context, options: CommonOptions): string {
  assertNoStack(context, options);
  return placeOfConfig(context, options.config);
}

/** The file whose callers the command is about. Those of a stack stand in no file. */
export function pathOfCallers(context: Context, options: CommonOptions): string {
  const { config } = options;
  if (config?.startsWith(STACK_CONFIG) !== true) return pathOfConfig(context, options);
  const { self } = context;
  const stack = stackOfConfig(config);
  throw new SignetError(
    "usage",
    `the callers of a stack stand in its parameter Callers: \`${self} callers list --config ${STACK_CONFIG}${stack}\` shows them, \`${self} deploy --stack ${stack} 'Callers={...}'\` puts others in their place, all at once`,
  );
}

/** The file that a new config is written to: the one that was named, or the present folder's, whatever stands above. */
export function pathOfNewConfig(context: Context, options: CommonOptions): string {
  assertNoStack(context, options);
  return configPath({ path: options.config, ...context });
}

function assertNoStack({ self }: Context, { config }: CommonOptions): void {
  if (config?.startsWith(STACK_CONFIG) !== true) return;
  throw new SignetError("usage", `a stack has no config file: \`${self} deploy Name=Value\` changes its parameters`);
}
