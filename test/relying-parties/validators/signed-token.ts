import { constants, createHash, type KeyObject, verify } from "node:crypto";

/*
 * What the validators of this folder have in common: the compact form (RFC 7515 section 7.1) and signatures by node:crypto. Nothing of
 * src/ is used here: what makes tokens must not say whether they are right.
 */

export type Members = Readonly<Record<string, unknown>>;

/** A token as it came. */
export interface SignedToken {
  readonly header: Members;
  readonly claims: Members;
  /** Whether a key has made its signature, by the algorithm that its header names. */
  isSignedBy(key: KeyObject): boolean;
}

/** What the other side does with a token that it receives at `now`, in seconds since 1970: it answers the claims, or throws a `Refusal`. */
export type Validator = (token: string, now: number) => Members;

/** The other side refuses a token: `rule` says by which of its rules, and the message how it says so where that is known. */
export class Refusal extends Error {
  readonly rule: string;

  constructor(rule: string, words = rule) {
    super(words);
    this.rule = rule;
  }
}

/** Refuses by a rule where it is broken. */
export function demand(rule: string, isKept: boolean, words?: string): asserts isKept {
  if (!isKept) throw new Refusal(rule, words);
}

const PART = /^[A-Za-z0-9_-]+$/;

/** Reads a token. Its signature is not checked yet: which key is asked depends on what it says. */
export function readSigned(token: string): SignedToken {
  const parts = token.split(".");
  demand("form", parts.length === 3 && parts.every((part) => PART.test(part)));
  const [header = "", payload = "", signature = ""] = parts;
  const read = { header: membersOf(header), claims: membersOf(payload) };
  const input = Buffer.from(`${header}.${payload}`);
  const isSignedBy = (key: KeyObject) => isSignature(String(read.header.alg), key, input, Buffer.from(signature, "base64url"));
  return { ...read, isSignedBy };
}

function membersOf(part: string): Members {
  const members: unknown = parsed(Buffer.from(part, "base64url").toString());
  demand("form", typeof members === "object" && members !== null && !Array.isArray(members));
  return members as Members;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("form");
  }
}

const CURVES: Readonly<Record<string, string>> = { "256": "prime256v1", "384": "secp384r1", "512": "secp521r1" };

/** RFC 7518 section 3: RSASSA-PKCS1-v1_5, RSASSA-PSS and ECDSA. Of any other name nothing is a signature. */
function isSignature(alg: string, key: KeyObject, input: Buffer, signature: Buffer): boolean {
  const [, family, size = ""] = /^(RS|PS|ES)(256|384|512)$/.exec(alg) ?? [];
  const digest = `sha${size}`;
  if (family === "RS") return isRsa(key) && verify(digest, input, key, signature);
  if (family === "PS") {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return isRsa(key) && verify(digest, input, { key, padding, saltLength: Number(size) / 8 }, signature);
  }
  const isCurve = family === "ES" && key.asymmetricKeyDetails?.namedCurve === CURVES[size];
  return isCurve && verify(digest, input, { key, dsaEncoding: "ieee-p1363" }, signature);
}

function isRsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2_048;
}

/** The SHA-256 of a public key as SubjectPublicKeyInfo. */
export function fingerprintOf(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("base64");
}

/** Whether a value is a time: a whole number of seconds since 1970. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
