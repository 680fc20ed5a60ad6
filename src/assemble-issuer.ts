import { join } from "node:path";
import type { AwsInstallation, Parts } from "./assemble-aws.js";
import { readCertificates } from "./config/certificates.js";
import type { Environment } from "./config/environment.js";
import type { AwsConfig, Config } from "./config/schema.js";
import { type Custodian, opening, type Signer } from "./custody/contract.js";
import type { PassphraseSource } from "./custody/file/key-file.js";
import type { OnKmsSigned } from "./custody/kms/sign.js";
import { CUSTODIES } from "./custody/registry.js";
import { ownMember } from "./encoding/own-member.js";
import { isSignetError, SignetError } from "./errors.js";
import { type ActiveKey, createActiveKey } from "./issue/active-key.js";
import { type Callers, createCallers } from "./issue/callers.js";
import { createImmediateIssuer, type ImmediateIssuer, presentSeconds } from "./issue/issuer.js";
import { createRates } from "./issue/rate.js";
import type { ActiveDocument } from "./keyring/active-document.js";
import type { Custody } from "./keyring/key-record.js";
import { awaitsInit } from "./keyring/keyring.js";
import type { OnceStore, Stores } from "./storage/contract.js";
import { createFileOnceStore } from "./storage/file/once.js";
import { createFileStores } from "./storage/file/stores.js";
import type { Proofs } from "./trust/contract.js";
import { createKeySources } from "./trust/key-sources.js";
import { createProofs } from "./trust/proofs.js";

/** What a config cannot hold. */
export interface AssemblyOptions {
  /** Answers the passphrase of encrypted key files. */
  readonly passphrase?: PassphraseSource | undefined;
  /** The present as NumericDate in whole seconds. */
  readonly clock?: (() => number) | undefined;
  /** How often an active document on disk is read again; one in AWS always about every minute. Default 60. */
  readonly refreshSeconds?: number | undefined;
  /** Where AWS and its credentials are looked for. Default `process.env`. */
  readonly env?: Environment | undefined;
  /** How many processes issue side by side: each holds its share of `maxTokensPerMinute`. Default 1. */
  readonly processes?: number | undefined;
  /** No active document is looked for on this machine: the installation is in AWS as a whole. */
  readonly ignoresDisk?: boolean | undefined;
  /** Remembers which proofs were used. Default: files in `used/` of the installation's folder, which all its processes share. */
  readonly once?: OnceStore | undefined;
  /** Wraps each key as it is opened for signing tokens. */
  readonly wrapSigner?: ((signer: Signer) => Signer) | undefined;
}

/** Told whose keys could not be fetched, as a rule names the issuer. */
type KeyWatcher = (issuer: string, error: unknown) => void;

/** The parts of one issuer's installation that issuing takes. */
export interface IssuingParts {
  readonly config: Config;
  readonly stores: Stores;
  readonly custodians: Readonly<Record<Custody, Custodian>>;
  /** The issuer, which follows the rotation of its keys. */
  readonly issuer: ImmediateIssuer;
  /** The key that it signs with. */
  readonly activeKey: ActiveKey;
  /** The callers that a config names, with tokens as it says, the narrower of their limits and this installation's; their rates live as long as it does. */
  callers(named?: Config["callers"], tokens?: Config["tokens"]): Callers;
  /** What proves the callers that a config names, without a secret; the keys of other issuers live as long as it does. */
  proofs(named?: Config["callers"]): Proofs;
  /** Reports each fetch of another issuer's keys that failed from now on. */
  watchKeys(onFailure: KeyWatcher): void;
  /** Reports each signature that KMS makes from now on, and each that is asked for once more. */
  watchKms(onSigned: OnKmsSigned, onRetry: () => void): void;
}

/** Builds what issues from a config. Nothing is read or written yet. */
export async function assembleIssuer(config: Config, options: AssemblyOptions = {}): Promise<IssuingParts> {
  const clock = options.clock ?? presentSeconds;
  const near = await onThisMachine(config, options);
  const onDisk: Parts = { stores: storesOnDisk(config, options), custodians: near, open: opening(near) };
  const kmsWatchers: Parameters<IssuingParts["watchKms"]>[] = [];
  const { stores, custodians, open } =
    config.aws === undefined
      ? onDisk
      : await inAws(config, config.aws, onDisk, options, {
          onSigned(signed) {
            for (const [onSigned] of kmsWatchers) onSigned(signed);
          },
          onRetry(action) {
            if (action === "kms:Sign") for (const [, onRetry] of kmsWatchers) onRetry();
          },
        });
  const { wrapSigner = (signer) => signer } = options;
  const activeKey = createActiveKey({
    read: () => documentsIn(stores),
    open: async (key) => wrapSigner(await open(key).catch(adviseRepair)),
    maxAgeSeconds: config.rotation.activeKeyMaxAgeSeconds,
    refreshSeconds: config.aws === undefined ? options.refreshSeconds : undefined,
    clock,
    location: stores.location,
  });
  const issuing = { signer: activeKey, issuer: config.issuer, limits: config.limits, tokens: config.tokens, clock };
  const rates = createRates(options.processes);
  const ownJwks = async () => (await stores.publicDocuments.read())?.jwks;
  const keyWatchers: KeyWatcher[] = [];
  const onFailure: KeyWatcher = (issuer, error) => {
    for (const told of keyWatchers) told(issuer, error);
  };
  const sources = createKeySources({ clock, readCa: readCertificates, ownJwks, onFailure });
  const once = options.once ?? createFileOnceStore(join(config.directory, "used"));
  return Object.freeze({
    config,
    stores,
    custodians,
    activeKey,
    issuer: createImmediateIssuer({ ...issuing, rate: rates("", config.limits.maxTokensPerMinute) }),
    callers: (named = config.callers, tokens = config.tokens) =>
      createCallers(
        { ...issuing, tokens },
        Object.entries(named).map(([name, { limits, secrets, may, trusts, exchanges }]) => ({
          name,
          limits,
          secrets,
          may,
          trusts,
          exchanges,
        })),
        rates,
      ),
    proofs: (named = config.callers) => createProofs({ issuer: config.issuer, callers: named, sources, once, clock }),
    watchKeys: (onFailure: KeyWatcher) => void keyWatchers.push(onFailure),
    watchKms: (onSigned: OnKmsSigned, onRetry: () => void) => void kmsWatchers.push([onSigned, onRetry]),
  });
}

// Where a key has signed, nothing is to be made, resumed or mounted: a manager knows what it waits for, and writes the document.
async function documentsIn({ active, keyring, location }: Stores): Promise<readonly ActiveDocument[]> {
  const documents = await active.read();
  if (documents.length > 0 || awaitsInit((await keyring.read().catch(asAbsent))?.keyring)) return documents;
  throw new SignetError(
    "no_active_key",
    `no key is active${location === undefined ? "" : ` in ${location}`}, though the keyring is there: \`signet keys tick\` lets one sign, or says what it waits for`,
  );
}

// Who issues may have no right to read the keyring. One that is there and cannot be used is no new issuer.
function asAbsent(error: unknown): undefined {
  if (isSignetError(error, "keyring_damaged", "store_insecure")) throw error;
  return undefined;
}

// A custodian does not know whether it belongs to an installation, which can be repaired.
function adviseRepair(error: unknown): never {
  if (!isSignetError(error, "key_not_found")) throw error;
  const advice = "restore it from a backup, or run `signet keys repair`";
  throw new SignetError("key_not_found", `${error.message}: ${advice}`, { cause: error });
}

function storesOnDisk({ directory, aws }: Config, { ignoresDisk }: AssemblyOptions): Stores {
  const stores = createFileStores(directory);
  if (ignoresDisk !== true || aws === undefined) return stores;
  const active = { ...stores.active, read: async () => [] };
  return { ...stores, active, location: `the parameters of the installation ${aws.installation}` };
}

// The custodians of this machine that the config has a place for.
async function onThisMachine(
  config: Config,
  { passphrase, env = process.env }: AssemblyOptions,
): Promise<Readonly<Record<Custody, Custodian>>> {
  const { directory } = config;
  const found: [Custody, Custodian][] = [];
  for (const custody of CUSTODIES) {
    if (custody.needsAws) continue;
    const { name, member } = custody;
    const settings = member === undefined ? undefined : ownMember<unknown>(config, member);
    if (member !== undefined && settings === undefined) continue;
    found.push([name, (await custody.load()).create({ directory, passphrase, settings, env })]);
  }
  return Object.fromEntries(found);
}

// The parts that speak to AWS are loaded where AWS is configured.
async function inAws(
  config: Config,
  aws: AwsConfig,
  onDisk: Parts,
  { env = process.env }: AssemblyOptions,
  watch: Pick<AwsInstallation, "onSigned" | "onRetry">,
): Promise<Parts> {
  const makers = CUSTODIES.flatMap((custody) =>
    custody.needsAws ? custody.load().then(({ create }) => [custody.name, create] as const) : [],
  );
  const [{ awsParts }, { credentialChain }, { withProfile }, ...loaded] = await Promise.all([
    import("./assemble-aws.js"),
    import("./aws/credential-chain.js"),
    import("./aws/profile-environment.js"),
    ...makers,
  ]);
  const place = { ...aws, custody: config.custody, env: withProfile(env), credentials: credentialChain(env), ...watch };
  return awsParts(place, onDisk, Object.fromEntries(loaded));
}
