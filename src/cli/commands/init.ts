import { rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey } from "../../algorithms/keys.js";
import { algorithmNamed } from "../../algorithms/table.js";
import { assemble, type Installation } from "../../assemble.js";
import { loadConfig } from "../../config/load.js";
import type { AwsConfig, Config } from "../../config/schema.js";
import { configuredPassphrase } from "../../config/secrets.js";
import { findCustody } from "../../custody/registry.js";
import { isSignetError, SignetError } from "../../errors.js";
import { createFile, makePrivateDirectory, PUBLIC_FILE, removeFile } from "../../files/durable.js";
import { followLinks } from "../../files/links.js";
import { activeRecord } from "../../keyring/keyring.js";
import { assertSurroundings } from "../../operator/init-preflight.js";
import { type InitialOptions, type WantedConfig, wantedConfig } from "../../operator/initial-config.js";
import { keyToImport } from "../../operator/key-import.js";
import { footprint } from "../../operator/prices.js";
import type { Manager } from "../../rotation/manager.js";
import { assertPolicy } from "../../rotation/plan/policy.js";
import type { ImportedKey } from "../../rotation/steps/import-key.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { custodyMembersIn } from "../custody-flags.js";
import { askIfWatched, askNewPassphrase } from "../prompt.js";

export interface InitOptions extends CommonOptions, InitialOptions {
  readonly passphrase?: boolean;
  /** A key made elsewhere that signs first. */
  readonly import?: string;
  readonly kid?: string;
  /** Holds the passphrase that opens the imported key. */
  readonly keyPassphraseFile?: string;
}

/**
 * `signet init`: writes the config and ticks, or resumes an `init` that was interrupted. Everything that can be wrong with what
 * was asked is found before anything is written.
 */
export async function init(context: Context, options: InitOptions): Promise<void> {
  const { output } = context;
  const path = pathOfConfig(context, options);
  const first = await firstKey(context, options);
  const algorithm = options.algorithm ?? first?.algorithm;
  const hasExistingKey = first !== undefined || isInKms(context, options);
  const custodyMembers = custodyMembersIn(options);
  const wanted = wantedConfig(
    context,
    { ...options, custodyMembers, hasExistingKey, ...(algorithm !== undefined && { algorithm }) },
    path,
  );
  const found = await configAt(context, path);
  if (found !== undefined) await assertResumable(context, found, wanted, path);
  const config = found ?? wanted.config;
  await assertPossible(config);
  const asked = options.passphrase === true ? await askNewPassphrase() : undefined;
  const passphrase = asked ?? (await configuredPassphrase(config, context.env));
  const installation = await assemble(config, { passphrase: async () => passphrase, env: context.env });
  const manager = await installation.manager({ onStep: ({ words }) => output.isWatched && output.note(`  ${words}`) });
  await assertSurroundings(context, installation, { path, isNew: found === undefined });
  if (found === undefined) await begin(manager, config, first, true);
  const takeBack = found === undefined ? await writeConfig(installation, path, wanted.text) : undefined;
  if (config.aws !== undefined) tellPlan(context, config, config.aws);
  const actions = await begin(manager, config, first).catch(async (error: unknown) => {
    await takeBack?.();
    throw error;
  });
  // Another process was done first, or there was nothing left to resume but its lease.
  if (actions.length === 0) throw alreadyThere(path);
  if (hasExistingKey) tellRotation(context, config);
  await printSummary(context, installation, path, { isEncrypted: passphrase !== undefined, wasAsked: asked !== undefined });
}

// The next keys are of the algorithm of the one that is taken over, unless another one was asked for.
async function firstKey(context: Context, options: InitOptions): Promise<ImportedKey | undefined> {
  if (options.import !== undefined) {
    const { region, custody = "file", algorithm = "ES256", ed25519Name = "EdDSA" } = options;
    const place = { region, custody, algorithm, ed25519Name: ed25519Name as "EdDSA" };
    return keyToImport(context, place, options.import, { ...options, askPassphrase: askIfWatched() });
  }
  const alone = options.kid !== undefined ? "--kid" : options.keyPassphraseFile !== undefined && "--key-passphrase-file";
  if (!alone) return undefined;
  throw new SignetError("usage", `${alone} is for a key that is taken over: give it with --import`);
}

// With some custodians --kms-key names a key that is there already, and it signs first.
function isInKms({ env }: Context, { custody, kmsKey }: InitOptions): boolean {
  return findCustody(custody ?? env.SIGNET_CUSTODY ?? "")?.kmsKey === "signs" && (kmsKey ?? env.SIGNET_KMS_KEY ?? "") !== "";
}

function tellRotation({ output }: Context, { rotation }: Config): void {
  if (rotation.rotateEverySeconds > 0) return;
  output.note(
    "The key that was imported signs until `signet keys rotate`: a verifier with its public key as a PEM cannot follow a schedule.",
  );
  output.note(
    "Where every verifier reads the JWKS, set rotation.rotateEverySeconds in the config, then run `signet keys apply`.",
  );
}

/** Writes the config, and answers what takes it back where nothing was made by it: it can be typed again, corrected. */
async function writeConfig({ config, stores }: Installation, path: string, text: string): Promise<() => Promise<void>> {
  const place = await followLinks(path);
  if (!(await createFile(place, text, PUBLIC_FILE))) {
    throw new SignetError("config_exists", `another process has just made ${path}: run it again to see where it stands`);
  }
  const wasThere = await stat(config.directory).then(
    () => true,
    () => false,
  );
  await makePrivateDirectory(config.directory);
  // Whatever the folder around it is, keys are not committed by accident.
  const ignored = join(config.directory, ".gitignore");
  const isIgnoring = await createFile(ignored, "*\n", PUBLIC_FILE);
  return async () => {
    const isNothingMade = await stores.keyring.read().then(
      (found) => found === undefined,
      () => false,
    );
    if (!isNothingMade) return;
    await removeFile(place);
    if (isIgnoring) await removeFile(ignored);
    if (!wasThere) await rmdir(config.directory).catch(() => undefined);
  };
}

// A key that is there already signs first; every other key is made.
async function begin(
  manager: Manager,
  config: Config,
  first: ImportedKey | undefined,
  dryRun = false,
): Promise<readonly unknown[]> {
  const { custody, algorithm, ed25519Name, aws } = config;
  if (first !== undefined) {
    const held = "existing" in first ? first : { ...first, custody };
    return (await manager.importKey({ ...held, as: "active", createKeyring: true, dryRun })).actions;
  }
  if (findCustody(custody)?.kmsKey !== "signs" || aws?.kmsKey === undefined)
    return (await manager.tick({ createKeyring: true, dryRun })).actions;
  const name = algorithmNamed(algorithm).keyType === "ed25519" ? ed25519Name : algorithm;
  return (await manager.importKey({ existing: aws.kmsKey, algorithm: name, as: "active", custody, createKeyring: true, dryRun }))
    .actions;
}

/** Says what will be made in AWS, and what it costs, before it is made. */
function tellPlan({ output }: Context, config: Config, { installation, region, keyring }: AwsConfig): void {
  const { things, monthly } = footprint(config.custody, config.aws?.kmsKey);
  output.note(`Making in AWS${region === undefined ? "" : ` (${region})`}, as the installation ${installation}:`);
  for (const thing of things) output.note(`  ${thing}`);
  output.note(`  keyring, audit log and public documents in ${keyring ?? config.directory}`);
  output.note(`  about $${monthly.toFixed(2)} a month, before any token (\`signet cost\`)`);
}

async function configAt({ cwd, env }: Context, path: string): Promise<Config | undefined> {
  try {
    return await loadConfig({ path, cwd, env });
  } catch (error) {
    if (isSignetError(error, "config_missing")) return undefined;
    throw error;
  }
}

async function assertResumable({ env }: Context, found: Config, { config, given }: WantedConfig, path: string): Promise<void> {
  await assertUnfinished(await assemble(found, { env }), path);
  for (const name of given) {
    if (name === "aws" ? isSamePlace(found.aws, config.aws) : isSameMember(found[name], config[name])) continue;
    throw new SignetError(
      "config_exists",
      `${path} exists already with another ${name}: edit it there, then run \`signet init\` without that option`,
      { field: name },
    );
  }
}

// Both were read by the same description, so that equal ones are written alike.
function isSameMember(found: unknown, wanted: unknown): boolean {
  return JSON.stringify(found) === JSON.stringify(wanted);
}

// A name that was only made up is no difference.
function isSamePlace(found: Config["aws"], wanted: Config["aws"]): boolean {
  return (["region", "kmsKey", "keyring"] as const).every((name) => found?.[name] === wanted?.[name]);
}

// Only a key's making shows whether this Node has its algorithm. RSA is everywhere, and slow to make.
async function assertPossible({ algorithm, rotation, limits, custody }: Config): Promise<void> {
  const entry = algorithmNamed(algorithm);
  if (entry.kty !== "RSA") await generatePrivateKey(entry);
  if (findCustody(custody)?.lacks?.includes(entry.kty) === true) {
    throw new SignetError("unsupported_algorithm", `KMS makes no data key pairs for ${algorithm}; the custody kms signs with it`);
  }
  const { maxTtlSeconds } = limits;
  assertPolicy({ ...rotation, version: 1, maxTtlSeconds, allowsUnlimitedTokens: false, algorithm, custody });
}

async function assertUnfinished({ stores }: Installation, path: string): Promise<void> {
  const found = await stores.keyring.read();
  const isComplete = found !== undefined && activeRecord(found.keyring) !== undefined && found.keyring.lease === null;
  if (isComplete) throw alreadyThere(path);
}

function alreadyThere(path: string): SignetError {
  return new SignetError(
    "config_exists",
    `there is an issuer already (${path}); nothing was changed. Try: signet issue sub=alice`,
  );
}

async function printSummary(
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
  const inFiles = findCustody(config.custody)?.usesDirectory === true;
  const keeper = config.aws === undefined ? config.custody : `${config.custody} in AWS`;
  output.note(
    `  keys     ${inFiles ? config.directory : keeper} (${active.alg} key ${active.publicJwk?.kid} signs; a standby is published)`,
  );
  if (!inFiles) output.note(`  keyring  ${config.aws?.keyring ?? config.directory}`);
  else if (isEncrypted) output.note("  secrets  encrypted under your passphrase");
  else {
    output.note("  secrets  NOT encrypted: a user who can read these files can sign. To encrypt them, make the issuer");
    output.note("           with `signet init --passphrase`, or with SIGNET_PASSPHRASE or --passphrase-file set");
  }
  if (wasAsked) output.note("           give the passphrase in SIGNET_PASSPHRASE or SIGNET_PASSPHRASE_FILE from now on");
  output.note(`Next: ${self} issue sub=alice`);
}
