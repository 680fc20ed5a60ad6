/** Ways of verifying a token: the signature by a key that is at hand, `exp`, `iss` and `aud`. */
import { sign, verify } from "node:crypto";
import { JwtVerifier } from "aws-jwt-verify";
import { createVerifier as createFastVerifier } from "fast-jwt";
import { createLocalJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { createVerifier } from "../dist/verify/index.js";
import { AUDIENCE, CLAIMS, ISSUER, now, signedToken } from "./fixture.mjs";
import { awaited, direct, inTurn } from "./measure.mjs";

/** They outlive the longest run. */
const LIFE_SECONDS = 7200;

/** @typedef {import("./measure.mjs").Contestant & { accepts?: (token: string) => unknown }} Verifying */

/**
 * @param {import("./fixture.mjs").Fixture} fixture
 * @param {readonly string[]} tokens
 * @returns {Verifying[]}
 */
export function verifying(fixture, tokens) {
  const bares = [bare(fixture, tokens), bareWithOptions(fixture, tokens)];
  const all = [...bares, signet(fixture, tokens), fastJwt(fixture, tokens), jose(fixture, tokens)];
  // It knows no PS256.
  if (fixture.alg !== "PS256") all.push(awsJwtVerify(fixture, tokens));
  // It knows no EdDSA.
  if (fixture.alg !== "EdDSA") all.push(viaJsonwebtoken(fixture, tokens));
  return all;
}

/** @param {import("./fixture.mjs").Fixture} fixture */
export function tokensOf(fixture) {
  const iat = now();
  return CLAIMS.map((claims) => signedToken(fixture, { ...claims, iat, exp: iat + LIFE_SECONDS }));
}

/** Throws unless every contestant accepts a good token and refuses one whose claims were changed, or that is for others. */
export async function checkVerifying(contestants, fixture, [token, other]) {
  const [header, , signature] = token.split(".");
  const altered = `${header}.${other.split(".")[1]}.${signature}`;
  const expired = signedToken(fixture, { ...CLAIMS[0], iat: now() - 9000, exp: now() - 8000 });
  for (const { name, accepts } of contestants) {
    if (accepts === undefined) continue;
    await accepts(token);
    for (const [what, bad] of Object.entries({ altered, expired })) {
      const isRefused = await Promise.resolve(bad)
        .then(accepts)
        .then(
          () => false,
          () => true,
        );
      if (!isRefused) throw new Error(`${name} accepted a token that is ${what} (${fixture.alg})`);
    }
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
