import { createHash, createPrivateKey, createPublicKey, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const { ISSUER_URL = "https://issuer.example", CALLER = "batch", KEY_FILE = "batch.pem" } = process.env;
const key = createPrivateKey(readFileSync(KEY_FILE));
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
// What the key is called, its thumbprint (RFC 7638): with it the old key and the new one are told apart while you rotate.
const { crv, kty, x, y } = createPublicKey(key).export({ format: "jwk" });
const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");

/** A new proof for each request: it is taken once, and lives a minute. */
function proof() {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: CALLER, sub: CALLER, aud: ISSUER_URL, jti: randomUUID(), iat: now, exp: now + 60 };
  const signed = `${encoded({ alg: "ES256", kid })}.${encoded(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

const answer = await fetch(`${ISSUER_URL}/token`, {
  method: "POST",
  body: new URLSearchParams({
    grant_type: "client_credentials",
    audience: "my-api",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: proof(),
  }),
  signal: AbortSignal.timeout(10_000),
});
const body = await answer.json();
if (!answer.ok) throw new Error(`${answer.status}: ${JSON.stringify(body)}`);
console.log(body.access_token);
