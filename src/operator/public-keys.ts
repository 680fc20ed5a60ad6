import { parsePublicKeyText } from "../algorithms/public-key-text.js";
import { isListOf, isObject, isText } from "../encoding/list-of.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import { MAX_KEY_BYTES, readGivenFile, readingGiven } from "./given-file.js";
import type { Surroundings } from "./surroundings.js";

type Jwk = Readonly<Record<string, unknown>>;

/**
 * Reads the public keys of a caller from a file: PEM, DER, a certificate, a JWK or a JWKS. A private key is refused: the caller alone may
 * have it, and here it would be one more copy.
 *
 * @param option the one that names the file, for errors
 * @throws SignetError `usage` for a file that cannot be read, `invalid_key` for what is no key, `key_too_weak`
 */
export async function readPublicKeys(surroundings: Surroundings, path: string, option: string): Promise<readonly Jwk[]> {
  const content = await readGivenFile(surroundings, path, option, MAX_KEY_BYTES);
  return readingGiven(option, path, () => {
    const entries = jwksIn(content);
    if (entries === undefined) return [asJwk(content)];
    return entries.map((entry) => ({ ...asJwk(JSON.stringify(entry)), ...namesOf(entry) }));
  });
}

const PRIVATE =
  "it holds a private key, which the caller alone may have; expected its public key: openssl pkey -in FILE -pubout -out FILE.pub.pem";

function asJwk(content: Uint8Array | string): Jwk {
  const { publicKey, algs, hasPrivate } = parsePublicKeyText(content);
  if (hasPrivate) throw new SignetError("invalid_key", PRIVATE);
  const [alg] = algs;
  // An RSA key can be used with six, and an Ed25519 key has two names.
  return { ...publicKey.export({ format: "jwk" }), ...(algs.length === 1 && { alg }), use: "sig" };
}

function namesOf({ kid, alg }: Jwk): Jwk {
  return { ...(isText(kid) && { kid }), ...(isText(alg) && { alg }) };
}

/** The entries of a JWKS, or a JWK alone; `undefined` for what is no JSON. */
function jwksIn(content: Buffer): readonly Jwk[] | undefined {
  const text = content.toString("utf8");
  if (!/^\s*[\ufeff]?\s*\{/.test(text)) return undefined;
  const value = parseStrictJson(text, "it");
  if (!isObject(value)) return undefined;
  if (!Object.hasOwn(value, "keys")) return [value];
  if (isListOf(value.keys, isObject) && value.keys.length > 0) return value.keys;
  throw new SignetError("invalid_key", 'it must be a JWK, or {"keys": [...]} with a key at least');
}
