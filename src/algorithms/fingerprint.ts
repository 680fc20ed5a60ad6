import { createHash } from "node:crypto";
import { type PublicJwk, publicKeyFromJwk } from "./jwk.js";

/** The fingerprint of a public key as Snowflake writes it: `SHA256:`, and the base64 of the SHA-256 of its SPKI. */
export function spkiFingerprint(jwk: PublicJwk): string {
  const spki = publicKeyFromJwk(jwk).export({ type: "spki", format: "der" });
  return `SHA256:${createHash("sha256").update(spki).digest("base64")}`;
}
