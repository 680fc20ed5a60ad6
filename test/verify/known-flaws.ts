import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { goodClaims, NOW, part, type TestKey, testKey } from "./tokens.js";

/** The keys that the tokens name. */
export const keys = {} as Record<"es" | "rs" | "ed", TestKey>;

/** Makes the keys; before any token. */
export async function makeFlawKeys(): Promise<readonly TestKey[]> {
  keys.es = await testKey("ES256", "es");
  keys.rs = await testKey("RS256", "rs");
  keys.ed = await testKey("EdDSA", "ed");
  return [keys.es, keys.rs, keys.ed];
}

const spki = (key: KeyObject): string => key.export({ format: "pem", type: "spki" }).toString();
const pkcs1 = (key: KeyObject): string => key.export({ format: "pem", type: "pkcs1" }).toString();
const unsigned = (header: object, claims: object = goodClaims): string => `${part(header)}.${part(claims)}.`;

/** A text with a length before it, as SSH's public keys have it (RFC 4253 section 6.6). */
function sized(bytes: Buffer | string): Buffer {
  const body = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function openSsh(key: KeyObject): string {
  const { kty, crv, x = "", y = "", n = "", e = "" } = key.export({ format: "jwk" });
  const bytes = (text: string): Buffer => Buffer.from(text, "base64url");
  if (kty === "RSA")
    return `ssh-rsa ${Buffer.concat([sized("ssh-rsa"), sized(bytes(e)), sized(Buffer.concat([Buffer.of(0), bytes(n)]))]).toString("base64")}`;
  if (crv === "Ed25519") return `ssh-ed25519 ${Buffer.concat([sized("ssh-ed25519"), sized(bytes(x))]).toString("base64")}`;
  const point = Buffer.concat([Buffer.of(4), bytes(x), bytes(y)]);
  return `ecdsa-sha2-nistp256 ${Buffer.concat([sized("ecdsa-sha2-nistp256"), sized("nistp256"), sized(point)]).toString("base64")}`;
}

function mac(header: object, secret: string | Buffer): string {
  const input = `${part(header)}.${part(goodClaims)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

export const nested = (depth: number): string => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;

/** The flaw's number, whose it was and what it was, a token that makes use of it, and the answer that it must get. */
type Known = readonly [cve: string, what: string, tokens: () => readonly unknown[], code: string];

/** What other libraries accepted. */
export const KNOWN: readonly Known[] = [
  [
    "CVE-2015-9235",
    "jsonwebtoken: HS256 under the RSA public key",
    () => [mac({ alg: "HS256", kid: "rs" }, spki(keys.rs.publicKey))],
    "token_algorithm_refused",
  ],
  ["CVE-2015-2951", "jwt-php: alg none", () => [unsigned({ alg: "none" })], "token_algorithm_refused"],
  [
    "CVE-2016-10555",
    "jwt-simple: the token chooses the algorithm",
    () => [mac({ alg: "HS256", typ: "JWT" }, spki(keys.rs.publicKey))],
    "token_algorithm_refused",
  ],
  [
    "CVE-2017-11424",
    "PyJWT: a PKCS#1 PEM as secret",
    () => [mac({ alg: "HS256", kid: "rs" }, pkcs1(keys.rs.publicKey))],
    "token_algorithm_refused",
  ],
  [
    "CVE-2018-0114",
    "node-jose: a key in the token's own header",
    () => [embedded("jwk"), embedded("jku"), embedded("x5c")],
    "token_header_refused",
  ],
  [
    "CVE-2018-1000531",
    "prime-jwt: no signature, whatever alg says",
    () => [unsigned({ alg: "ES256", kid: "es", typ: "JWT" })],
    "token_signature_invalid",
  ],
  ["CVE-2019-20933", "InfluxDB: an empty secret", () => [mac({ alg: "HS256", kid: "es" }, "")], "token_algorithm_refused"],
  [
    "CVE-2020-26160",
    "jwt-go: an aud that is an empty list, or no text",
    () => [keys.es.good({ aud: [] }), keys.es.good({ aud: [""] })],
    "token_audience_refused",
  ],
  [
    "CVE-2020-28042",
    "ServiceStack: any signature of the right form",
    () => [`${keys.es.good().split(".").slice(0, 2).join(".")}.${"A".repeat(86)}`],
    "token_signature_invalid",
  ],
  [
    "CVE-2021-22160",
    "Pulsar: alg none where a key is configured",
    () => [unsigned({ alg: "none", kid: "es" }), unsigned({ alg: "None", kid: "es" })],
    "token_algorithm_refused",
  ],
  [
    "CVE-2022-21449",
    "Java: r and s of an ECDSA signature are zero",
    () => [`${keys.es.good().split(".").slice(0, 2).join(".")}.${part(Buffer.alloc(64))}`],
    "token_signature_invalid",
  ],
  [
    "CVE-2022-23539",
    "jsonwebtoken: a key of another type than alg's",
    () => [keys.es.good({}, { alg: "RS256" }), keys.rs.good({}, { kid: "es" })],
    "token_algorithm_refused",
  ],
  [
    "CVE-2022-23540",
    "jsonwebtoken: none where the key is not found",
    () => [unsigned({ alg: "none", kid: "unknown" })],
    "token_algorithm_refused",
  ],
  [
    "CVE-2022-23541",
    "jsonwebtoken: HMAC with what a key function answers",
    () => [mac({ alg: "HS512", kid: "es" }, spki(keys.es.publicKey))],
    "token_algorithm_refused",
  ],
  [
    "CVE-2022-25898",
    "jsrsasign: signs that are not base64url within a signature",
    () => [
      signature((text) => `${text.slice(0, 9)}%${text.slice(9)}`),
      signature((text) => `${text}\n`),
      signature((text) => `${text}=`),
    ],
    "token_malformed",
  ],
  [
    "CVE-2022-29217",
    "PyJWT: an OpenSSH public key as secret",
    () => Object.values(keys).map((key) => mac({ alg: "HS256", kid: key.header.kid }, openSsh(key.publicKey))),
    "token_algorithm_refused",
  ],
  [
    "CVE-2022-36083",
    "jose: millions of rounds of PBES2",
    () => [`${part({ alg: "PBES2-HS256+A128KW", enc: "A128CBC-HS256", p2c: 2 ** 31, p2s: "AA" })}.AA.AA.AA.AA`],
    "token_malformed",
  ],
  ["CVE-2022-39227", "python-jwt: claims beside the signed ones, in JSON form", () => jsonForms(), "token_malformed"],
  [
    "CVE-2023-48238",
    "json-web-token: the algorithm is the token's",
    () => [mac({ alg: "HS256", kid: "es" }, spki(keys.es.publicKey))],
    "token_algorithm_refused",
  ],
  [
    "CVE-2024-33663",
    "python-jose: an OpenSSH ECDSA key as secret",
    () => [mac({ alg: "HS256", kid: "es" }, openSsh(keys.es.publicKey))],
    "token_algorithm_refused",
  ],
  [
    "CVE-2024-33664",
    "python-jose: an encrypted token that unpacks to gigabytes",
    () => [`${part({ alg: "dir", enc: "A256GCM", zip: "DEF" })}..AA.${"A".repeat(9_000)}.AA`],
    "token_malformed",
  ],
  [
    "CVE-2024-34273",
    "njwt: __proto__ in what is parsed",
    () => [keys.es.token('{"alg":"ES256","__proto__":{"kid":"es"}}', goodClaims)],
    "token_kid_missing",
  ],
  [
    "CVE-2024-37568",
    "Authlib: HMAC where no algorithm is asked for",
    () => [mac({ alg: "HS256" }, spki(keys.es.publicKey))],
    "token_algorithm_refused",
  ],
  [
    "CVE-2024-51744",
    "golang-jwt: a forged token is told to be merely expired",
    () => [forgedAndExpired()],
    "token_signature_invalid",
  ],
  [
    "CVE-2024-54150",
    "cjwt: HMAC with the RSA key's PEM",
    () => [mac({ alg: "HS256", kid: "rs", typ: "JWT" }, spki(keys.rs.publicKey))],
    "token_algorithm_refused",
  ],
  [
    "CVE-2025-30204",
    "golang-jwt: a header of millions of dots",
    () => ["a".concat(".".repeat(30_000)), ".".repeat(30_000), `${"a.".repeat(16_000)}a`],
    "token_malformed",
  ],
  [
    "CVE-2025-53864",
    "nimbus: claims nested without end",
    () => [`${part({ alg: "ES256", kid: "es" })}.${part(nested(5_000))}.AA`],
    "token_signature_invalid",
  ],
  [
    "CVE-2025-59420",
    "Authlib: an unknown crit",
    () => [
      keys.es.good({}, { crit: ["x"], x: 1 }),
      keys.es.good({}, { crit: ["b64"], b64: false }),
      keys.es.good({}, { crit: [] }),
    ],
    "token_header_refused",
  ],
  ["CVE-2025-61920", "Authlib: a token of any length", () => [keys.es.good({ x: "x".repeat(40_000) })], "token_malformed"],
  ["CVE-2025-62706", "Authlib: zip", () => [keys.es.good({}, { zip: "DEF" })], "token_header_refused"],
];

function embedded(where: "jwk" | "jku" | "x5c"): string {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const brought = { jwk: publicKey.export({ format: "jwk" }), jku: "https://evil.example/jwks.json", x5c: ["AA"] }[where];
  const input = `${part({ alg: "ES256", kid: "es", typ: "JWT", [where]: brought })}.${part(goodClaims)}`;
  return `${input}.${sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

export function signature(change: (text: string) => string): string {
  const [header, payload, own = ""] = keys.es.good().split(".");
  return `${header}.${payload}.${change(own)}`;
}

function jsonForms(): readonly unknown[] {
  const [header = "", payload = "", own = ""] = keys.es.good().split(".");
  const forged = part({ ...goodClaims, sub: "admin" });
  const form = { protected: header, payload, signature: own };
  return [
    JSON.stringify(form),
    form,
    `{"  ${header}.${forged}.${own}":"","protected":"${header}","payload":"${payload}","signature":"${own}"}`,
  ];
}

function forgedAndExpired(): string {
  const [header, , own] = keys.es.good().split(".");
  return `${header}.${part({ ...goodClaims, exp: NOW - 9_000 })}.${own}`;
}
