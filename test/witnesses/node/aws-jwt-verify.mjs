import { readFileSync } from "node:fs";
import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { answer, verdict } from "./answer.mjs";

const manifest = new URL("../node_modules/aws-jwt-verify/package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8"));
const jwksUri = "https://issuer.invalid/jwks.json";

/** The library's own reader of a fetched JWKS, over a fetch that answers what was given. */
function cacheOf(jwks) {
  return new SimpleJwksCache({ fetcher: { fetch: async () => Buffer.from(JSON.stringify(jwks)) } });
}

await answer({
  hello: () => ({ version, runtime: `Node ${process.version}` }),
  verify: async ({ token, jwks, issuer, audience }) => {
    const jwksCache = cacheOf(jwks);
    await jwksCache.getJwks(jwksUri);
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri }, { jwksCache });
    return verdict(() => verifier.verify(token));
  },
  keys: async ({ jwks }) => ({ kids: (await cacheOf(jwks).getJwks(jwksUri)).keys.map(({ kid }) => kid) }),
});
