import { createPrivateKey, type KeyObject } from "node:crypto";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import { privateKeyFromJwk } from "./jwk.js";
import { algorithmsFor, assertHalvesMatch, assertKeyFits } from "./keys.js";
import { type AlgorithmName, algorithmNamed } from "./table.js";

/** A private key that was read from text. */
export interface PrivateKeyText {
  readonly privateKey: KeyObject;
  /** The algorithm to sign with: the caller's, else the JWK's own, else the usual one of the key's type. */
  readonly alg: AlgorithmName;
  /** The JWK's own `kid`, where it has one. */
  readonly kid?: string;
}

const BEGIN = /-----BEGIN ([A-Z0-9 ]{1,40})-----/g;
/** So many beginnings without an end are looked past. */
const MAX_BLOCKS = 8;

/**
 * Reads a private key as people have it: PEM with PKCS#8, encrypted PKCS#8, SEC1 or PKCS#1 content, or a JWK. A PEM's label is
 * not believed: PKCS#8 bytes under `EC PRIVATE KEY` are read as what they are.
 *
 * @param text PEM or JSON
 * @param options.alg the algorithm to use, where the key leaves a choice
 * @param options.passphrase opens an encrypted PEM
 * @throws SignetError `invalid_key`, `key_too_weak`, `passphrase_required`, `passphrase_wrong` or `unsupported_algorithm`
 */
export function parsePrivateKeyText(text: string, options: { alg?: AlgorithmName; passphrase?: string } = {}): PrivateKeyText {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) return fromJwk(trimmed, options.alg);
  const pem = firstPem(trimmed);
  if (pem === undefined)
    throw new SignetError("invalid_key", "this is neither a PEM nor a JWK; give a private key in one of these forms");
  const privateKey = fromPem(pem, options.passphrase);
  const alg = options.alg ?? usualAlgorithm(privateKey);
  assertKeyFits(algorithmNamed(alg), privateKey);
  assertHalvesMatch(algorithmNamed(alg), privateKey);
  return { privateKey, alg };
}

function fromJwk(text: string, alg: AlgorithmName | undefined): PrivateKeyText {
  const jwk = parseStrictJson(text, "the JWK") as { kid?: unknown; alg?: unknown; kty?: unknown; use?: unknown };
  if (jwk.kty === "oct") {
    throw new SignetError(
      "invalid_key",
      "a symmetric key (kty oct) cannot be published; give an RSA, EC, OKP or AKP private key",
    );
  }
  // RFC 7517 sections 4.2 and 4.4: a key that is meant for something else must not sign.
  if (jwk.use !== undefined && jwk.use !== "sig") {
    throw new SignetError("invalid_key", 'the JWK\'s "use" is not "sig": it is not a key for signatures', { field: "use" });
  }
  const named = alg ?? ownAlgorithm(jwk);
  const privateKey = privateKeyFromJwk(jwk, algorithmNamed(named));
  return typeof jwk.kid === "string" && jwk.kid !== "" ? { privateKey, alg: named, kid: jwk.kid } : { privateKey, alg: named };
}

function ownAlgorithm(jwk: { alg?: unknown; kty?: unknown }): AlgorithmName {
  if (jwk.alg === undefined) return usualJwkAlgorithm(jwk);
  if (typeof jwk.alg === "string") return algorithmNamed(jwk.alg).name;
  throw new SignetError("invalid_key", 'the JWK\'s "alg" is not a text', { field: "alg" });
}

function usualJwkAlgorithm(jwk: { kty?: unknown }): AlgorithmName {
  try {
    return usualAlgorithm(createPrivateKey({ format: "jwk", key: jwk as never }));
  } catch (error) {
    if (isSignetError(error)) throw error;
    throw new SignetError("invalid_key", "the JWK is not a private key of a supported type (RSA, EC, OKP Ed25519, AKP)");
  }
}

/** One block of a PEM file (RFC 7468). */
interface PemBlock {
  readonly pem: string;
  readonly label: string;
  readonly body: string;
}

// The first block that ends. An expression for the whole would look for an end from each of a thousand beginnings.
function firstPem(text: string): PemBlock | undefined {
  let tried = 0;
  for (const { 0: begin, 1: label = "", index } of text.matchAll(BEGIN)) {
    if (++tried > MAX_BLOCKS) return undefined;
    const end = `-----END ${label}-----`;
    const at = text.indexOf(end, index + begin.length);
    if (at >= 0) return { pem: text.slice(index, at + end.length), label, body: text.slice(index + begin.length, at) };
  }
  return undefined;
}

function fromPem({ pem, label, body }: PemBlock, passphrase: string | undefined): KeyObject {
  if (label.includes("PUBLIC") || label === "CERTIFICATE") {
    throw new SignetError("invalid_key", "this PEM holds a public key; the private key is needed");
  }
  if (label === "OPENSSH PRIVATE KEY") {
    throw new SignetError("invalid_key", "this is an OpenSSH key; convert it first: ssh-keygen -p -m PKCS8 -f FILE");
  }
  if (label === "ENCRYPTED PRIVATE KEY" || body.includes("Proc-Type:")) return fromEncryptedPem(pem, passphrase);
  const der = Buffer.from(body, "base64");
  for (const type of ["pkcs8", "sec1", "pkcs1"] as const) {
    const key = attempt(() => createPrivateKey({ key: der, format: "der", type }));
    if (key !== undefined) return key;
  }
  throw new SignetError("invalid_key", "the PEM holds no private key in PKCS#8, SEC1 or PKCS#1 form");
}

function fromEncryptedPem(pem: string, passphrase: string | undefined): KeyObject {
  if (passphrase === undefined)
    throw new SignetError("passphrase_required", "the PEM is encrypted: its own passphrase is needed");
  const key = attempt(() => createPrivateKey({ key: pem, passphrase }));
  if (key === undefined) throw new SignetError("passphrase_wrong", "the passphrase does not open the PEM");
  return key;
}

function usualAlgorithm(key: KeyObject): AlgorithmName {
  const [usual] = algorithmsFor(key);
  if (usual !== undefined) return usual;
  throw new SignetError("invalid_key", `no supported algorithm uses a key of type ${key.asymmetricKeyType ?? "unknown"}`);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
