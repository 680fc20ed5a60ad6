import type { KeyObject } from "node:crypto";
import { CONTENT_ENCRYPTION, encryptUnder, MAX_ITERATIONS, UNDER_PASSPHRASE } from "../../custody/file/key-file.js";
import { SignetError } from "../../errors.js";
import { BACKUP_VERSION, damaged, digestOf, unknownVersion } from "./contents.js";

/** What seals a backup: a passphrase, or the public key of who may open it. */
export type Seal = { readonly passphrase: string } | { readonly recipient: KeyObject };

/** What opens one: each is asked for only where it is needed. */
export interface Openers {
  readonly passphrase: () => Promise<string>;
  readonly privateKey: () => Promise<KeyObject>;
}

/** The most that a backup file has, in bytes: it is held in memory as a whole. */
export const MAX_BACKUP_BYTES = 67_108_864;

const CONTENT_TYPE = "signet-backup";
/** By the type of the recipient's key: RFC 7518 sections 4.3 and 4.6. */
const FOR_RECIPIENT = new Map([
  ["rsa", "RSA-OAEP-256"],
  ["ec", "ECDH-ES"],
]);

const FIRST_LINE = /^signet backup, version (\d{1,9})$/;
/** A JWE in its compact form (RFC 7516 section 7.1). */
const COMPACT = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Seals a text in three lines: what the file is, a JWE, and the SHA-256 of the JWE. The last tells a file that was cut short or changed from
 * a wrong passphrase; against a change on purpose the JWE alone holds.
 */
export async function sealed(text: string, seal: Seal): Promise<string> {
  const jwe =
    "passphrase" in seal ? await encryptUnder(seal.passphrase, text, CONTENT_TYPE) : await encryptFor(seal.recipient, text);
  return `signet backup, version ${BACKUP_VERSION}\n${jwe}\n${digestOf(jwe)}\n`;
}

async function encryptFor(recipient: KeyObject, text: string): Promise<string> {
  const { CompactEncrypt } = await import("jose");
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: algorithmFor(recipient), enc: CONTENT_ENCRYPTION, cty: CONTENT_TYPE })
    .encrypt(recipient);
}

/**
 * Opens what `sealed` made.
 *
 * @throws SignetError `backup_damaged`, `backup_version`, `passphrase_wrong`, `key_mismatch` where another key's owner may open it
 */
export async function opened(file: string, openers: Openers): Promise<string> {
  const jwe = jweIn(file);
  const { compactDecrypt, decodeProtectedHeader } = await import("jose");
  const header = attempt(() => decodeProtectedHeader(jwe));
  if (header?.cty !== CONTENT_TYPE || header.enc !== CONTENT_ENCRYPTION) throw damaged("it is encrypted in another way");
  const { alg = "" } = header;
  const isUnderPassphrase = alg === UNDER_PASSPHRASE;
  if (!isUnderPassphrase && ![...FOR_RECIPIENT.values()].includes(alg)) throw damaged("it is encrypted in another way");
  const key = isUnderPassphrase ? new TextEncoder().encode(await openers.passphrase()) : await openers.privateKey();
  try {
    const { plaintext } = await compactDecrypt(jwe, key, {
      keyManagementAlgorithms: [alg],
      contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
      maxPBES2Count: MAX_ITERATIONS,
    });
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plaintext);
  } catch (error) {
    const otherwise = "or the backup was changed together with its last line";
    if (isUnderPassphrase) {
      throw new SignetError("passphrase_wrong", `the passphrase does not open the backup, ${otherwise}`, { cause: error });
    }
    throw new SignetError(
      "key_mismatch",
      `this private key does not open the backup: it was made for another one, ${otherwise}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * What encrypts for the owner of a key.
 *
 * @throws SignetError `usage` for a key that only signs
 */
export function algorithmFor({ asymmetricKeyType: type }: KeyObject): string {
  const algorithm = FOR_RECIPIENT.get(type ?? "");
  if (algorithm !== undefined) return algorithm;
  throw new SignetError("usage", `a key of the type ${type} only signs: a recipient has an RSA or an EC key`);
}

function jweIn(file: string): string {
  const [first = "", jwe = "", digest = "", ...others] = file.split("\n");
  const version = FIRST_LINE.exec(first)?.[1];
  if (version === undefined) throw damaged("it is none: it does not begin as backups do");
  if (Number(version) !== BACKUP_VERSION) throw unknownVersion();
  if (!COMPACT.test(jwe) || digestOf(jwe) !== digest || others.join("") !== "") {
    throw damaged("it was cut short, or changed since it was made");
  }
  return jwe;
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
