import { createPublicKey, type KeyObject } from "node:crypto";
import { plainText } from "../algorithms/key-text/plain-text.js";
import { assertHalvesMatch } from "../algorithms/keys.js";
import { type PrivateKeyText, parsePrivateKeyText } from "../algorithms/private-key-text.js";
import { parsePublicKeyText } from "../algorithms/public-key-text.js";
import { type AlgorithmName, algorithmNamed } from "../algorithms/table.js";
import { isSignetError, SignetError, shortened } from "../errors.js";
import { warnOfReaders } from "../files/readers.js";
import { readTrusted } from "../files/trusted-read.js";
import { MAX_KEY_BYTES } from "./given-file.js";
import { inRegion, readJwks } from "./jwks-source.js";
import { readKeyPlace } from "./key-content.js";
import { parseKeyPlace } from "./key-places.js";
import { pathGiven, type Surroundings } from "./surroundings.js";

/** How a key made elsewhere is read. */
export interface KeySourceOptions {
  readonly kid?: string | undefined;
  readonly algorithm?: AlgorithmName | undefined;
  readonly keyPassphraseFile?: string | undefined;
  /** The one member of an object of JSON that is the key. */
  readonly member?: string | undefined;
  /** A JWKS that lists the key's public part: the key has its `kid` from there. */
  readonly jwks?: string | undefined;
  /** The region of what has no ARN. */
  readonly region?: string | undefined;
  /** Asks the operator for the passphrase of a key; absent where there is no terminal. */
  readonly askPassphrase?: ((question: string) => Promise<string>) | undefined;
}

/** A key made elsewhere: one that stays in KMS, or one whose private part was read. */
export type FoundKey = { readonly existing: string } | (PrivateKeyText & { readonly from: string });

/**
 * Reads a key from where it is. Nothing is changed there. Whatever the place, what is there is read in one way.
 *
 * @throws SignetError `usage`, `invalid_key` where the halves do not belong together, and what AWS answers
 */
export async function findKey(surroundings: Surroundings, source: string, options: KeySourceOptions): Promise<FoundKey> {
  const place = parseKeyPlace(source);
  if (place.service === "kms") return { existing: place.name };
  if (place.service === "file") await warnOfReaders(pathGiven(surroundings, place.path));
  const { content, member, kid, beside } = await readKeyPlace(surroundings, place, options.region);
  const wishes = { alg: options.algorithm, kid: options.kid, member: options.member ?? member };
  const own = await withKeyPassphrase(surroundings, source, options, (passphrase) =>
    parsePrivateKeyText(content, { ...wishes, passphrase }),
  ).finally(() => typeof content !== "string" && content.fill(0));
  if (beside !== undefined) assertPublicPart(own, beside.content, beside.where);
  const found = own.kid === undefined && kid !== undefined ? { ...own, kid } : own;
  if (options.jwks === undefined) return { ...found, from: source };
  const jwks = await readJwks(inRegion(surroundings, options.region), options.jwks);
  return { ...namedIn(jwks, found, options.jwks, options.kid), from: source };
}

/**
 * Reads a private key with its passphrase, where it needs one: it is asked for where there is a terminal.
 *
 * @param source names the key, for errors
 * @throws SignetError `usage`, and what `parse` throws
 */
export async function withKeyPassphrase<Key>(
  surroundings: Surroundings,
  source: string,
  options: Pick<KeySourceOptions, "keyPassphraseFile" | "askPassphrase">,
  parse: (passphrase: string | undefined) => Key,
): Promise<Key> {
  try {
    return parse(await passphraseOfKey(surroundings, options));
  } catch (error) {
    if (!isSignetError(error, "passphrase_required")) throw error;
    if (options.askPassphrase === undefined || source === "-") {
      const words = `${shortened(source)} is encrypted: give its passphrase with --key-passphrase-file FILE`;
      throw new SignetError("usage", words, { cause: error });
    }
    return parse(await options.askPassphrase(`Passphrase of ${shortened(source)}: `));
  }
}

function assertPublicPart({ alg, privateKey }: PrivateKeyText, text: string, where: string): void {
  let publicKey: KeyObject;
  try {
    ({ publicKey } = parsePublicKeyText(text));
  } catch (error) {
    throw new SignetError("invalid_key", `${where} is no public key`, { cause: error });
  }
  try {
    assertHalvesMatch(algorithmNamed(alg), privateKey, publicKey);
  } catch (error) {
    const words = `${where} is another key's public part: verifiers that have it refuse every token of the private one`;
    throw new SignetError("invalid_key", words, { cause: error });
  }
}

// What verifiers have read decides how the key is called, and that its public part is the right one.
function namedIn(
  jwks: { readonly keys: readonly object[] },
  key: PrivateKeyText,
  where: string,
  wanted: string | undefined,
): PrivateKeyText {
  const same = jwks.keys.find((jwk) => {
    try {
      return createPublicKey({ key: jwk as never, format: "jwk" }).equals(createPublicKey(key.privateKey));
    } catch {
      return false;
    }
  });
  if (same === undefined) throw new SignetError("invalid_key", `${where} does not list the public part of this key`);
  const { kid } = same as { kid?: unknown };
  if ((typeof kid !== "string" || kid === "") && wanted !== undefined) return { ...key, kid: wanted };
  if (typeof kid !== "string" || kid === "")
    throw new SignetError("invalid_key", `${where} lists the key without a kid; give --kid`);
  return { ...key, kid };
}

async function passphraseOfKey(
  surroundings: Surroundings,
  { keyPassphraseFile }: Pick<KeySourceOptions, "keyPassphraseFile">,
): Promise<string | undefined> {
  return keyPassphraseFile === undefined ? undefined : passphraseIn(surroundings, keyPassphraseFile, "--key-passphrase-file");
}

/**
 * Reads a passphrase from a file of its owner's.
 *
 * @param flag the option that names it, for errors
 * @throws SignetError `usage`, `store_insecure`
 */
export async function passphraseIn(surroundings: Surroundings, path: string, flag: string): Promise<string> {
  const bytes = await readTrusted("secret", pathGiven(surroundings, path), "usage", MAX_KEY_BYTES);
  // The path is not repeated: it may be the passphrase itself.
  if (bytes === undefined) throw new SignetError("usage", `${flag}: there is no such file`);
  const text = plainText(bytes);
  if (text === undefined) throw new SignetError("usage", `${flag}: the file is not text`);
  return text.replace(/^\ufeff/, "").replace(/\r?\n$/, "");
}
