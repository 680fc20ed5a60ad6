/** fast-jwt takes PEM only: node:crypto makes it from the JWK that the token's kid names. */
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createDecoder, createSigner, createVerifier } from "fast-jwt";
import { answer, signUntil, verdict } from "./answer.mjs";
import { nodeKeys } from "./own-keys.mjs";

const { version } = JSON.parse(readFileSync(new URL("../node_modules/fast-jwt/package.json", import.meta.url), "utf8"));
const decode = createDecoder({ complete: true });
const keys = nodeKeys();

await answer({
  hello: () => ({ version, runtime: `Node ${process.version}` }),
  keygen: keys.keygen,
  sign: (request) => {
    const { privateKey, kid } = keys.named(request.name);
    const key = privateKey.export({ format: "pem", type: "pkcs8" });
    return signUntil(request, createSigner({ key, algorithm: request.alg, kid }));
  },
  verify: ({ token, jwks, alg, issuer, audience }) => {
    const { kid } = decode(token).header;
    const jwk = jwks.keys.find((each) => each.kid === kid);
    const key = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "pem", type: "spki" });
    const verify = createVerifier({ key, algorithms: [alg], allowedIss: issuer, allowedAud: audience });
    return verdict(() => verify(token));
  },
});
