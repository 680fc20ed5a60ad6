import type { AssemblyOptions, Installation } from "../assemble.js";
import { unknownVariables } from "../config/environment.js";
import { loadInstallation } from "../operator/load-installation.js";
import type { CommonOptions, Context } from "./context.js";

/** Builds the installation that the command works on. */
export function openInstallation(context: Context, options: CommonOptions, more: AssemblyOptions = {}): Promise<Installation> {
  warnOfVariables(context);
  return loadInstallation(context, options.config, more);
}

/** Warns of variables that nothing reads: before what they were to set is found missing. */
export function warnOfVariables({ env, output }: Context): void {
  for (const warning of unknownVariables(env)) output.note(`warning: ${warning}`);
}
