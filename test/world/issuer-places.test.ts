import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { localSigner } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { discoverJwks, fetchJwks } from "../../src/verify/fetch-jwks.js";
import { createVerifier as createWebVerifier } from "../../src/verify/web/web-verifier.js";

// An issuer inside a compose network (zitadel/oidc#115) or a cluster (goharbor/harbor#22830), by the name of its service.
const ISSUER = "http://signet.auth.svc.cluster.local:7117/realms/a";
const { privateKey } = generateKeyPairSync("ed25519");
const signer = localSigner({ privateKey, alg: "EdDSA" });
const JWKS = { keys: [publicJwk(privateKey, algorithmNamed("EdDSA"))] };
const token = (issuer: string) => createIssuer({ signer, issuer }).issueSync({ claims: { sub: "alice", aud: "api" } }).token;

/** Answers discovery and keys of an issuer, and notes what is asked. */
function network(issuer: string, jwksUrl = `${issuer}/.well-known/jwks.json`) {
  const asked: string[] = [];
  const fetch = async (url: unknown) => {
    asked.push(String(url));
    return Response.json(String(url).endsWith("/openid-configuration") ? { issuer, jwks_uri: jwksUrl } : JWKS);
  };
  return { asked, fetch };
}

describe.each([
  ["in Node", createVerifier],
  ["on the Web", createWebVerifier],
] as const)("an issuer of http that is not on this machine, %s", (_where, create) => {
  const verify = (options: object) => create({ issuer: ISSUER, audience: "api", ...options }).verify(token(ISSUER));

  it("is never asked unless its price was accepted", async () => {
    const { asked, fetch } = network(ISSUER);
    for (const options of [{}, { allowInsecureIssuer: false }, { jwksUrl: `${ISSUER}/keys` }]) {
      await expect(verify({ fetch, ...options })).rejects.toMatchObject({
        code: "jwks_misconfigured",
        message: expect.stringContaining("allowInsecureIssuer"),
      });
    }
    expect(asked).toStrictEqual([]);
  });

  it("is asked where it was, and so is a jwksUrl of it", async () => {
    const { asked, fetch } = network(ISSUER);
    expect((await verify({ fetch, allowInsecureIssuer: true })).claims.sub).toBe("alice");
    expect(asked).toStrictEqual([`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/.well-known/jwks.json`]);
    expect((await verify({ fetch, allowInsecureIssuer: true, jwksUrl: `${ISSUER}/keys` })).claims.sub).toBe("alice");
  });

  it("does not take the option for another thing than true or false", async () => {
    expect(() => create({ issuer: ISSUER, audience: "api", allowInsecureIssuer: "yes" as never })).toThrow("allowInsecureIssuer");
  });
});

describe("an issuer of https", () => {
  const issuer = "https://issuer.example";

  it("leads to keys over http by no option: what it has would be given away", async () => {
    const { asked, fetch } = network(issuer, "http://issuer.example/jwks");
    const verifier = createVerifier({ issuer, audience: "api", allowInsecureIssuer: true, fetch });
    await expect(verifier.verify(token(issuer))).rejects.toMatchObject({ code: "jwks_misconfigured" });
    const { url, ...bounds } = await discoverJwks(issuer, { allowInsecureIssuer: true, fetch });
    await expect(fetchJwks(url, { fetch, ...bounds })).rejects.toMatchObject({ code: "jwks_misconfigured" });
    expect(asked.filter((each) => each.startsWith("http:"))).toStrictEqual([]);
  });

  it("has keys over http inside the cluster where they were said to be there (goharbor/harbor#22830)", async () => {
    const { asked, fetch } = network(issuer);
    const jwksUrl = "http://signet.auth.svc.cluster.local:7117/.well-known/jwks.json";
    const verifier = createVerifier({ issuer, audience: "api", jwksUrl, allowInsecureIssuer: true, fetch });
    expect((await verifier.verify(token(issuer))).claims.iss).toBe(issuer);
    expect(asked).toStrictEqual([jwksUrl]);
  });

  it("goes on being asked beside one of http", async () => {
    const [safe, other] = [network(issuer), network(ISSUER)];
    const fetch = (url: unknown) => (String(url).startsWith(issuer) ? safe : other).fetch(url);
    const verifier = createVerifier({ issuer: [issuer, ISSUER], audience: "api", allowInsecureIssuer: true, fetch });
    for (const each of [issuer, ISSUER]) expect((await verifier.verify(token(each))).claims.iss).toBe(each);
  });
});
