import type { KeyObject } from "node:crypto";
import { SignetError } from "../../errors.js";
import { isWritable } from "../keys.js";
import type { DerKind } from "./der-kind.js";

const MAKE_KEY = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem";
const FROM_PKCS12 = "openssl pkcs12 -in FILE -nodes -nocerts -out key.pem";

export const CUT_OFF =
  "this PEM is cut off: a block begins and its line -----END ...----- is missing; give the whole text (a variable may hold its first line alone)";

/** What a block of PEM is that holds a key in a form of its own; `undefined` for the others. */
export function foreignBlock(label: string): string | undefined {
  if (label === "OPENSSH PRIVATE KEY") {
    return "this is an OpenSSH key; convert a copy of it: cp FILE key.pem && ssh-keygen -p -m PKCS8 -f key.pem";
  }
  if (label.startsWith("PGP ")) return `this is a PGP key, which signs no tokens; make another one: ${MAKE_KEY}`;
  if (label.startsWith("TSS2 ")) {
    return "this is a key that a TPM alone can use, so it cannot be imported; a program signs with it: --custody command";
  }
  return undefined;
}

const KEYSTORES: readonly Buffer[] = [Buffer.from("feedfeed", "hex"), Buffer.from("cececece", "hex")];

/** What bytes are that begin as another program's files do. */
export function foreignBytes(bytes: Uint8Array): string | undefined {
  if (!KEYSTORES.some((magic) => magic.equals(bytes.subarray(0, magic.length)))) return undefined;
  return `this is a Java keystore; convert it: keytool -importkeystore -srckeystore FILE -destkeystore key.p12 -deststoretype PKCS12, then ${FROM_PKCS12.replace("FILE", "key.p12")}`;
}

const TEXTS: readonly (readonly [RegExp, string])[] = [
  [
    /^PuTTY-User-Key-File-/,
    "this is a PuTTY key; convert it: puttygen FILE -O private-openssh -o key.pem && ssh-keygen -p -m PKCS8 -f key.pem",
  ],
  [
    /^---- BEGIN SSH2 /,
    "this is a key in SSH2's form; convert it: ssh-keygen -i -f FILE > key.pem, then ssh-keygen -p -m PKCS8 -f key.pem",
  ],
  [
    /^(?:ssh-|ecdsa-sha2-|sk-)[\w@.-]{1,60} /,
    "this is an OpenSSH public key; the private key is needed (the file of the same name without .pub). As a public key: ssh-keygen -e -m PKCS8 -f FILE",
  ],
  [/^AGE-SECRET-KEY-/, `this is an age key, which signs no tokens; make another one: ${MAKE_KEY}`],
  [
    /^[\w-]+(?:\.[\w-]*){4}$/,
    "this is an encrypted JWK (a JWE), which is not opened here; decrypt it, and give the JWK that is in it",
  ],
  [/^[\w-]+\.[\w-]+\.[\w-]*$/, "this is a token and no key"],
  [
    /^(?:\.{0,2}\/|~\/|[A-Za-z]:\\)[^\n]{1,400}$/,
    "this is the path of a file, and the key itself is needed: give the path as SOURCE",
  ],
];

/** What a text is that another program wrote; `undefined` where that cannot be told. */
export function foreignText(text: string): string | undefined {
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1];
}

const KINDS: Readonly<Partial<Record<DerKind, string>>> = {
  certificate:
    "this is a certificate, which holds a public key; the private key is needed (often FILE.key beside it, or with it in a .p12: " +
    `${FROM_PKCS12})`,
  request: "this is a certificate signing request, which holds a public key; the private key that it was made with is needed",
  spki: "this PEM holds a public key; the private key is needed",
  "rsa-public": "this PEM holds a public key; the private key is needed",
  parameters: `this holds the parameters of a curve and no key; make one: ${MAKE_KEY}`,
  pkcs7: "this is PKCS#7, which holds certificates; the private key that belongs to them is needed",
  pkcs12: `this is a PKCS#12 file (.p12, .pfx); convert it: ${FROM_PKCS12}`,
};

/** What a form of DER without a private key in it is called, and what to do; `undefined` for a form with one. */
export function refusedKind(kind: DerKind | undefined): string | undefined {
  return kind && KINDS[kind];
}

const CURVES = new Map([
  ["secp256k1", "secp256k1 (P-256K, for ES256K)"],
  ["P-256K", "P-256K (secp256k1, for ES256K)"],
]);

/** The error for a key of a type or a curve that no algorithm of the table takes. It repeats nothing but short words. */
export function unsupportedKey(type: unknown, curve?: unknown): SignetError {
  const [known, on] = [wordIn(type), wordIn(curve)];
  const words = `no supported algorithm uses a key of type ${known ?? "unknown"}${on === undefined ? "" : ` on the curve ${CURVES.get(on) ?? on}`}`;
  return new SignetError(
    "invalid_key",
    `${words}; keys are RSA, EC (P-256, P-384, P-521), Ed25519 or ML-DSA. Make one: ${MAKE_KEY}`,
  );
}

function wordIn(name: unknown): string | undefined {
  return typeof name === "string" && /^[\w-]{1,24}$/.test(name) ? name : undefined;
}

/** The same for a key that node:crypto has read. */
export function unsupportedKeyObject(key: KeyObject): SignetError {
  const type = key.asymmetricKeyType;
  if (type !== "ec") return unsupportedKey(type?.toUpperCase());
  if (isWritable(key)) return unsupportedKey("EC", key.asymmetricKeyDetails?.namedCurve);
  return new SignetError("invalid_key", "the EC key is damaged: its numbers are none of its curve; export it again");
}
