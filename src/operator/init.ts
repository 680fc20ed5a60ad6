import { rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { generatePrivateKey } from "../algorithms/keys.js";
import { algorithmNamed } from "../algorithms/table.js";
import { assemble, type Installation } from "../assemble.js";
import { loadConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { findCustody } from "../custody/registry.js";
import { isSignetError, SignetError } from "../errors.js";
import { createFile, makePrivateDirectory, PUBLIC_FILE, removeFile } from "../files/durable.js";
import { followLinks } from "../files/links.js";
import { removeDeadWrites } from "../files/temporary.js";
import type { KeyRecord } from "../keyring/key-record.js";
import { activeRecord } from "../keyring/keyring.js";
import type { Manager, ManagerOptions } from "../rotation/manager.js";
import { assertPolicy } from "../rotation/plan/policy.js";
import type { ImportedKey } from "../rotation/steps/import-key.js";
import { exampleRequest } from "./example-request.js";
import { assertSurroundings, madeMeanwhile } from "./init-preflight.js";
import { assertMembersAreOf, custodyAsked, type InitialOptions, type WantedConfig, wantedConfig } from "./initial-config.js";
import { assertPassphraseIsTaken } from "./passphrase-use.js";
import type { Surroundings } from "./surroundings.js";

/** An issuer that `init` would make, or whose interrupted `init` would go on. */
export interface InitPlan {
  /** Its config file. */
  readonly path: string;
  readonly config: Config;
  /** What the config file would say; `undefined` where it is there already. */
  readonly text: string | undefined;
  /** A key made elsewhere that signs first. */
  readonly imported: ImportedKey | undefined;
  /** Whether the first key was made elsewhere: it is imported, or KMS holds it already. */
  readonly hasExistingKey: boolean;
}

/** What making it needs besides. */
export interface InitOptions {
  readonly passphrase?: string | undefined;
  readonly onStep: NonNullable<ManagerOptions["onStep"]>;
  /** Called when everything was found possible, before anything is written. */
  readonly onFoundPossible?: (() => Promise<void>) | undefined;
  /** Called when the config is written, before the first key is made. */
  readonly onBegin?: (() => void) | undefined;
}

/**
 * Plans a new issuer. Nothing is written.
 *
 * @throws SignetError `usage`, `config_invalid`, `unsupported_algorithm`, and `config_exists` where there is another one already
 */
export async function planInit(
  surroundings: Surroundings,
  path: string,
  options: Omit<InitialOptions, "hasExistingKey">,
  imported?: ImportedKey,
): Promise<InitPlan> {
  const hasExistingKey = imported !== undefined || isInKms(surroundings, options);
  // The next keys are of the algorithm of the one that is taken over, unless another one was asked for.
  const algorithm = options.algorithm ?? imported?.algorithm;
  const found = await configAt(surroundings, path);
  const custody = found?.custody ?? custodyAsked(surroundings, options);
  assertPassphraseIsTaken(custody, options);
  assertMembersAreOf(custody, options);
  const wanted = wantedConfig(surroundings, { ...options, hasExistingKey, ...(algorithm !== undefined && { algorithm }) }, path);
  if (found !== undefined) await assertResumable(surroundings, found, wanted, path);
  const config = found ?? wanted.config;
  await assertPossible(config);
  return { path, config, text: found === undefined ? wanted.text : undefined, imported, hasExistingKey };
}

/**
 * Makes the issuer: config, keyring, a key that signs and a standby. Everything that can be wrong is found before anything is written.
 *
 * @returns the key that signs
 * @throws SignetError what planning could not see: folders, credentials, rights
 */
export async function makeIssuer(
  surroundings: Surroundings,
  plan: InitPlan,
  { passphrase, onStep, onFoundPossible, onBegin }: InitOptions,
): Promise<KeyRecord> {
  const { path, config, text, imported } = plan;
  const installation = await assemble(config, { passphrase: async () => passphrase, env: surroundings.env });
  const manager = await installation.manager({ onStep });
  await assertSurroundings(surroundings, installation, { path, isNew: text !== undefined });
  if (text !== undefined) await begin(manager, config, imported, true);
  await onFoundPossible?.();
  await removeDeadConfigs(path);
  const takeBack = text === undefined ? undefined : await writeConfig(installation, path, text);
  onBegin?.();
  const actions = await begin(manager, config, imported).catch(async (error: unknown) => {
    await takeBack?.();
    throw error;
  });
  const keyring = (await installation.stores.keyring.read())?.keyring;
  const active = keyring && activeRecord(keyring);
  // Another process was done first, or there was nothing left to resume but its lease.
  if (actions.length === 0) throw alreadyThere(path, config, active !== undefined);
  if (active === undefined) throw new SignetError("internal", "no key became active; run `signet init` again");
  return active;
}

// With some custodians a KMS key that is named is there already, and signs first.
function isInKms({ env }: Surroundings, { custody, kmsKey }: InitialOptions): boolean {
  return findCustody(custody ?? env.SIGNET_CUSTODY ?? "")?.kmsKey === "signs" && (kmsKey ?? env.SIGNET_KMS_KEY ?? "") !== "";
}

// What an `init` that was killed was writing. It is in no process's way, so that a folder which cannot be listed stops nothing.
async function removeDeadConfigs(path: string): Promise<void> {
  const place = await followLinks(path);
  await removeDeadWrites(dirname(place), (name) => name === basename(place)).catch(() => undefined);
}

/** Writes the config, and answers what takes it back where nothing was made by it: it can be typed again, corrected. */
async function writeConfig({ config, stores }: Installation, path: string, text: string): Promise<() => Promise<void>> {
  const place = await followLinks(path);
  if (!(await createFile(place, text, PUBLIC_FILE))) {
    throw madeMeanwhile(path);
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
  imported: ImportedKey | undefined,
  dryRun = false,
): Promise<readonly unknown[]> {
  const { custody, algorithm, ed25519Name, aws } = config;
  if (imported !== undefined) {
    const held = "existing" in imported ? imported : { ...imported, custody };
    return (await manager.importKey({ ...held, as: "active", createKeyring: true, dryRun })).actions;
  }
  if (findCustody(custody)?.kmsKey !== "signs" || aws?.kmsKey === undefined)
    return (await manager.tick({ createKeyring: true, dryRun })).actions;
  const name = algorithmNamed(algorithm).kty === "OKP" ? ed25519Name : algorithm;
  return (await manager.importKey({ existing: aws.kmsKey, algorithm: name, as: "active", custody, createKeyring: true, dryRun }))
    .actions;
}

async function configAt({ cwd, env }: Surroundings, path: string): Promise<Config | undefined> {
  try {
    return await loadConfig({ path, cwd, env });
  } catch (error) {
    if (isSignetError(error, "config_missing")) return undefined;
    throw error;
  }
}

async function assertResumable(
  { env }: Surroundings,
  found: Config,
  { config, given }: WantedConfig,
  path: string,
): Promise<void> {
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

async function assertUnfinished({ stores, config }: Installation, path: string): Promise<void> {
  const found = await stores.keyring.read();
  const isComplete = found !== undefined && activeRecord(found.keyring) !== undefined && found.keyring.lease === null;
  if (isComplete) throw alreadyThere(path, config, true);
}

function alreadyThere(path: string, config: Config, isSigning: boolean): SignetError {
  const next = isSigning
    ? `Try \`${["signet issue", ...exampleRequest(config)].join(" ")}\``
    : "No key is active in it: `signet keys tick` says what it waits for";
  return new SignetError("config_exists", `there is an issuer already (${path}); nothing was changed. ${next}`);
}
