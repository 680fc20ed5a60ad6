// What the OAuth clients for Node have in common: steps on stdin, what came of each on stdout, tokens verified by jose.
import { readFileSync } from "node:fs";
import * as jose from "jose";

export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt";

/** Does the steps, one after the other. @param {(step: any) => Promise<unknown>} answerTo */
export async function doSteps(answerTo) {
  const { steps } = JSON.parse(readFileSync(0, "utf8"));
  const answers = [];
  for (const step of steps) {
    answers.push(await answerTo(step).catch(told));
  }
  process.stdout.write(JSON.stringify(answers));
}

async function told(error) {
  // Of an answer with a challenge some libraries read the challenge alone.
  const body = error.response?.bodyUsed === false ? await error.response.json().catch(() => ({})) : {};
  return {
    error: body.error ?? error.error ?? error.errorCode ?? error.code ?? error.name,
    told: body.error_description ?? error.error_description ?? `${error.message} ${error.cause?.message ?? ""}`,
  };
}

/** Verifies a token by the keys that the metadata names, and answers its claims. */
export async function verified(token, metadata, audience) {
  const { payload } = await jose.jwtVerify(token, jose.createRemoteJWKSet(new URL(metadata.jwks_uri)), {
    issuer: metadata.issuer,
    audience,
  });
  return payload;
}

/** A key of a step, as the Web Cryptography API has it. */
export function keyOf({ jwk, alg }) {
  return crypto.subtle.importKey("jwk", jwk, ALGORITHMS[alg], false, ["sign"]);
}

const ALGORITHMS = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};

/** A token of the issuer that a rule of ours trusts. */
export async function foreignToken({ foreign, issuer }) {
  return new jose.SignJWT({ scope: foreign.scope })
    .setProtectedHeader({ alg: foreign.alg, kid: foreign.kid, typ: "JWT" })
    .setIssuer(foreign.issuer)
    .setSubject(foreign.subject)
    .setAudience(issuer)
    .setIssuedAt()
    .setExpirationTime("5m")
    .setJti(crypto.randomUUID())
    .sign(await keyOf(foreign));
}
