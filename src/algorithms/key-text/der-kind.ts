import { DER, derElement, derElements } from "../../encoding/der-elements.js";

/** What a DER text is, told by its form: labels, names of files and senders are not believed. */
export type DerKind =
  | "pkcs8"
  | "sec1"
  | "pkcs1"
  | "dsa"
  | "encrypted"
  | "spki"
  | "rsa-public"
  | "certificate"
  | "request"
  | "parameters"
  | "pkcs7"
  | "pkcs12";

const PRIVATE: readonly (DerKind | undefined)[] = ["pkcs8", "sec1", "pkcs1", "dsa", "encrypted"];
const PUBLIC: readonly (DerKind | undefined)[] = ["spki", "rsa-public", "certificate"];

/** Tells whether a form holds a private key. */
export function isPrivateKind(kind: DerKind | undefined): boolean {
  return PRIVATE.includes(kind);
}

/** Tells whether a form holds a public key and no private one. */
export function isPublicKind(kind: DerKind | undefined): boolean {
  return PUBLIC.includes(kind);
}

/** In BER with lengths left open, as some exporters write PKCS#12: version 3, then the content. */
const OPEN_PKCS12 = Buffer.from([0x30, 0x80, 0x02, 0x01, 0x03, 0x30]);

/** Tells what DER bytes are by the first elements that they have; `undefined` for bytes of another form. */
export function derKind(bytes: Uint8Array): DerKind | undefined {
  if (OPEN_PKCS12.equals(bytes.subarray(0, OPEN_PKCS12.length))) return "pkcs12";
  const whole = derElement(bytes);
  if (whole?.tag === DER.oid && whole.end === bytes.length) return "parameters";
  const parts = whole?.tag === DER.sequence ? derElements(whole.body) : undefined;
  if (parts === undefined) return undefined;
  const tags = parts.map(({ tag }) => tag);
  if (tags[0] === DER.integer) return numbered(tags, parts[0]?.body ?? Buffer.alloc(0));
  if (tags[0] === DER.oid) return tags[1] === DER.explicit0 ? "pkcs7" : undefined;
  if (tags[0] !== DER.sequence) return undefined;
  if (tags[1] === DER.octetString) return "encrypted";
  if (tags[1] === DER.bitString) return "spki";
  if (tags[1] !== DER.sequence || tags[2] !== DER.bitString) return undefined;
  return isRequest(parts[0]?.body ?? Buffer.alloc(0)) ? "request" : "certificate";
}

// PKCS #8 (RFC 5958), SEC 1 and PKCS #1 (RFC 8017) begin with a version; a public RSA key is two numbers.
function numbered(tags: readonly number[], first: Buffer): DerKind | undefined {
  if (tags[1] === DER.octetString) return "sec1";
  if (tags[1] === DER.sequence) {
    if (tags[2] === DER.octetString) return "pkcs8";
    return first.equals(Buffer.of(3)) ? "pkcs12" : "parameters";
  }
  if (tags.some((tag, at) => tag !== DER.integer && at < 9)) return undefined;
  if (tags.length === 2) return "rsa-public";
  if (tags.length === 6) return "dsa";
  return tags.length >= 9 ? "pkcs1" : undefined;
}

// A certificate to be signed (RFC 5280) has an issuer and a validity; a request (RFC 2986) has version, subject and key.
function isRequest(signed: Buffer): boolean {
  const tags = derElements(signed)?.map(({ tag }) => tag) ?? [];
  return tags[0] === DER.integer && tags.length <= 4;
}
