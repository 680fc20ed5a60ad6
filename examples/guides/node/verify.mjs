import { createRemoteJWKSet, jwtVerify } from "jose";

const issuer = process.env.ISSUER_URL ?? "http://localhost:7117";

// One for the whole program: it keeps the keys, and fetches them again when a token names a new one.
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));

const { payload } = await jwtVerify(process.argv[2], keys, {
  issuer,
  audience: "my-api",
  algorithms: ["ES256"],
  requiredClaims: ["exp"],
});
console.log(payload.sub);
