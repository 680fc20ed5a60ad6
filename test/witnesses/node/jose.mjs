import { readFileSync } from "node:fs";
import * as jose from "jose";
import { answer, signUntil, verdict } from "./answer.mjs";
import { ownKeys } from "./own-keys.mjs";

const { version } = JSON.parse(readFileSync(new URL("../node_modules/jose/package.json", import.meta.url), "utf8"));

const keys = ownKeys(async ({ alg, kid }) => {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg);
  return { privateKey, kid, jwk: { ...(await jose.exportJWK(publicKey)), alg, kid, use: "sig" } };
});

async function usable({ keys: jwks }) {
  const read = await Promise.all(
    jwks.map((jwk) =>
      jose.importJWK(jwk).then(
        () => jwk.kid,
        () => undefined,
      ),
    ),
  );
  return read.filter((kid) => kid !== undefined);
}

await answer({
  hello: () => ({ version, runtime: `Node ${process.version}` }),
  keygen: keys.keygen,
  sign: (request) => {
    const { privateKey, kid } = keys.named(request.name);
    return signUntil(request, (claims) =>
      new jose.SignJWT(claims).setProtectedHeader({ alg: request.alg, kid, typ: "JWT" }).sign(privateKey),
    );
  },
  verify: ({ token, jwks, alg, issuer, audience }) => {
    const find = jose.createLocalJWKSet(jwks);
    return verdict(async () => (await jose.jwtVerify(token, find, { algorithms: [alg], issuer, audience })).payload);
  },
  keys: async ({ jwks }) => ({
    kids: await usable(jwks),
    thumbprints: await Promise.all(jwks.keys.map((jwk) => jose.calculateJwkThumbprint(jwk))),
  }),
});
