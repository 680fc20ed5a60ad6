import type { AssemblyOptions, Installation } from "../assemble.js";
import { unknownVariables } from "../config/environment.js";
import { loadInstallation } from "../operator/load-installation.js";
import type { CommonOptions, Context } from "./context.js";

/** Builds the installation that the command works on, and warns of variables that nothing reads. */
export function openInstallation(context: Context, options: CommonOptions, more: AssemblyOptions = {}): Promise<Installation> {
  for (const warning of unknownVariables(context.env)) context.output.note(`warning: ${warning}`);
  return loadInstallation(context, options.config, more);
}
