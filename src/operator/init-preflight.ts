import { access, constants, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Installation } from "../assemble.js";
import { createKms } from "../aws/kms.js";
import { isFileAt } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { findCustody, takesPassphrase } from "../custody/registry.js";
import { isSignetError, SignetError } from "../errors.js";
import { asUnwritable, errorCode } from "../files/failures.js";
import { followLinks } from "../files/links.js";
import { assertTrustedFolder, isInherited } from "../files/trusted-read.js";
import { activeRecord } from "../keyring/keyring.js";
import { awsAccess } from "./aws-access.js";
import type { Surroundings } from "./surroundings.js";

/**
 * Finds whatever of its surroundings would stop an `init` half-way: folders, credentials, region, bucket, KMS key, and what is there
 * already. Nothing is written.
 *
 * @param path the config file; `isNew` where it is not there yet
 */
export async function assertSurroundings(
  surroundings: Surroundings,
  { config, stores, custodians }: Installation,
  { path, isNew }: { readonly path: string; readonly isNew: boolean },
): Promise<void> {
  await assertFolders(config, await followLinks(path), isNew);
  const keyring = (await stores.keyring.read())?.keyring;
  if (isNew && keyring !== undefined && activeRecord(keyring) !== undefined) {
    if (isFileAt(path)) throw madeMeanwhile(path);
    const place = config.aws?.keyring ?? config.directory;
    throw new SignetError(
      "config_exists",
      `${place} has the keys of an issuer already, but there is no ${path}; nothing was changed. Put its config back, or choose another place (SIGNET_DIRECTORY, --keyring)`,
    );
  }
  // Each is asked once, whatever it answers: credentials, region and rights have to do.
  await stores.active.read();
  await stores.publicDocuments.read();
  for (const custodian of Object.values(custodians)) {
    if (custodian.isNear !== true && custodian.custody !== config.custody) continue;
    for await (const _ of custodian.list()) {
      // Another `init` may have written it since.
      if (keyring === undefined && (await stores.keyring.read()) === undefined) throw leftOver(custodian.custody);
      break;
    }
  }
  await assertKmsKey(surroundings, config);
}

async function assertFolders(config: Config, path: string, isNew: boolean): Promise<void> {
  if (isNew) await assertWritable(dirname(path), path);
  if (config.passphraseFile !== undefined && isInherited(config.passphraseFile) && takesPassphrase(config.custody)) {
    throw new SignetError(
      "usage",
      "the passphrase is needed later, too: give --passphrase-file a file that stays, or set SIGNET_PASSPHRASE",
    );
  }
  const facts = findCustody(config.custody);
  if (facts?.needsAws === true && config.aws?.keyring !== undefined) return;
  await assertWritable(await nearestFolder(config.directory), config.directory);
  if (facts?.keyFolder !== undefined) await assertTrustedFolder("key", join(config.directory, facts.keyFolder));
}

/** The folder itself, or the one in which it would be made. */
async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const stats = await stat(folder).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT" && dirname(folder) !== folder) return undefined;
      throw asUnwritable(path, error);
    });
    if (stats?.isDirectory()) return folder;
    if (stats !== undefined) throw new SignetError("store_failed", `${folder} is a file; there has to be a folder for ${path}`);
  }
}

async function assertWritable(folder: string, path: string): Promise<void> {
  try {
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error("no folder"), { code: "ENOTDIR" });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw asUnwritable(path, error);
  }
  await assertTrustedFolder("document", folder);
}

// A key that signs cannot wrap, and a disabled one can do nothing. Who may not look is told by what comes after.
async function assertKmsKey(surroundings: Surroundings, { custody, aws }: Config): Promise<void> {
  if (aws?.kmsKey === undefined || findCustody(custody)?.kmsKey === "signs") return;
  try {
    const { state, usage } = await createKms(awsAccess(surroundings, aws.kmsKey, aws.region)).describeKey(aws.kmsKey);
    if (state !== "Enabled") throw unusable(aws.kmsKey, `its state is ${state}`);
    if (usage !== "ENCRYPT_DECRYPT") throw unusable(aws.kmsKey, "it does not encrypt, a symmetric key is needed");
  } catch (error) {
    if (!isSignetError(error, "aws_access_denied")) throw error;
  }
}

function unusable(key: string, why: string): SignetError {
  return new SignetError("config_invalid", `--kms-key: ${key} cannot be used: ${why}`, { field: "aws.kmsKey" });
}

/** Another `init` was first. */
export function madeMeanwhile(path: string): SignetError {
  return new SignetError("config_exists", `another process has just made ${path}: run it again to see where it stands`);
}

function leftOver(kind: string): SignetError {
  return new SignetError(
    "keyring_missing",
    `there are private keys here (${kind}) but no keyring; nothing was changed. Restore the keyring from a backup, or choose another place`,
  );
}
