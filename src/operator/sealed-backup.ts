import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { SignetError } from "../errors.js";
import { createFile, PRIVATE_FILE } from "../files/durable.js";
import { readTrusted } from "../files/trusted-read.js";
import { MAX_KEY_BYTES } from "./given-file.js";
import { pathGiven, type Surroundings } from "./surroundings.js";

/** OpenSSL's PBES2, as Node writes it, slows a guess down by little: the passphrase alone has to be hard to guess. */
const MIN_PASSPHRASE = 16;
const CIPHER = "aes-256-cbc";

/**
 * Writes a private key into a file of its owner's, encrypted under a passphrase: a PEM of PKCS #8 (RFC 5958, PBES2 of RFC 8018), which OpenSSL
 * and every import here open. It is read back and opened before this returns. A file that is there is never written over: one that holds
 * this very key under this passphrase is success.
 *
 * @throws SignetError `usage` where something else has that name, or the passphrase is short; `store_failed`
 */
export async function sealBackup(
  surroundings: Surroundings,
  privateKey: KeyObject,
  path: string,
  passphrase: string,
): Promise<void> {
  if ([...passphrase].length < MIN_PASSPHRASE) {
    throw new SignetError(
      "usage",
      `a sealed backup takes a passphrase of ${MIN_PASSPHRASE} characters or more, and nothing was changed`,
    );
  }
  const place = pathGiven(surroundings, path);
  const sealed = privateKey.export({ format: "pem", type: "pkcs8", cipher: CIPHER, passphrase });
  const isNew = await createFile(place, sealed.toString(), PRIVATE_FILE);
  const text = await readTrusted("secret", place, "usage", MAX_KEY_BYTES);
  if (text !== undefined && opensAs(privateKey, text, passphrase)) return;
  const words = isNew ? "was written and does not open" : "is there already, and is not this key under this passphrase";
  throw new SignetError(isNew ? "store_failed" : "usage", `--backup: ${path} ${words}; nothing was imported. Give another name`);
}

function opensAs(privateKey: KeyObject, text: Uint8Array, passphrase: string): boolean {
  try {
    const kept = createPrivateKey({ key: Buffer.from(text), format: "pem", passphrase });
    return createPublicKey(kept).equals(createPublicKey(privateKey));
  } catch {
    return false;
  }
}
