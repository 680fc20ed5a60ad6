// #region example

import { openIssuer } from "signet-jwt";
import { createVerifier } from "signet-jwt/verify";

// Reads ./signet.json, which `signet init` wrote, and follows the rotation of its keys.
const issuer = await openIssuer();
const { token } = await issuer.issue({ claims: { sub: "alice", aud: "api" }, ttl: 600, setIat: true });

// A verifier with the public keys checks it.
const verifier = createVerifier({ keys: await issuer.jwks(), issuer: issuer.url, audience: "api" });
const { claims } = verifier.verify(token);
console.log(`${claims.sub} until ${new Date((claims.exp ?? 0) * 1_000).toISOString()}`);
// #endregion example
