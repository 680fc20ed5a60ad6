import { join } from "node:path";
import type { Installation } from "../assemble.js";
import type { Environment } from "../config/environment.js";
import type { Config } from "../config/schema.js";
import { keyFilesIn } from "../custody/file/custodian.js";
import { assertPassphrase } from "../custody/file/key-file.js";
import { CUSTODIES, findCustody, namesIn, takesPassphrase } from "../custody/registry.js";
import { SignetError } from "../errors.js";
import type { InitialOptions } from "./initial-config.js";

/** The variables that name a passphrase. */
const VARIABLES = ["SIGNET_PASSPHRASE", "SIGNET_PASSPHRASE_FILE"] as const;

/** The custodians that encrypt keys under a passphrase, in a sentence. */
export const ENCRYPTING = namesIn(CUSTODIES.filter((custody) => custody.takesPassphrase === true));

/**
 * Refuses a passphrase that would encrypt nothing.
 *
 * @throws SignetError `usage` where a flag asks for one
 */
export function assertPassphraseIsTaken(custody: string, { passphrase, passphraseFile }: InitialOptions): void {
  const flag = passphrase === true ? "--passphrase" : passphraseFile !== undefined && "--passphrase-file";
  // A name that there is none of is refused with the config.
  if (flag === false || findCustody(custody) === undefined || takesPassphrase(custody)) return;
  throw new SignetError(
    "usage",
    `${flag} would encrypt nothing, and nothing was made: the custody ${custody} takes no passphrase. Leave it out, or choose --custody ${ENCRYPTING}`,
  );
}

/** Whether there are key files that only a passphrase opens. */
export async function hasEncryptedKeys({ directory }: Pick<Config, "directory">): Promise<boolean> {
  const folders = CUSTODIES.flatMap((each) =>
    each.takesPassphrase === true && each.keyFolder !== undefined ? [each.keyFolder] : [],
  );
  for (const folder of folders) {
    for await (const { text } of keyFilesIn(join(directory, folder))) if (!text.trimStart().startsWith("{")) return true;
  }
  return false;
}

/**
 * Makes sure that a passphrase opens the key files of an installation, where its keyring can tell.
 *
 * @throws SignetError `passphrase_wrong`
 */
export async function assertOpensKeyFiles({ stores }: Pick<Installation, "stores">, passphrase: string): Promise<void> {
  const check = (await stores.keyring.read())?.keyring.keyFiles?.check;
  if (check !== undefined) await assertPassphrase(check, passphrase);
}

/** What to say where the environment names a passphrase that encrypts nothing; `undefined` where it names none, or it is used. */
export function unusedPassphrase({ custody }: Pick<Config, "custody">, env: Environment): string | undefined {
  const variable = variableIn(env);
  if (variable === undefined || takesPassphrase(custody)) return undefined;
  return `${variable} encrypts nothing here: the custody ${custody} takes no passphrase`;
}

/**
 * What to say before keys move from a custodian that encrypts them to one of this machine that does not; `undefined` where none such do.
 * A move into AWS is asked for by what AWS does with keys.
 */
export async function lossOfEncryption(
  { config, stores }: Pick<Installation, "config" | "stores">,
  env: Environment,
): Promise<string | undefined> {
  const facts = findCustody(config.custody);
  if (facts === undefined || facts.needsAws || takesPassphrase(facts.name)) return undefined;
  const keyring = (await stores.keyring.read())?.keyring;
  if (keyring === undefined || !takesPassphrase(keyring.policy.custody)) return undefined;
  // Keyrings of before do not say how key files are kept.
  const isNamed = config.passphraseFile !== undefined || variableIn(env) !== undefined;
  if (!(keyring.keyFiles?.encrypted ?? isNamed)) return undefined;
  const what = `the new keys are NOT encrypted under your passphrase: the custody ${facts.name} takes none`;
  return facts.keyFolder === undefined ? what : `${what}, and a user who can read its files can sign`;
}

function variableIn(env: Environment): string | undefined {
  return VARIABLES.find((name) => (env[name] ?? "") !== "");
}
