import { type AssemblyOptions, assemble, type Installation } from "../assemble.js";
import { unknownVariables } from "../config/environment.js";
import { loadConfig } from "../config/load.js";
import { configuredPassphrase } from "../config/secrets.js";
import { type CommonOptions, type Context, STACK_CONFIG } from "./context.js";

/** Builds the installation that the command works on. */
export async function openInstallation(
  context: Context,
  options: CommonOptions,
  more: AssemblyOptions = {},
): Promise<Installation> {
  const { cwd, env, output } = context;
  for (const warning of unknownVariables(env)) output.note(`warning: ${warning}`);
  const config = options.config?.startsWith(STACK_CONFIG)
    ? await (await import("./stack-config.js")).stackConfig(context, options.config)
    : await loadConfig({ path: options.config, cwd, env });
  return assemble(config, { passphrase: () => configuredPassphrase(config, env), env, ...more });
}
