/** Makes tokens that are nearly right: each is told with whether its signature belongs to it. */
import { generateKeyPairSync, sign } from "node:crypto";

export const ISSUER = "https://issuer.example";
export const AUDIENCE = "api";

/** Numbers that look like chance and can be had again (mulberry32). */
export function chance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (most) => Math.floor(next() * most);
  return { below, one: (list) => list[below(list.length)], often: (share) => next() < share };
}

const encode = (value) => Buffer.from(value).toString("base64url");

/** A token of a key: its header names the key, unless it says otherwise. */
export function signedToken({ alg, kid, sign }, claims, header = {}) {
  const input = [{ alg, kid, typ: "JWT", ...header }, claims].map((part) => encode(JSON.stringify(part))).join(".");
  return `${input}.${encode(sign(input))}`;
}

export function makeKeys() {
  const pairs = {
    ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
    RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    EdDSA: generateKeyPairSync("ed25519"),
  };
  return Object.entries(pairs).map(([alg, { publicKey, privateKey }]) => ({
    alg,
    kid: `key-${alg}`,
    jwk: { ...publicKey.export({ format: "jwk" }), kid: `key-${alg}`, alg, use: "sig" },
    sign(input) {
      const digest = alg === "EdDSA" ? null : "sha256";
      return sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
    },
  }));
}

/** Changes to what a header says. */
const HEADER = [
  () => ({}),
  () => ({ typ: "at+jwt" }),
  () => ({ typ: "application/JWT" }),
  () => ({ typ: undefined }),
  () => ({ typ: 5 }),
  () => ({ kid: undefined }),
  () => ({ kid: "unknown" }),
  () => ({ kid: "" }),
  () => ({ kid: 5 }),
  () => ({ kid: "__proto__" }),
  ({ one }) => ({ kid: one(["key-ES256", "key-RS256", "key-EdDSA"]) }),
  ({ one }) => ({ alg: one(["none", "HS256", "ES256", "RS256", "EdDSA", "PS256", "ES384", "es256", "", null]) }),
  () => ({ crit: ["exp"] }),
  () => ({ crit: [] }),
  () => ({ crit: ["b64"], b64: true }),
  () => ({ b64: false }),
  () => ({ b64: true }),
  () => ({ jku: "https://evil.example/" }),
  () => ({ jwk: { kty: "oct", k: "AA" } }),
  () => ({ x5c: ["AA"] }),
  () => ({ x5u: "https://evil.example/" }),
  () => ({ zip: "DEF" }),
  () => ({ cty: "JWT" }),
  () => ({ x5t: "AA", more: { deep: [1, 2, 3] } }),
];

/** Changes to what the claims say. */
const CLAIMS = [
  () => ({}),
  (_, now) => ({ exp: now - 3_600 }),
  (_, now) => ({ exp: now + 0.5 }),
  (_, now) => ({ exp: String(now + 60) }),
  () => ({ exp: undefined }),
  () => ({ exp: null }),
  () => ({ exp: 1e300 }),
  () => ({ exp: -1 }),
  (_, now) => ({ nbf: now + 3_600 }),
  () => ({ nbf: "0" }),
  () => ({ nbf: -5.5 }),
  (_, now) => ({ iat: now + 3_600 }),
  () => ({ iat: "now" }),
  () => ({ iat: null }),
  () => ({ iss: "https://other.example" }),
  () => ({ iss: `${ISSUER}/` }),
  () => ({ iss: [ISSUER] }),
  () => ({ iss: undefined }),
  () => ({ aud: "other" }),
  () => ({ aud: [AUDIENCE, "other"] }),
  () => ({ aud: [] }),
  () => ({ aud: [AUDIENCE, 5] }),
  () => ({ aud: { api: true } }),
  () => ({ aud: undefined }),
  () => ({ sub: 5 }),
  () => ({ jti: null }),
  () => ({ name: "Zoë 😀", deep: { a: [{ b: 1 }] }, big: 2 ** 60 }),
];

/** Changes to how a part is written; the signature is made over what comes out. */
const TEXTS = [
  (text) => ` ${text}\n`,
  (text) => text.replace("{", '{"sub":"mallory",'),
  (text) => text.replace("{", '{"s\\u0075b":"mallory",'),
  (text) => `\uFEFF${text}`,
  (text) => Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"x":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')]),
  (text) => text.replace("}", ',"x":"\\ud800"}'),
  (text) => `${text}${text}`,
  (text) => `[${text}]`,
  (text) => text.replace(/"/g, "'"),
  (text) => text.replace("}", ",}"),
  () => "null",
  () => '"text"',
  () => "",
];

/** Changes to how base64url is spelled, signed as they stand. */
const SPELLINGS = [
  (part) => `${part}=`,
  (part) => `${part}==`,
  (part) => part.replaceAll("-", "+").replaceAll("_", "/"),
  (part) => `${part.slice(0, 5)} ${part.slice(5)}`,
  (part) => `${part}\n`,
  (part) => (part.length % 4 === 0 ? part : part.slice(0, -1) + nextLetter(part.at(-1))),
];

/** Changes after which the signature belongs to nothing any more. */
const DAMAGES = [
  (token, { below }) => flipped(token, below(token.length)),
  (token, { below }) => token.slice(0, below(token.length)),
  (token, { below }) => token + "AAAA".slice(below(4)),
  (token) => token.split(".").slice(0, 2).join("."),
  (token) => `${token.split(".").slice(0, 2).join(".")}.`,
  (token) => `${token}.${token}`,
  (token) => token.split(".").reverse().join("."),
  (token) => `${token.split(".").slice(0, 2).join(".")}.${"A".repeat(86)}`,
];

// The last letter of a part may hold bits that mean nothing: another letter is the same bytes.
function nextLetter(letter) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return letters[(letters.indexOf(letter) + 1) % 64];
}

function flipped(token, at) {
  const letter = token[at];
  if (letter === ".") return `${token.slice(0, at)}A${token.slice(at + 1)}`;
  return token.slice(0, at) + nextLetter(letter) + token.slice(at + 1);
}

/**
 * A token, and whether its signature is one of its key over its very text.
 *
 * @returns {{ token: string, isSigned: boolean, what: string }}
 */
export function nearlyRight(keys, random, now) {
  const { one, often } = random;
  const key = one(keys);
  const header = { alg: key.alg, kid: key.kid, typ: "JWT", ...one(HEADER)(random) };
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: "alice",
    iat: now,
    exp: now + 600,
    ...(often(0.6) ? one(CLAIMS)(random, now) : {}),
  };
  const texts = [JSON.stringify(header), JSON.stringify(claims)];
  const kind = one(["as it is", "as it is", "text", "spelling", "damage"]);
  const at = random.below(2);
  if (kind === "text") texts[at] = one(TEXTS)(texts[at]);
  const parts = texts.map(encode);
  if (kind === "spelling") parts[at] = one(SPELLINGS)(parts[at]);
  const input = parts.join(".");
  const signature = encode(key.sign(input));
  const token = `${input}.${kind === "spelling" && often(0.3) ? one(SPELLINGS)(signature) : signature}`;
  if (kind !== "damage") return { token, isSigned: true, what: kind };
  const damaged = one(DAMAGES)(token, random);
  return { token: damaged, isSigned: damaged === token, what: kind };
}
