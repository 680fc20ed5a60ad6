import { type AssemblyOptions, assemble, type Installation } from "../assemble.js";
import { unknownVariables } from "../config/environment.js";
import { loadConfig } from "../config/load.js";
import { configuredPassphrase } from "../config/secrets.js";
import { SignetError } from "../errors.js";
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

/** Beside a config whose keys are not there: a volume may not be mounted, so that `init` is the last thing to try. */
export function keyringMissing(installation: Installation): SignetError {
  return missing("keyring", installation, "or run `signet init` to make a new issuer");
}

/** The public keys are not where they are published. */
export function jwksMissing(installation: Installation): SignetError {
  const way = "publish it again with `signet keys tick`, or run `signet init` to make a new issuer";
  return missing("JWKS", installation, way);
}

function missing(what: string, { stores, config }: Installation, otherWay: string): SignetError {
  const place = stores.place ?? config.directory;
  return new SignetError(
    "keyring_missing",
    `there is no ${what} in ${place}: mount or restore what should be there, ${otherWay}`,
  );
}
