import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createIssuer, localSigner, openIssuer } from "signet-jwt";
import { createTokenSource } from "signet-jwt/client";

// #region function
const ofFunction = createTokenSource({
  from: { lambda: "arn:aws:lambda:eu-central-1:111122223333:function:signet:orders" },
  request: { claims: { sub: "orders", aud: "my-api" }, ttl: 900 },
});
// #endregion function

// #region local
const ofThisProcess = createTokenSource({
  from: await openIssuer(),
  request: { claims: { sub: "orders", aud: "my-api" }, ttl: 900 },
});
// #endregion local

// #region key
const privateKey = createPrivateKey(readFileSync("batch.pem"));
const proofs = createIssuer({ signer: localSigner({ privateKey, alg: "ES256" }) });
const claims = { iss: "batch", sub: "batch", aud: "https://issuer.example" };

const ofAKey = createTokenSource({
  from: { url: "https://issuer.example" },
  as: { assertion: async () => (await proofs.issue({ claims, ttl: 60, setIat: true, setJti: true })).token },
  request: { claims: { aud: "my-api" }, ttl: 900 },
});
// #endregion key

// #region proof
const ofAPod = createTokenSource({
  from: { tokenUrl: "https://issuer.example/token" },
  as: { assertion: () => readFileSync("/var/run/secrets/signet/proof", "utf8") },
  request: { claims: { aud: "my-api" } },
});
// #endregion proof

export const sources = [ofFunction, ofThisProcess, ofAKey, ofAPod];
