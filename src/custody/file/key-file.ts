import { parseJson } from "../../encoding/json-names.js";
import { isSignetError, SignetError } from "../../errors.js";

/** What encrypts under a passphrase: PBES2 over the passphrase (RFC 7518 section 4.8), AES-GCM over the text. */
export const UNDER_PASSPHRASE = "PBES2-HS512+A256KW";
export const CONTENT_ENCRYPTION = "A256GCM";
// At least what the OWASP password storage sheet asks of PBKDF2-HMAC-SHA512 (210,000), nearly three times over.
const ITERATIONS = 600_000;
/** A planted file must not be able to keep the process busy for hours. */
export const MAX_ITERATIONS = 10_000_000;
/** A JWE in its compact form (RFC 7516 section 7.1), whatever is in it. */
const COMPACT = /^[\w-]+(\.[\w-]*){4}$/;

/** Answers the passphrase; asked only when a key file needs one. `undefined` where none was configured. */
export type PassphraseSource = () => Promise<string | undefined>;

/** What can be encrypted: the media type says which. */
type Content = "jwk+json" | "signet-check" | "signet-backup";

/** A private JWK with its name. */
export type PrivateJwk = Readonly<Record<string, string>>;

/**
 * Encodes a private JWK for its file: as an encrypted JWK (RFC 7517 section 7) under a passphrase, as plain JSON without.
 */
export async function encodeKeyFile(jwk: PrivateJwk, passphrase: string | undefined): Promise<string> {
  const text = JSON.stringify(jwk);
  return passphrase === undefined ? `${text}\n` : `${await encryptUnder(passphrase, text, "jwk+json")}\n`;
}

/** Makes what tells the right passphrase from others: it costs a guess as much as a key file does, with a salt of its own. */
export function makePassphraseCheck(passphrase: string): Promise<string> {
  return encryptUnder(passphrase, "signet", "signet-check");
}

/**
 * Makes sure that a passphrase is the one that a check was made with.
 *
 * @throws SignetError `passphrase_required`, `passphrase_wrong` or `invalid_key`
 */
export async function assertPassphrase(check: string, passphrase: string | undefined): Promise<void> {
  if (passphrase === undefined) {
    throw new SignetError(
      "passphrase_required",
      "this issuer's key files are encrypted: set SIGNET_PASSPHRASE or SIGNET_PASSPHRASE_FILE",
    );
  }
  try {
    await decrypt(check, "the keyring's member keyFiles.check", passphrase);
  } catch (error) {
    if (!isSignetError(error, "passphrase_wrong")) throw error;
    throw new SignetError(
      "passphrase_wrong",
      "the passphrase does not open this issuer's key files: give the one that they have",
    );
  }
}

/** Encrypts a text under a passphrase: a JWE in its compact form. */
export async function encryptUnder(passphrase: string, text: string, cty: Content): Promise<string> {
  const { CompactEncrypt } = await import("jose");
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: UNDER_PASSPHRASE, enc: CONTENT_ENCRYPTION, cty })
    .setKeyManagementParameters({ p2c: ITERATIONS })
    .encrypt(new TextEncoder().encode(passphrase));
}

/**
 * Decodes a key file.
 *
 * @param path its place, for errors
 * @throws SignetError `passphrase_required`, `passphrase_wrong` or `invalid_key`
 */
export async function decodeKeyFile(text: string, path: string, passphrase: PassphraseSource): Promise<PrivateJwk> {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") && !COMPACT.test(trimmed)) throw damaged(path, NEITHER);
  const plain = trimmed.startsWith("{") ? trimmed : await decrypt(trimmed, path, await passphrase());
  try {
    return parseJson(plain) as PrivateJwk;
  } catch {
    throw damaged(path, "it does not hold a JWK");
  }
}

async function decrypt(jwe: string, path: string, passphrase: string | undefined): Promise<string> {
  if (passphrase === undefined) {
    throw new SignetError("passphrase_required", `${path} is encrypted: set SIGNET_PASSPHRASE or SIGNET_PASSPHRASE_FILE`);
  }
  const { compactDecrypt, errors } = await import("jose");
  try {
    const { plaintext } = await compactDecrypt(jwe, new TextEncoder().encode(passphrase), {
      keyManagementAlgorithms: [UNDER_PASSPHRASE],
      contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
      maxPBES2Count: MAX_ITERATIONS,
    });
    return new TextDecoder().decode(plaintext);
  } catch (error) {
    if (error instanceof errors.JWEDecryptionFailed) {
      throw new SignetError("passphrase_wrong", `the passphrase does not open ${path}`);
    }
    throw damaged(path, NEITHER);
  }
}

const NEITHER = "it is neither a JWK nor an encrypted JWK";

function damaged(path: string, what: string): SignetError {
  return new SignetError("invalid_key", `${path} is damaged: ${what}. Restore it from a backup`);
}
