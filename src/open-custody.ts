/**
 * Keys that stay in your custody, for programs that have no `signet.json`: signers, and the active key of an installation.
 *
 * @module
 */

import type { PublicJwk } from "./algorithms/jwk.js";
import { type AlgorithmName, algorithmNamed } from "./algorithms/table.js";
import { assembleIssuer, type IssuingParts } from "./assemble-issuer.js";
import { checkConfig } from "./config/load.js";
import { type Custodian, canAdopt, keepsAlike, leavesWrites, type OpenableKey, type Signer } from "./custody/contract.js";
import { isKeyId, isListedName } from "./custody/key-id.js";
import { asCustodianFailure } from "./custody/library-words.js";
import { CUSTODY_MEMBERS, findCustody, takesPassphrase } from "./custody/registry.js";
import { tellingFailures } from "./encoding/command-hints.js";
import { A_COUNT, A_FUNCTION, A_TEXT, AN_OBJECT, type OptionChecks, readOptions } from "./encoding/options.js";
import { ownMember } from "./encoding/own-member.js";
import { SignetError } from "./errors.js";
import { type ActiveKey, type ActiveKeyOptions, createActiveKey as followActiveKey } from "./issue/active-key.js";
import { checkedTime, presentSeconds } from "./issue/issuer.js";
import { type ActiveDocument, parseActiveDocument } from "./keyring/active-document.js";

export type { PublicJwk } from "./algorithms/jwk.js";
export { ALGORITHM_NAMES, type AlgorithmName } from "./algorithms/table.js";
export type { OpenableKey, Signer } from "./custody/contract.js";
export { type ErrorCode, isSignetError, SignetError } from "./errors.js";
export type { ActiveKey, ActiveKeyOptions } from "./issue/active-key.js";
export type { SigningKey, SigningKeySource } from "./issue/issuer.js";
export type { ActiveDocument, KeyMaterial } from "./keyring/active-document.js";

/** Where an installation is in AWS. Credentials are found where AWS's own tools look for them. */
export interface AwsLocation {
  /** The installation's name: small letters, digits and `-`, at most 48. */
  readonly installation: string;
  /** Its region; default `AWS_REGION`, or the region of the AWS profile. */
  readonly region?: string | undefined;
  /**
   * A symmetric KMS key by id, ARN or alias. `kms-data-key` wraps private keys with it, and needs it; parameters and secrets are encrypted
   * with it at rest, by default with the account's own.
   */
  readonly kmsKey?: string | undefined;
  /** The key policy of KMS keys that are made, as JSON; default KMS's own. */
  readonly keyPolicy?: string | undefined;
  /** `s3://BUCKET/PREFIX` where the installation's keyring is in S3. Nothing is read from there. */
  readonly keyring?: string | undefined;
}

/** A program that keeps keys, or signs with them: see docs/custodians-command.md. */
export interface KeyProgram {
  /** The program, by its absolute path or its name in PATH, and its arguments. No shell reads them. */
  readonly program: readonly string[];
  /** Whether the program signs as well, so that private keys never leave it. Default false. */
  readonly signs?: boolean | undefined;
  /** How long one run may take, in seconds, 1 to 300; then it is killed. Default 10. */
  readonly timeoutSeconds?: number | undefined;
  /** The names of the environment variables that it gets besides PATH, HOME, LANG and TZ. */
  readonly environment?: readonly string[] | undefined;
}

/** Where keys are. The members mean what they mean in `signet.json`, and are checked as there. */
export interface KeyLocation {
  /** Who holds them, by a name that `custody` of `signet.json` takes (docs/configuration.md). Default `file`. */
  readonly custody?: string | undefined;
  /**
   * The directory on this machine, relative to the present one. Key files are in its folder `keys`, the active document in `active`.
   * `openActiveKey` takes `.signet` where neither it nor `aws` is given; beside `aws` it is for an installation that has moved from there.
   */
  readonly directory?: string | undefined;
  /**
   * Answers the passphrase of encrypted key files; `undefined` where they are not encrypted. `openCustodian` refuses one that its custodian
   * would not encrypt under.
   */
  readonly passphrase?: (() => Promise<string | undefined>) | undefined;
  /** Where the installation is in AWS; needed where keys or the active document are there. */
  readonly aws?: AwsLocation | undefined;
  /** The program; needed for `command`. */
  readonly command?: KeyProgram | undefined;
  /** Environment variables, for AWS and for the program; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** How the active key of an installation is followed. */
export interface OpenActiveKeyOptions extends KeyLocation {
  /**
   * How long, in seconds, at least 60, a key signs without having been confirmed, where its document does not say. Default 3,600. It must
   * not be more than the installation's `activeKeyMaxAgeSeconds`.
   */
  readonly maxAgeSeconds?: number | undefined;
  /** How often, in seconds, an active document on disk is read again. Default 60; in AWS always about every minute. */
  readonly refreshSeconds?: number | undefined;
  /** The present as NumericDate in whole seconds; default the system's clock. */
  readonly clock?: (() => number) | undefined;
}

/** A key by the name under which it was made, and what its public key says of it. */
export interface NamedKey {
  /** The name that it was made under: letters, digits, `-` and `_`, at most 64. */
  readonly id: string;
  readonly kid: string;
  readonly alg: AlgorithmName;
}

/** A key in KMS that was made elsewhere, by the ARN of the key itself. */
export interface KmsKey {
  readonly keyArn: string;
  readonly alg: AlgorithmName;
}

/** One custodian: it makes, opens, lists and destroys private keys. No keyring knows of these keys, and no manager rotates them. */
export interface OpenCustodian {
  /**
   * Makes a key, or answers the one that the id has already.
   *
   * @param id letters, digits, `-` and `_`, at most 64
   * @returns the public key, whose `kid` and `alg` open it
   * @throws SignetError `unsupported_algorithm`; `key_mismatch` where the id's key is of another algorithm; `passphrase_wrong` or
   *   `plan_refused` where it would be encrypted otherwise than the keys that are there; `aws_...`, `store_...` or `custodian_failed` where
   *   the custodian cannot do it
   */
  createKey(id: string, alg: AlgorithmName): Promise<PublicJwk>;
  /**
   * Opens a key for signing. Nothing is made.
   *
   * @throws SignetError `key_not_found`; `key_unusable` for a KMS key that is disabled or pending deletion; `key_mismatch` where it is another key than `kid` and `alg` say; `invalid_key` for an ARN where
   *   the custodian is not `kms`, or an id that cannot be one; the custodian's own failures, as for `createKey`
   */
  openSigner(key: NamedKey | KmsKey): Promise<Signer>;
  /** Lists what the custodian holds by id, or as `ID.PART`: keys in KMS, whose part is their kid, and pieces that a crash has left. */
  listKeys(): AsyncIterable<string>;
  /**
   * Destroys a private key for good; a KMS key is scheduled for deletion. Nothing to destroy is success.
   *
   * @param name an id, or a name that `listKeys` has answered
   */
  destroyKey(name: string): Promise<void>;
}

/**
 * Follows the active key of an installation without its `signet.json`: it is read now, and confirmed in the background from then on, so that
 * an issuer made of it signs with the next key when the manager has rotated.
 *
 * @example
 * ```ts
 * import { createIssuer } from "signet-jwt";
 * import { openActiveKey } from "signet-jwt/custody";
 *
 * const signer = await openActiveKey({ directory: ".signet" });
 * const issuer = createIssuer({ signer, issuer: "https://issuer.example" });
 * console.log((await issuer.issue({ claims: { sub: "alice" } })).token.split(".").length); // 3
 * ```
 *
 * @throws SignetError `config_invalid`, `no_active_key`, and what opening a key throws
 */
export async function openActiveKey(options: OpenActiveKeyOptions): Promise<ActiveKey> {
  const given = readOptions<OpenActiveKeyOptions>(options, "openActiveKey", { ...LOCATION, ...FOLLOWING });
  const { maxAgeSeconds, refreshSeconds, clock, ...location } = given;
  const { activeKey } = await tellingFailures(partsAt, asCustodianFailure)(location, { maxAgeSeconds, refreshSeconds, clock });
  const current = tellingFailures(activeKey.current, asCustodianFailure);
  const refresh = tellingFailures(activeKey.refresh, asCustodianFailure);
  await refresh();
  return Object.freeze({ ...activeKey, current, refresh });
}

/**
 * Opens one custodian without a `signet.json`. Nothing is read or made yet.
 *
 * Give it a directory, or an installation's name in AWS, that no `signet init` has made: a key manager reports keys that its keyring does
 * not list as strays.
 *
 * @example
 * ```ts
 * import { createIssuer } from "signet-jwt";
 * import { openCustodian } from "signet-jwt/custody";
 *
 * const custodian = await openCustodian({ custody: "file", directory: ".keys" });
 * const { kid, alg } = await custodian.createKey("orders-2026", "ES256");
 * const signer = await custodian.openSigner({ id: "orders-2026", kid, alg });
 * const issuer = createIssuer({ signer, issuer: "https://orders.example" });
 * console.log(issuer.issueSync({ claims: { sub: "order-7" } }).token.split(".").length); // 3
 * ```
 *
 * @throws SignetError `config_invalid` for a location that is not whole, or a passphrase that would encrypt nothing
 */
export async function openCustodian(options: KeyLocation): Promise<OpenCustodian> {
  const location = readOptions<KeyLocation>(options, "openCustodian", LOCATION);
  const { config, custodians, stores } = await tellingFailures(partsAt, asCustodianFailure)(location, {});
  assertWhole(config.custody, location);
  const custodian = ownMember(custodians, config.custody) as Custodian;
  return Object.freeze({
    createKey: tellingFailures(async (id: string, alg: AlgorithmName) => {
      const algorithm = algorithmNamed(alg);
      const name = named(id);
      // Under a mistyped passphrase it would be a key that nothing opens again.
      if (keepsAlike(custodian)) await custodian.assertKeptAlike();
      await removeDeadWrites(custodian, { stores });
      return custodian.create(name, algorithm);
    }, asCustodianFailure),
    openSigner: tellingFailures(async (key: NamedKey | KmsKey) => openSigner(custodian, key), asCustodianFailure),
    listKeys: () => custodian.list(),
    destroyKey: tellingFailures(async (name: string) => custodian.destroy(named(name, isListedName)), asCustodianFailure),
  });
}

/**
 * Follows an active document that your program stores itself: read at first use, confirmed in the background, refused once it is older than
 * `maxAgeSeconds`. For an installation of Signet's own, `openActiveKey` does the same with less.
 *
 * @example
 * ```ts
 * import { createIssuer } from "signet-jwt";
 * import { type ActiveDocument, createActiveKey, openCustodian } from "signet-jwt/custody";
 *
 * const custodian = await openCustodian({ directory: ".keys" });
 * const { kid, alg } = await custodian.createKey("first", "ES256");
 * const document: ActiveDocument = { sequence: 1, kid, alg, maxTtlSeconds: 3_600, material: { id: "first" } };
 *
 * const signer = createActiveKey({
 *   read: async () => [document],
 *   open: ({ kid, alg, material }) => custodian.openSigner({ id: `${material.id}`, kid, alg }),
 *   maxAgeSeconds: 600,
 * });
 * const { token } = await createIssuer({ signer }).issue({ claims: { sub: "alice" }, ttl: 60 });
 * console.log(token.split(".").length); // 3
 * ```
 *
 * @throws SignetError `config_invalid` for an option that is unknown or not what it must be
 */
export function createActiveKey(options: ActiveKeyOptions): ActiveKey {
  const given = readOptions<ActiveKeyOptions>(options, "createActiveKey", {
    ...FOLLOWING,
    read: A_FUNCTION,
    open: A_FUNCTION,
    location: A_TEXT,
    random: A_FUNCTION,
  });
  for (const name of ["read", "open", "maxAgeSeconds"] as const) {
    if (given[name] === undefined) throw new SignetError("config_invalid", `createActiveKey needs ${name}`, { field: name });
  }
  const { clock = presentSeconds } = given;
  return followActiveKey({
    ...given,
    clock: () => checkedTime(clock()),
    read: () => readDocuments(given),
    open: (document) => openAsNamed(given, document),
  });
}

// What a program keeps is read as what we keep ourselves.
async function readDocuments({ read, location = "the active document" }: ActiveKeyOptions): Promise<readonly ActiveDocument[]> {
  const documents: unknown = await read();
  if (!Array.isArray(documents)) throw new SignetError("active_document_damaged", "read must answer a list of active documents");
  return documents.map((document) => parseActiveDocument(jsonOf(document), location));
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch (error) {
    throw new SignetError("active_document_damaged", "an active document must be what JSON can hold", { cause: error });
  }
}

async function openAsNamed({ open }: ActiveKeyOptions, document: OpenableKey): Promise<Signer> {
  const signer: Partial<Signer> | undefined = await open(document);
  if (signer?.kid === document.kid && signer.alg === document.alg && typeof signer.sign === "function") return signer as Signer;
  throw new SignetError("key_mismatch", `open must answer a signer of the key ${document.kid} (${document.alg})`);
}

// What stands in signet.json too is checked as it is there; a custodian's own member is known by the registry.
const OWN_MEMBERS = Object.fromEntries(Object.keys(CUSTODY_MEMBERS).map((name) => [name, null])) as { command: null };

const LOCATION: OptionChecks<KeyLocation> = {
  custody: null,
  directory: null,
  aws: null,
  ...OWN_MEMBERS,
  passphrase: A_FUNCTION,
  env: AN_OBJECT,
};

const FOLLOWING: Pick<OptionChecks<OpenActiveKeyOptions>, "maxAgeSeconds" | "refreshSeconds" | "clock"> = {
  maxAgeSeconds: A_COUNT,
  refreshSeconds: A_COUNT,
  clock: A_FUNCTION,
};

/** The parts of an installation whose config stands in a program. The environment overrides nothing of it. */
function partsAt(
  { passphrase, env, ...members }: KeyLocation,
  { maxAgeSeconds, ...more }: Pick<OpenActiveKeyOptions, "maxAgeSeconds" | "refreshSeconds" | "clock">,
): Promise<IssuingParts> {
  const rotation = { activeKeyMaxAgeSeconds: maxAgeSeconds };
  const config = checkConfig({ ...members, rotation }, "the options", { env: {} });
  // A directory that was not named may be another installation's, and the higher sequence would win.
  const ignoresDisk = members.directory === undefined;
  return assembleIssuer(config, { passphrase: passphrase && (() => askPassphrase(passphrase)), env, ignoresDisk, ...more });
}

// Of what is no text, its name would be the passphrase: that of `null` is "null", which anybody guesses.
async function askPassphrase(passphrase: NonNullable<KeyLocation["passphrase"]>): Promise<string | undefined> {
  const answer: unknown = await passphrase();
  if (answer === undefined || (typeof answer === "string" && answer !== "")) return answer;
  throw new SignetError("config_invalid", "passphrase must answer a text that is not empty, or undefined", {
    field: "passphrase",
  });
}

function assertWhole(custody: string, { directory, passphrase }: KeyLocation): void {
  if (findCustody(custody)?.keyFolder !== undefined && directory === undefined) {
    const message = `the custody ${custody} needs a directory for its keys: not that of an installation, whose keys a keyring lists`;
    throw new SignetError("config_invalid", message, { field: "directory" });
  }
  if (passphrase === undefined || takesPassphrase(custody)) return;
  const message = `the custody ${custody} takes no passphrase, so that nothing would be encrypted under it: leave passphrase out`;
  throw new SignetError("config_invalid", message, { field: "passphrase" });
}

// What killed writers left goes, as it goes in a manager's sweep. Beside a keyring it stays that manager's: a lease is judged by it.
async function removeDeadWrites(custodian: Custodian, { stores }: Pick<IssuingParts, "stores">): Promise<void> {
  if (findCustody(custodian.custody)?.keyFolder === undefined) return;
  const hasKeyring = await stores.keyring.read().then(
    (found) => found !== undefined,
    () => true,
  );
  if (!hasKeyring) await stores.removeDeadWrites?.();
  if (leavesWrites(custodian)) await custodian.removeDeadWrites();
}

async function openSigner(custodian: Custodian, key: NamedKey | KmsKey): Promise<Signer> {
  const all = { id: A_TEXT, kid: A_TEXT, alg: A_TEXT, keyArn: A_TEXT };
  const { id = "", kid, alg, keyArn } = readOptions<Partial<NamedKey & KmsKey>>(key, "openSigner", all);
  const algorithm = algorithmNamed(alg ?? "");
  if (keyArn !== undefined) {
    if (!canAdopt(custodian)) throw badKey("keyArn", `${custodian.custody} opens no key by ARN: give id and kid`);
    const described = await custodian.describe(keyArn, algorithm);
    return custodian.open({ ...described, material: await custodian.material(id, { keyArn }) });
  }
  if (kid === undefined) throw badKey("kid", "openSigner needs the key's kid: createKey has answered it");
  return custodian.open({ kid, alg: algorithm.name, material: await custodian.material(named(id), { kid }) });
}

function named(name: string, isRight: (name: unknown) => boolean = isKeyId): string {
  if (isRight(name)) return name;
  throw badKey("id", "a key's id has 1 to 64 letters, digits, - and _");
}

function badKey(field: string, message: string): SignetError {
  return new SignetError("invalid_key", message, { field });
}
