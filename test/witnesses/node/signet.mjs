/** Signet itself, as it was built, answering as the other libraries do. */
import { readFileSync } from "node:fs";
import { createIssuer, localSigner } from "../../../dist/index.js";
import { createVerifier } from "../../../dist/verify/index.js";
import { answer, signUntil, verdict } from "./answer.mjs";
import { newKeyPair, ownKeys } from "./own-keys.mjs";

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));

const keys = ownKeys(({ alg }) => {
  const signer = localSigner({ privateKey: newKeyPair(alg).privateKey, alg });
  return { signer, jwk: signer.publicJwk };
});

await answer({
  hello: () => ({ version, runtime: `Node ${process.version}` }),
  keygen: keys.keygen,
  sign: (request) => {
    // A token that has expired can only be issued in the past.
    const issuer = createIssuer({ signer: keys.named(request.name).signer, clock: () => request.claims.iat });
    return signUntil(request, async (claims) => (await issuer.issue({ claims })).token);
  },
  verify: ({ token, jwks, issuer, audience }) => {
    const verifier = createVerifier({ keys: jwks, issuer, audience });
    return verdict(() => verifier.verify(token).claims);
  },
});
