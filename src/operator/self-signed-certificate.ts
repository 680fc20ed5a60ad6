import { createHash, X509Certificate } from "node:crypto";
import { type PublicJwk, publicKeyFromJwk, thumbprint } from "../algorithms/jwk.js";
import type { Signer } from "../custody/contract.js";
import { DER } from "../encoding/der-elements.js";
import { der, derOid, derTime } from "../encoding/der-write.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";

/** An X.509 certificate of a key, signed by that key. */
export interface SelfSigned {
  readonly pem: string;
  /** SHA-256 of the DER, as base64url: `x5t#S256` of a token's header (RFC 7515 section 4.1.8). */
  readonly thumbprint: string;
  /** False where another run makes another certificate: a signature of RSASSA-PSS is random. */
  readonly isStable: boolean;
}

const YEARS = 10;
/** X.520 allows a common name no more (RFC 5280 appendix A.1, ub-common-name). */
const MAX_COMMON_NAME = 64;
const SERIAL_BYTES = 16;

const NULL = der(0x05);
const SHA256 = der(DER.sequence, derOid("2.16.840.1.101.3.4.2.1"), NULL);
const tagged = (number: number, ...parts: readonly Buffer[]): Buffer => der(0xa0 + number, ...parts);

/** How a certificate names what it is signed with (RFC 8017 appendix A.2). */
const ALGORITHMS: Readonly<Record<string, Buffer>> = {
  RS256: der(DER.sequence, derOid("1.2.840.113549.1.1.11"), NULL),
  PS256: der(
    DER.sequence,
    derOid("1.2.840.113549.1.1.10"),
    der(
      DER.sequence,
      tagged(0, SHA256),
      tagged(1, der(DER.sequence, derOid("1.2.840.113549.1.1.8"), SHA256)),
      tagged(2, der(DER.integer, Buffer.of(32))),
    ),
  ),
};

/**
 * Makes the certificate of a key (RFC 5280): version 3, issued by the key itself, good for ten years from the key's making. For a signer of RS256
 * it is the same bytes whenever it is made.
 *
 * @param publicJwk the key, as it is published
 * @param madeAt NumericDate
 * @param signer of that very key; only a signature is asked of it
 * @throws SignetError `unsupported_algorithm` for other signatures than RS256 and PS256, `key_mismatch` where the signer is another key's,
 * and what signing throws
 */
export async function selfSignedCertificate(publicJwk: PublicJwk, madeAt: number, signer: Signer): Promise<SelfSigned> {
  const algorithm = ownMember(ALGORITHMS, signer.alg);
  if (algorithm === undefined) {
    throw new SignetError(
      "unsupported_algorithm",
      `a certificate is made of an RSA key that signs RS256 or PS256, not ${signer.alg}`,
    );
  }
  const key = publicKeyFromJwk(publicJwk);
  const name = nameOf(publicJwk);
  const toBeSigned = der(
    DER.sequence,
    tagged(0, der(DER.integer, Buffer.of(2))),
    der(DER.integer, serialOf(publicJwk)),
    algorithm,
    name,
    der(DER.sequence, derTime(madeAt), derTime(tenYearsAfter(madeAt))),
    name,
    key.export({ format: "der", type: "spki" }),
    tagged(3, der(DER.sequence, ...EXTENSIONS)),
  );
  // A signing input is a text of bytes: signers read it as Latin-1.
  const signature = await signer.sign(toBeSigned.toString("latin1"));
  const bytes = der(DER.sequence, toBeSigned, algorithm, der(DER.bitString, Buffer.of(0), signature));
  const certificate = new X509Certificate(bytes);
  if (!certificate.verify(key))
    throw new SignetError("key_mismatch", "the certificate was signed by another key than the published one");
  return {
    pem: certificate.toString().trimEnd(),
    thumbprint: createHash("sha256").update(bytes).digest("base64url"),
    isStable: signer.alg === "RS256",
  };
}

/** It is no authority's, and signs tokens. Both are critical (RFC 5280 sections 4.2.1.3 and 4.2.1.9). */
const EXTENSIONS: readonly Buffer[] = [
  extension("2.5.29.19", der(DER.sequence)),
  extension("2.5.29.15", der(DER.bitString, Buffer.of(7, 0x80))),
];

function extension(name: string, value: Buffer): Buffer {
  return der(DER.sequence, derOid(name), der(0x01, Buffer.of(0xff)), der(DER.octetString, value));
}

function nameOf(publicJwk: PublicJwk): Buffer {
  const { kid } = publicJwk;
  const commonName = kid.length <= MAX_COMMON_NAME ? kid : thumbprint(publicJwk);
  return der(DER.sequence, der(0x31, der(DER.sequence, derOid("2.5.4.3"), der(0x0c, Buffer.from(commonName)))));
}

// Positive, and of the same length for every key.
function serialOf(publicJwk: PublicJwk): Buffer {
  const bytes = Buffer.from(thumbprint(publicJwk), "base64url").subarray(0, SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function tenYearsAfter(seconds: number): number {
  const date = new Date(seconds * 1_000);
  date.setUTCFullYear(date.getUTCFullYear() + YEARS);
  return date.getTime() / 1_000;
}
