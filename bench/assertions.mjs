/** Tokens by which callers prove themselves, and the requests that show them. */
import { randomUUID, sign } from "node:crypto";

/** The issuer that is measured. */
export const OURS = "https://issuer.example";
const CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const RESOURCE = "https://api.example";

/** The name of an algorithm's key. */
export const kidOf = (alg) => `key-${alg}`;

export function signed(alg, privateKey, claims) {
  const input = [{ alg, kid: kidOf(alg), typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const key = { key: privateKey, dsaEncoding: "ieee-p1363" };
  return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
}

export function post(form) {
  return {
    path: "/token",
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ ...form, resource: RESOURCE }).toString(),
  };
}

/** Client credentials of a client that an assertion proves. */
export function byAssertion(assertion) {
  return post({
    grant_type: "client_credentials",
    client_assertion_type: CLIENT_ASSERTION,
    client_assertion: assertion,
  });
}

/** Makes bodies with assertions that a caller has signed itself, each for one request. */
export function assertionBodies(privateKey, caller) {
  return () => {
    const iat = Math.floor(Date.now() / 1_000);
    const claims = { iss: caller, sub: caller, aud: OURS, jti: randomUUID(), iat, exp: iat + 60 };
    return byAssertion(signed("ES256", privateKey, claims)).body;
  };
}
