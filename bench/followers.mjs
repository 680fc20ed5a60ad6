/** Ways of verifying by an issuer's URL: the library fetches the keys, and keeps them. */
import { createPublicKey, verify as verifyBare } from "node:crypto";
import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { createVerifier as createFastVerifier } from "fast-jwt";
import { createRemoteJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import jwksRsa from "jwks-rsa";
import { createVerifier } from "../dist/verify/index.js";
import { AUDIENCE } from "./fixture.mjs";

/** It fetches over https alone: what fetches instead does no more than it has to. */
const fetcher = { fetch: async (uri) => new Uint8Array(await (await fetch(uri)).arrayBuffer()).buffer };

/** @typedef {{ verify: (token: string) => unknown, sync?: (token: string) => unknown }} Follower */

/** What makes a follower of an issuer, by its name. @type {Record<string, (issuer: string, fixture: any) => Follower>} */
export const FOLLOWERS = {
  signet: (issuer) => {
    const verifier = createVerifier({ issuer, audience: AUDIENCE, jwksUrl: `${issuer}/jwks.json` });
    return { verify: (token) => verifier.verify(token), sync: (token) => verifier.verifySync(token) };
  },
  "signet, by discovery": (issuer) => {
    const verifier = createVerifier({ issuer, audience: AUDIENCE });
    return { verify: (token) => verifier.verify(token) };
  },
  "aws-jwt-verify": (issuer) => {
    const jwksCache = new SimpleJwksCache({ fetcher });
    const verifier = JwtVerifier.create({ issuer, audience: AUDIENCE, jwksUri: `${issuer}/jwks.json` }, { jwksCache });
    return { verify: (token) => verifier.verify(token), sync: (token) => verifier.verifySync(token) };
  },
  jose: (issuer, { alg }) => {
    const keys = createRemoteJWKSet(new URL(`${issuer}/jwks.json`));
    return { verify: (token) => jwtVerify(token, keys, { issuer, audience: AUDIENCE, algorithms: [alg] }) };
  },
  "fast-jwt with jwks-rsa": (issuer, { alg }) => {
    const client = jwksRsa({ jwksUri: `${issuer}/jwks.json`, cache: true });
    const key = async ({ header }) => (await client.getSigningKey(header.kid)).getPublicKey();
    const check = createFastVerifier({ key, algorithms: [alg], allowedIss: issuer, allowedAud: AUDIENCE, cache: false });
    return { verify: (token) => check(token) };
  },
  "jsonwebtoken with jwks-rsa": (issuer, { alg }) => {
    const client = jwksRsa({ jwksUri: `${issuer}/jwks.json`, cache: true });
    const key = (header, done) => client.getSigningKey(header.kid, (error, found) => done(error, found?.getPublicKey()));
    const options = { algorithms: [alg], issuer, audience: AUDIENCE };
    return {
      verify: (token) =>
        new Promise((resolve, reject) =>
          jsonwebtoken.verify(token, key, options, (error, claims) => (error ? reject(error) : resolve(claims))),
        ),
    };
  },
};

/** What it takes at the least: one fetch, one key, one signature, nothing checked. */
export async function bareFirst(issuer, { digest, verifyInput }, token) {
  const { keys } = await (await fetch(`${issuer}/jwks.json`)).json();
  const key = createPublicKey({ key: keys[0], format: "jwk" });
  const end = token.lastIndexOf(".");
  const isGood = verifyBare(
    digest,
    Buffer.from(token.slice(0, end)),
    { ...verifyInput, key },
    Buffer.from(token.slice(end + 1), "base64url"),
  );
  if (!isGood) throw new Error("the bare loop refused a token");
}
