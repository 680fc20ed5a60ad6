/** What every contestant works with: the same keys, the same claims, the same life of a token. */
import { constants, generateKeyPairSync, sign } from "node:crypto";

export const ISSUER = "https://issuer.example";
export const AUDIENCE = "https://api.example";
export const TTL_SECONDS = 600;

/** By the name in a token's header: what node:crypto takes for the bare loops. */
export const ALGORITHMS = {
  ES256: { digest: "sha256", parameters: { dsaEncoding: "ieee-p1363" }, makeKeys: () => keys("ec", { namedCurve: "P-256" }) },
  EdDSA: { digest: null, parameters: {}, makeKeys: () => keys("ed25519", {}) },
  RS256: {
    digest: "sha256",
    parameters: { padding: constants.RSA_PKCS1_PADDING },
    makeKeys: () => keys("rsa", { modulusLength: 2048 }),
  },
  PS256: {
    digest: "sha256",
    parameters: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
    makeKeys: () => keys("rsa", { modulusLength: 2048 }),
  },
};

function keys(type, options) {
  return generateKeyPairSync(type, options);
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
 */
export function fixture(alg) {
  const { digest, parameters, makeKeys } = ALGORITHMS[alg];
  const { privateKey, publicKey } = makeKeys();
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
  return `${input}.${sign(digest, Buffer.from(input), signInput).toString("base64url")}`;
}

/** Seconds since 1970. */
export function now() {
  return Math.floor(Date.now() / 1000);
}
