import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { assemble, type Installation } from "../../assemble.js";
import { checkConfig, loadConfig } from "../../config/load.js";
import { configuredPassphrase } from "../../config/passphrase.js";
import { SignetError } from "../../errors.js";
import { createFile, makePrivateDirectory, PUBLIC_FILE } from "../../files/durable.js";
import { activeRecord } from "../../keyring/keyring.js";
import { assertPolicy, policyOf } from "../../rotation/policy.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { askNewPassphrase } from "../prompt.js";

export interface InitOptions extends CommonOptions {
  readonly issuer?: string;
  readonly algorithm?: string;
  readonly ed25519Name?: string;
  readonly custody?: string;
  readonly passphraseFile?: string;
  readonly passphrase?: boolean;
}

/** `signet init`: writes the config and ticks, or resumes an `init` that was interrupted. */
export async function init(context: Context, options: InitOptions): Promise<void> {
  const { output, env, cwd } = context;
  const path = pathOfConfig(context, options);
  const isNew = await prepareConfig(context, options, path);
  const config = await loadConfig({ path, cwd, env });
  const asked = options.passphrase === true ? await askNewPassphrase() : undefined;
  const passphrase = asked ?? (await configuredPassphrase(config, env));
  const installation = assemble(config, { passphrase: async () => passphrase });
  if (!isNew) await assertUnfinished(installation, path);
  await makePrivateDirectory(config.directory);
  // Whatever the folder around it is, keys are not committed by accident.
  await createFile(join(config.directory, ".gitignore"), "*\n", PUBLIC_FILE);
  const manager = await installation.manager({ onStep: ({ words }) => output.isWatched && output.note(`  ${words}`) });
  await manager.tick();
  await say(context, installation, path, { isEncrypted: passphrase !== undefined, wasAsked: asked !== undefined });
}

async function prepareConfig({ cwd, env }: Context, options: InitOptions, path: string): Promise<boolean> {
  const { issuer, algorithm, ed25519Name, custody, passphraseFile } = options;
  const given = {
    issuer,
    algorithm,
    ed25519Name,
    custody,
    passphraseFile: passphraseFile && relative(dirname(path), join(cwd, passphraseFile)),
  };
  const members = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const config = checkConfig({}, path, { env, flags: members });
  assertPolicy(
    policyOf(
      {
        issuer: null,
        algorithm: "ES256",
        custody: "file",
        policy: config.rotation,
        maxTtlSeconds: config.limits.maxTtlSeconds,
        allowsUnlimitedTokens: false,
      },
      1,
    ),
  );
  const { issuer: url, algorithm: alg } = config;
  const { maxTtlSeconds, defaultTtlSeconds } = config.limits;
  const text = {
    $schema: schemaPath(path),
    ...(url === undefined ? {} : { issuer: url }),
    algorithm: alg,
    ...members,
    limits: { maxTtlSeconds, defaultTtlSeconds },
    rotation: { rotateEverySeconds: config.rotation.rotateEverySeconds },
  };
  return createFile(path, `${JSON.stringify(text, null, 2)}\n`, PUBLIC_FILE);
}

async function assertUnfinished({ stores }: Installation, path: string): Promise<void> {
  const found = await stores.keyring.read();
  const isComplete = found !== undefined && activeRecord(found.keyring) !== undefined && found.keyring.lease === null;
  if (!isComplete) return;
  throw new SignetError(
    "config_exists",
    `there is an issuer already (${path}); nothing was changed. Try: signet issue sub=alice`,
  );
}

async function say(
  { output, self }: Context,
  { config, stores }: Installation,
  path: string,
  { isEncrypted, wasAsked }: { isEncrypted: boolean; wasAsked: boolean },
): Promise<void> {
  const keyring = (await stores.keyring.read())?.keyring;
  const active = keyring && activeRecord(keyring);
  if (active === undefined) throw new SignetError("internal", "no key became active; run `signet init` again");
  output.note(`${output.bold("Issuer ready")}${config.issuer === undefined ? "" : ` for ${config.issuer}`}`);
  output.note(`  config   ${path}`);
  output.note(`  keys     ${config.directory} (${active.alg} key ${active.publicJwk?.kid} signs; a standby is published)`);
  if (isEncrypted) output.note("  secrets  encrypted under your passphrase");
  else {
    output.note("  secrets  NOT encrypted: whoever can read these files can sign. To encrypt them, make the issuer");
    output.note("           with `signet init --passphrase`, or with SIGNET_PASSPHRASE or --passphrase-file set");
  }
  if (wasAsked) output.note("           give the passphrase in SIGNET_PASSPHRASE or SIGNET_PASSPHRASE_FILE from now on");
  output.note(`Next: ${self} issue sub=alice`);
}

// Editors complete the config from the schema that this very package brings along.
function schemaPath(path: string): string {
  const schema = fileURLToPath(new URL(import.meta.resolve("signet-jwt/signet.schema.json")));
  const inFolder = relative(dirname(path), schema).replaceAll("\\", "/");
  return inFolder.startsWith(".") ? inFolder : `./${inFolder}`;
}
