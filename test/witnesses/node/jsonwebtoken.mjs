/** jsonwebtoken takes PEM or key objects; jwks-rsa, which its users put beside it, reads the JWKS. */
import { readFileSync } from "node:fs";
import jwt from "jsonwebtoken";
import jwksRsa from "jwks-rsa";
import { answer, signUntil, verdict } from "./answer.mjs";
import { nodeKeys } from "./own-keys.mjs";

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
const keys = nodeKeys();

function client(jwks) {
  const offline = () => Promise.reject(new Error("the key is not in the JWKS"));
  return jwksRsa({ jwksUri: "https://issuer.invalid/jwks.json", getKeysInterceptor: async () => jwks.keys, fetcher: offline });
}

async function usable(jwks) {
  const read = client(jwks);
  const found = await Promise.all(
    jwks.keys.map(({ kid }) =>
      read.getSigningKey(kid).then(
        () => kid,
        () => undefined,
      ),
    ),
  );
  return found.filter((kid) => kid !== undefined);
}

await answer({
  hello: () => ({ version: versionOf("jsonwebtoken"), runtime: `Node ${process.version}, jwks-rsa ${versionOf("jwks-rsa")}` }),
  keygen: keys.keygen,
  sign: (request) => {
    const { privateKey, kid } = keys.named(request.name);
    return signUntil(request, (claims) => jwt.sign(claims, privateKey, { algorithm: request.alg, keyid: kid }));
  },
  verify: async ({ token, jwks, alg, issuer, audience }) => {
    const { kid } = jwt.decode(token, { complete: true }).header;
    const publicKey = (await client(jwks).getSigningKey(kid)).getPublicKey();
    return verdict(() => jwt.verify(token, publicKey, { algorithms: [alg], issuer, audience }));
  },
  keys: async ({ jwks }) => ({ kids: await usable(jwks) }),
});
