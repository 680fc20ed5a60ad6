/** Ways of verifying a token: the signature by a key that is at hand, `exp`, `iss` and `aud`. */
import { sign, verify } from "node:crypto";
import { JwtVerifier } from "aws-jwt-verify";
import { createVerifier as createFastVerifier } from "fast-jwt";
import { createLocalJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { createVerifier } from "../dist/verify/index.js";
import { AUDIENCE, CLAIMS, derOf, ISSUER, now, signedToken } from "./fixture.mjs";
import { awaited, direct, inTurn } from "./measure.mjs";

/** They outlive the longest run. */
const LIFE_SECONDS = 7200;

/** @typedef {import("./measure.mjs").Contestant & { accepts?: (token: string) => unknown }} Verifying */

/** What makes a contestant, by its name. @type {Record<string, (fixture: any, tokens: readonly string[]) => Verifying>} */
export const VERIFYING = {
  bare,
  "bare, with options": bareWithOptions,
  "by hand": byHand,
  signet,
  "fast-jwt": fastJwt,
  jose,
  "aws-jwt-verify": awsJwtVerify,
  jsonwebtoken: viaJsonwebtoken,
};
const UNKNOWN = { "aws-jwt-verify": "PS256", jsonwebtoken: "EdDSA" };

/** @returns {string[]} the contestants that know an algorithm */
export function verifiersOf(alg) {
  return Object.keys(VERIFYING).filter((name) => UNKNOWN[name] !== alg);
}

/** @param {import("./fixture.mjs").Fixture} fixture */
export function tokensOf(fixture) {
  const iat = now();
  return CLAIMS.map((claims) => signedToken(fixture, { ...claims, iat, exp: iat + LIFE_SECONDS }));
}

/** Throws unless a contestant accepts a good token and refuses one whose claims were changed, or that is for others. */
export async function checkVerifying({ name, accepts }, fixture, [token, other]) {
  const [header, , signature] = token.split(".");
  const altered = `${header}.${other.split(".")[1]}.${signature}`;
  const expired = signedToken(fixture, { ...CLAIMS[0], iat: now() - 9000, exp: now() - 8000 });
  if (!(await accepts(token))) throw new Error(`${name} refused a token that is good (${fixture.alg})`);
  for (const [what, bad] of Object.entries({ altered, expired })) {
    if (await accepts(bad)) throw new Error(`${name} accepted a token that is ${what} (${fixture.alg})`);
  }
}

/** What is left when nothing is made or checked. */
export function bare({ digest, bareSignInput, bareVerifyInput }, tokens) {
  const signed = tokens.map((token) => {
    const { input } = parts(token);
    // ECDSA in DER, which a token does not have.
    return { input, signature: sign(digest, input, bareSignInput) };
  });
  return bareLoop("bare", digest, bareVerifyInput, signed);
}

function bareWithOptions({ digest, verifyInput }, tokens) {
  return bareLoop("bare, with options", digest, verifyInput, tokens.map(parts));
}

function bareLoop(name, digest, verifyInput, signed) {
  const next = inTurn(signed);
  return direct(name, () => {
    const { input, signature } = next();
    if (!verify(digest, input, verifyInput, signature)) throw new Error("the bare loop refused a token");
  });
}

function parts(token) {
  const end = token.lastIndexOf(".");
  return { input: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), "base64url") };
}

function byHand({ alg, kid, digest, bareVerifyInput }, tokens) {
  const next = inTurn(tokens);
  const formOf = alg === "ES256" ? derOf : (signature) => signature;
  const accepts = (token) => {
    const [start, end] = [token.indexOf("."), token.lastIndexOf(".")];
    const header = decoded(token.slice(0, start));
    if (header.alg !== alg || header.kid !== kid) throw new Error("another key");
    const signature = formOf(Buffer.from(token.slice(end + 1), "base64url"));
    if (!verify(digest, Buffer.from(token.slice(0, end), "latin1"), bareVerifyInput, signature)) throw new Error("not signed");
    const { iss, aud, exp } = decoded(token.slice(start + 1, end));
    if (iss !== ISSUER || aud !== AUDIENCE || exp <= now()) throw new Error("another token");
  };
  return { ...direct("by hand", () => accepts(next())), accepts };
}

function decoded(part) {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

function signet({ jwks }, tokens) {
  const next = inTurn(tokens);
  const verifier = createVerifier({ keys: jwks, issuer: ISSUER, audience: AUDIENCE });
  return { ...direct("signet", () => verifier.verify(next())), accepts: (token) => verifier.verify(token) };
}

function awsJwtVerify({ jwks }, tokens) {
  const next = inTurn(tokens);
  const verifier = JwtVerifier.create({ issuer: ISSUER, audience: AUDIENCE, jwksUri: `${ISSUER}/jwks.json` });
  verifier.cacheJwks(jwks);
  return { ...direct("aws-jwt-verify", () => verifier.verifySync(next())), accepts: (token) => verifier.verifySync(token) };
}

function fastJwt({ alg, publicPem }, tokens) {
  const next = inTurn(tokens);
  const check = createFastVerifier({ key: publicPem, algorithms: [alg], allowedIss: ISSUER, allowedAud: AUDIENCE, cache: false });
  return { ...direct("fast-jwt", () => check(next())), accepts: check };
}

function jose({ alg, jwks }, tokens) {
  const next = inTurn(tokens);
  const keys = createLocalJWKSet(jwks);
  const accepts = (token) => jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE, algorithms: [alg] });
  return { ...awaited("jose", () => accepts(next())), accepts };
}

function viaJsonwebtoken({ alg, publicKey }, tokens) {
  const next = inTurn(tokens);
  const options = { algorithms: [alg], issuer: ISSUER, audience: AUDIENCE };
  const accepts = (token) => jsonwebtoken.verify(token, publicKey, options);
  return { ...direct("jsonwebtoken", () => accepts(next())), accepts };
}
