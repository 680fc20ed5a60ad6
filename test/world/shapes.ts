import { createPublicKey, type KeyObject, sign } from "node:crypto";

/** One element of DER (X.690). */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const digits = Buffer.from(body.length.toString(16).padStart(body.length < 0x100 ? 2 : 4, "0"), "hex");
  const length = body.length < 0x80 ? digits : Buffer.concat([Buffer.of(0x80 + digits.length), digits]);
  return Buffer.concat([Buffer.of(tag), length, body]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const number = (value: number) => der(0x02, Buffer.of(value));
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const NULL = der(0x05);
const ECDSA_SHA256 = sequence(oid("2a8648ce3d040302"));
const NAME = sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from("issuer")))));

/** A PEM of any label. */
export function pem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** A private key as a PEM in one of the three plain forms. */
export function privatePem(key: KeyObject, type: "pkcs8" | "sec1" | "pkcs1" = "pkcs8"): string {
  return key.export({ format: "pem", type: type as "pkcs8" }).toString();
}

/** An encrypted PKCS #8 of few rounds, as OpenSSL 1.1 wrote it. */
export function encryptedPem(key: KeyObject, passphrase: string, cipher = "aes-256-cbc"): string {
  return key.export({ format: "pem", type: "pkcs8", cipher, passphrase }).toString();
}

export function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ format: "pem", type: "spki" }).toString();
}

/** A certificate of a key, signed by itself, as `openssl req -x509` makes it. */
export function certificate(key: KeyObject): string {
  const time = (text: string) => der(0x17, Buffer.from(text));
  const validity = sequence(time("260101000000Z"), time("460101000000Z"));
  const version = der(0xa0, number(2));
  return signed("CERTIFICATE", key, sequence(version, number(7), algorithmOf(key), NAME, validity, NAME, spki(key)));
}

/** A request for a certificate, as `openssl req -new` makes it. */
export function certificateRequest(key: KeyObject): string {
  return signed("CERTIFICATE REQUEST", key, sequence(number(0), NAME, spki(key), der(0xa0)));
}

/** What `openssl genpkey -algorithm RSA-PSS` writes; `hash` as `-pkeyopt rsa_pss_keygen_md` restricts it. */
export function pssPem(rsa: KeyObject, hash?: "sha1" | "sha384"): string {
  const pkcs1 = rsa.export({ format: "der", type: "pkcs1" });
  return pem("PRIVATE KEY", sequence(number(0), pssAlgorithm(hash), der(0x04, pkcs1)));
}

/** The public part of such a key. */
export function pssPublicPem(rsa: KeyObject, hash?: "sha1" | "sha384"): string {
  const pkcs1 = createPublicKey(rsa).export({ format: "der", type: "pkcs1" });
  return pem("PUBLIC KEY", sequence(pssAlgorithm(hash), der(0x03, Buffer.of(0), pkcs1)));
}

/** The beginning of a .p12 file (RFC 7292). */
export function pkcs12(): Buffer {
  return sequence(number(3), sequence(oid("2a864886f70d010701"), der(0xa0, der(0x04, Buffer.alloc(200)))));
}

/** An encrypted PKCS #8 that asks for so many rounds of PBKDF2. */
export function workingFor(rounds: Buffer): string {
  const derivation = sequence(oid("2a864886f70d01050c"), sequence(der(0x04, Buffer.alloc(8)), der(0x02, rounds)));
  const cipher = sequence(oid("60864801650304012a"), der(0x04, Buffer.alloc(16)));
  const algorithm = sequence(oid("2a864886f70d01050d"), sequence(derivation, cipher));
  return pem("ENCRYPTED PRIVATE KEY", sequence(algorithm, der(0x04, Buffer.alloc(160))));
}

/** The bytes of a text as PowerShell writes a file. */
export const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");
export const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");

function pssAlgorithm(hash: "sha1" | "sha384" | undefined): Buffer {
  const name = { sha1: "2b0e03021a", sha384: "608648016503040202" };
  // What is left out is SHA-1, so that parameters without anything restrict the key to that.
  const parameters =
    hash === undefined ? [] : [sequence(hash === "sha1" ? Buffer.alloc(0) : der(0xa0, sequence(oid(name[hash]), NULL)))];
  return sequence(oid("2a864886f70d01010a"), ...parameters);
}

function algorithmOf(key: KeyObject): Buffer {
  return key.asymmetricKeyType === "ec" ? ECDSA_SHA256 : sequence(oid("2a864886f70d01010b"), NULL);
}

function signed(label: string, key: KeyObject, content: Buffer): string {
  return pem(label, sequence(content, algorithmOf(key), der(0x03, Buffer.of(0), sign("sha256", content, key))));
}

function spki(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: "der", type: "spki" });
}
