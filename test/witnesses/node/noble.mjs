/**
 * ML-DSA written in JavaScript, so that Node's OpenSSL is not its own witness. It knows nothing of JWT: header, key and
 * signature are put together here as RFC 7515 and RFC 9964 say, and the claims are not checked.
 */
import { readFileSync } from "node:fs";
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import { answer, signUntil, verdict } from "./answer.mjs";
import { ownKeys } from "./own-keys.mjs";

const manifest = new URL("../node_modules/@noble/post-quantum/package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8"));
const FAMILY = { "ML-DSA-44": ml_dsa44, "ML-DSA-65": ml_dsa65, "ML-DSA-87": ml_dsa87 };
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const keys = ownKeys(({ alg, kid }) => {
  const { publicKey, secretKey } = FAMILY[alg].keygen();
  const pub = Buffer.from(publicKey).toString("base64url");
  return { secretKey, kid, jwk: { kty: "AKP", use: "sig", alg, kid, pub } };
});

function signed(token, { pub, alg }) {
  const [header, payload, signature] = token.split(".");
  const input = Buffer.from(`${header}.${payload}`);
  const isGood = FAMILY[alg].verify(Buffer.from(signature, "base64url"), input, Buffer.from(pub, "base64url"));
  if (!isGood) throw new Error("the signature is not good");
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
}

await answer({
  hello: () => ({ version, runtime: `Node ${process.version}` }),
  keygen: keys.keygen,
  sign: (request) => {
    const { secretKey, kid } = keys.named(request.name);
    const header = encode({ alg: request.alg, kid, typ: "JWT" });
    return signUntil(request, (claims) => {
      const input = `${header}.${encode(claims)}`;
      return `${input}.${Buffer.from(FAMILY[request.alg].sign(Buffer.from(input), secretKey)).toString("base64url")}`;
    });
  },
  verify: ({ token, jwks, alg }) => {
    const { kid } = JSON.parse(Buffer.from(token.split(".")[0], "base64url").toString("utf8"));
    const jwk = jwks.keys.find((each) => each.kid === kid && each.alg === alg);
    return verdict(() => signed(token, jwk));
  },
});
