/** What every contestant works with: the same keys, the same claims, the same life of a token. */
import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

export const ISSUER = "https://issuer.example";
export const AUDIENCE = "https://api.example";
export const TTL_SECONDS = 600;

/** By the name in a token's header: what node:crypto takes for the bare loops. */
export const ALGORITHMS = {
  ES256: { digest: "sha256", parameters: { dsaEncoding: "ieee-p1363" }, makeKey: () => key("ec", { namedCurve: "P-256" }) },
  EdDSA: { digest: null, parameters: {}, makeKey: () => key("ed25519", {}) },
  RS256: {
    digest: "sha256",
    parameters: { padding: constants.RSA_PKCS1_PADDING },
    makeKey: () => key("rsa", { modulusLength: 2048 }),
  },
  PS256: {
    digest: "sha256",
    parameters: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
    makeKey: () => key("rsa", { modulusLength: 2048 }),
  },
};

function key(type, options) {
  return generateKeyPairSync(type, options).privateKey;
}

/** Claims as an API's tokens have them: three registered ones, three of its own. Names differ, so that no text can be reused. */
export const CLAIMS = Array.from({ length: 64 }, (_, index) => ({
  iss: ISSUER,
  sub: `user-${String(index).padStart(4, "0")}-7b2f5c1e`,
  aud: AUDIENCE,
  scope: "orders:read orders:write",
  tenant: "acme-europe",
  roles: ["editor", "billing"],
}));

/**
 * @param {string} alg
 * @param {string} [pem] a private key that there is already; without it a new one is made
 */
export function fixture(alg, pem) {
  const { digest, parameters, makeKey } = ALGORITHMS[alg];
  const privateKey = pem === undefined ? makeKey() : createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const kid = "2026-bench-key-1";
  return {
    alg,
    kid,
    digest,
    privateKey,
    publicKey,
    // In JWS form, as people write it by hand.
    signInput: { key: privateKey, ...parameters },
    verifyInput: { key: publicKey, ...parameters },
    // The fastest form: on Node 24 an object around the key costs more than an ES256 signature (DER here).
    bareSignInput: alg === "PS256" ? { key: privateKey, ...parameters } : privateKey,
    bareVerifyInput: alg === "PS256" ? { key: publicKey, ...parameters } : publicKey,
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }),
    publicPem: publicKey.export({ type: "spki", format: "pem" }),
    jwks: { keys: [{ ...publicKey.export({ format: "jwk" }), use: "sig", alg, kid }] },
  };
}

/** @typedef {ReturnType<typeof fixture>} Fixture */

/** A token by hand, for verifiers. */
export function signedToken({ alg, kid, digest, signInput }, claims) {
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${encoded({ alg, kid, typ: "JWT" })}.${encoded(claims)}`;
  const signature = sign(digest, Buffer.from(input), signInput).toString("base64url");
  // In one piece, as a token comes from a socket: V8 reads a text that was put together slower, whoever verifies it.
  return Buffer.from(`${input}.${signature}`, "latin1").toString("latin1");
}

/** The DER of an ECDSA signature of P-256 as tokens have it: what undoes `rawOf`. */
export function derOf(raw) {
  const [r, s] = [derNumber(raw, 0), derNumber(raw, 32)];
  return Buffer.from([0x30, r.length + s.length, ...r, ...s]);
}

function derNumber(raw, start) {
  let at = start;
  while (at < start + 31 && raw[at] === 0) at++;
  const digits = [...(raw[at] >= 0x80 ? [0] : []), ...raw.subarray(at, start + 32)];
  return [2, digits.length, ...digits];
}

/** Seconds since 1970. */
export function now() {
  return Math.floor(Date.now() / 1000);
}
