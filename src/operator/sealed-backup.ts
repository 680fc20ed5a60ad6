import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { sealedPem } from "../algorithms/key-text/sealed-pem.js";
import { SignetError } from "../errors.js";
import { createFile, PRIVATE_FILE } from "../files/durable.js";
import { readTrusted } from "../files/trusted-read.js";
import { MAX_KEY_BYTES } from "./given-file.js";
import { pathGiven, type Surroundings } from "./surroundings.js";

/**
 * Writes a private key into a file of its owner's, encrypted under a passphrase: a PEM that OpenSSL and every import
 * here open. It is read back and opened before this returns. A file that is there is never written over: one that holds
 * this very key under this passphrase is success.
 *
 * @throws SignetError `usage` where something else has that name, or the passphrase is empty; `store_failed`
 */
export async function sealBackup(
  surroundings: Surroundings,
  privateKey: KeyObject,
  path: string,
  passphrase: string,
): Promise<void> {
  if (passphrase === "") throw new SignetError("usage", "an empty passphrase protects nothing: nothing was changed");
  const place = pathGiven(surroundings, path);
  const isNew = await createFile(place, sealedPem(privateKey, passphrase), PRIVATE_FILE);
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
