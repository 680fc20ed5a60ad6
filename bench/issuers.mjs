/** Ways of issuing a token. All of them make the same one: header `alg kid typ`, the fixture's claims, `iat` and `exp`. */
import { sign, verify } from "node:crypto";
import { createSigner } from "fast-jwt";
import { importPKCS8, SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { createIssuer, localSigner } from "../dist/index.js";
import { CLAIMS, ISSUER, now, TTL_SECONDS } from "./fixture.mjs";
import { rawOf } from "./functions/raw-signature.cjs";
import { awaited, direct, inTurn } from "./measure.mjs";

const BATCH = 100;

/** @typedef {import("./measure.mjs").Contestant & { sample?: () => string | Promise<string> }} Issuing */

/** What makes a contestant, by its name. @type {Record<string, (fixture: any) => Issuing | Promise<Issuing>>} */
export const ISSUING = {
  bare,
  "bare, with options": bareWithOptions,
  "by hand": byHand,
  signet,
  "signet batch": signetMany,
  "fast-jwt": fastJwt,
  jose,
  jsonwebtoken: viaJsonwebtoken,
};

/** @returns {string[]} the contestants that know an algorithm */
export function issuersOf(alg) {
  return Object.keys(ISSUING).filter((name) => name !== "jsonwebtoken" || alg !== "EdDSA");
}

/** Throws unless a contestant's token is the one that was asked for, rightly signed. */
export function checkIssued(name, token, { alg, kid, digest, verifyInput }) {
  const [header, payload, signature] = token.split(".");
  const isRight = verify(digest, Buffer.from(`${header}.${payload}`), verifyInput, Buffer.from(signature, "base64url"));
  const claims = read(payload);
  const names = Object.keys({ ...CLAIMS[0], iat: 0, exp: 0 }).sort();
  const isComplete = Object.keys(claims).sort().join() === names.join() && claims.exp === claims.iat + TTL_SECONDS;
  const { alg: itsAlg, kid: itsKid, typ } = read(header);
  if (!isRight || !isComplete || itsAlg !== alg || itsKid !== kid || typ !== "JWT") {
    throw new Error(`${name} issued a wrong ${alg} token`);
  }
}

function read(part) {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

function bare(fixture) {
  const [input, { digest, bareSignInput }] = [bareInput(fixture), fixture];
  return direct("bare", () => sign(digest, input, bareSignInput));
}

function bareWithOptions(fixture) {
  const [input, { digest, signInput }] = [bareInput(fixture), fixture];
  return direct("bare, with options", () => sign(digest, input, signInput));
}

function bareInput({ alg, kid }) {
  return Buffer.from(`${encoded({ alg, kid, typ: "JWT" })}.${encoded({ ...CLAIMS[0], iat: now(), exp: now() })}`);
}

function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function byHand({ alg, kid, digest, bareSignInput }) {
  const claims = inTurn(CLAIMS);
  const header = encoded({ alg, kid, typ: "JWT" });
  const formOf = alg === "ES256" ? rawOf : (signature) => signature;
  const sample = () => {
    const iat = now();
    const input = `${header}.${encoded({ ...claims(), iat, exp: iat + TTL_SECONDS })}`;
    return `${input}.${formOf(sign(digest, Buffer.from(input, "latin1"), bareSignInput)).toString("base64url")}`;
  };
  return { ...direct("by hand", sample), sample };
}

function issuerOf({ alg, kid, privateKey }) {
  return createIssuer({ signer: localSigner({ privateKey, alg, kid }), issuer: ISSUER });
}

function signet(fixture) {
  const issuer = issuerOf(fixture);
  const claims = inTurn(CLAIMS);
  const sample = () => issuer.issueSync({ claims: claims(), ttl: TTL_SECONDS, setIat: true }).token;
  return { ...direct("signet", sample), sample };
}

function signetMany(fixture) {
  const issuer = issuerOf(fixture);
  const claims = inTurn(CLAIMS);
  const requests = Array.from({ length: BATCH }, () => ({ claims: claims(), ttl: TTL_SECONDS, setIat: true }));
  const once = () => issuer.issueMany(requests);
  return { ...awaited("signet batch", once, BATCH), sample: async () => (await once())[BATCH - 1].token };
}

function fastJwt({ alg, kid, privatePem }) {
  const claims = inTurn(CLAIMS);
  const issue = createSigner({ key: privatePem, algorithm: alg, kid, expiresIn: TTL_SECONDS * 1000 });
  const sample = () => issue(claims());
  return { ...direct("fast-jwt", sample), sample };
}

async function jose({ alg, kid, privatePem }) {
  const key = await importPKCS8(privatePem, alg);
  const claims = inTurn(CLAIMS);
  const sample = () => {
    const iat = now();
    const token = new SignJWT(claims()).setProtectedHeader({ alg, kid, typ: "JWT" });
    return token
      .setIssuedAt(iat)
      .setExpirationTime(iat + TTL_SECONDS)
      .sign(key);
  };
  return { ...awaited("jose", sample), sample };
}

function viaJsonwebtoken({ alg, kid, privateKey }) {
  const claims = inTurn(CLAIMS);
  const options = { algorithm: alg, keyid: kid, expiresIn: TTL_SECONDS };
  const sample = () => jsonwebtoken.sign(claims(), privateKey, options);
  return { ...direct("jsonwebtoken", sample), sample };
}
