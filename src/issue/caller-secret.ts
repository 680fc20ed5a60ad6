import { createHash, hash, randomBytes } from "node:crypto";

const PREFIX = "signet_";
const FORM = /^signet_([0-9a-f]{64})_([0-9a-f]{8})$/;

/** A caller's secret as it is kept: its digest, never the secret itself. Times are NumericDates. */
export interface SecretRecord {
  /** SHA-256 of the secret, as hex. The secret has 256 random bits, so nothing slower is needed. */
  readonly sha256: string;
  readonly createdAt: number;
  /** From then on it is refused; absent means never. */
  readonly expiresAt?: number | undefined;
}

/**
 * Makes a caller's secret: 256 random bits with a prefix and a checksum, so that scanners find it in code and logs.
 *
 * @param random answers random bytes
 */
export function makeSecret(random: (bytes: number) => Buffer = randomBytes): string {
  const body = random(32).toString("hex");
  return `${PREFIX}${body}_${checksum(body)}`;
}

/** Tells a text that has a secret's form and checksum from every other text. */
export function isSecret(text: string): boolean {
  const [, body = "", sum] = FORM.exec(text) ?? [];
  return checksum(body) === sum;
}

/** The digest under which a secret is kept. */
export function secretDigest(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}

function checksum(body: string): string {
  return createHash("sha256")
    .update(PREFIX + body)
    .digest("hex")
    .slice(0, 8);
}
