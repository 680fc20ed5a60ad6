import { createPrivateKey, type KeyObject } from "node:crypto";
import { DER, type DerElement, derElement, derElements } from "../../encoding/der-elements.js";
import { numberOf } from "../../encoding/number-of.js";
import { SignetError } from "../../errors.js";
import { type PemBlock, pemOf } from "./pem-blocks.js";

/** Rounds of a key derivation: some seconds. A planted file must not be able to keep the process busy for hours. */
const MAX_ROUNDS = 10_000_000n;
/** OpenSSL asks for a passphrase in a buffer of this size. */
const MAX_PASSPHRASE_BYTES = 1_024;
/** scrypt (RFC 7914 section 7), whose cost is the product of its three numbers. */
const SCRYPT = Buffer.from("2b06010401da47040b", "hex");

/**
 * Opens an encrypted private key: PKCS #8 (RFC 5958), or OpenSSL's own form.
 *
 * @throws SignetError `passphrase_required`, `passphrase_wrong`; `invalid_key` for a cipher that this Node lacks, or endless work
 */
export function openEncrypted(block: PemBlock, passphrase: string | undefined): KeyObject {
  if (passphrase === undefined)
    throw new SignetError("passphrase_required", "the private key is encrypted: its own passphrase is needed");
  if (block.encryption === undefined) assertBoundedWork(block.bytes);
  if (passphrase === "" || Buffer.byteLength(passphrase) > MAX_PASSPHRASE_BYTES) throw wrong();
  try {
    if (block.encryption !== undefined) return createPrivateKey({ key: pemOf(block), passphrase });
    return createPrivateKey({ key: block.bytes, format: "der", type: "pkcs8", passphrase });
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_OSSL_EVP_UNSUPPORTED") throw wrong();
    const words = "the private key is encrypted by a cipher that this Node does not have; encrypt it anew: ";
    const command = "openssl pkcs8 -provider legacy -provider default -in FILE -topk8 -v2 aes-256-cbc -out key.pem";
    throw new SignetError("invalid_key", `${words}${command}`);
  }
}

function wrong(): SignetError {
  return new SignetError("passphrase_wrong", "the passphrase does not open the private key");
}

function assertBoundedWork(der: Buffer): void {
  const algorithm = derElements(derElement(der)?.body ?? der)?.[0]?.body;
  const parts = algorithm === undefined ? [] : flattened(algorithm, 0);
  const numbers = parts.flatMap(({ tag, body }) =>
    tag === DER.integer ? [body.length > 8 ? MAX_ROUNDS + 1n : numberOf(body)] : [],
  );
  const isScrypt = parts.some(({ tag, body }) => tag === DER.oid && body.equals(SCRYPT));
  const cost = isScrypt ? numbers.slice(0, 3).reduce((product, each) => product * each, 1n) : undefined;
  if (numbers.every((each) => each <= MAX_ROUNDS) && (cost ?? 0n) <= MAX_ROUNDS) return;
  throw new SignetError(
    "invalid_key",
    `the private key is encrypted by more than ${MAX_ROUNDS} rounds of work; encrypt it anew with fewer`,
  );
}

const DEPTH = 6;

function flattened(body: Buffer, depth: number): readonly DerElement[] {
  const elements = depth > DEPTH ? [] : (derElements(body) ?? []);
  return elements.flatMap((each) => (each.tag === DER.sequence ? flattened(each.body, depth + 1) : [each]));
}
