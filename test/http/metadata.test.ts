import { describe, expect, it } from "vitest";
import { discoveryOf, oauthMetadataOf, withTokenEndpoint } from "../../src/keyring/documents.js";
import { keyringFor } from "../contracts/keyring-fixture.js";
import { ISSUER, JWKS, routesFor } from "./routes-fixture.js";

const OAUTH = "/.well-known/oauth-authorization-server";
const OPENID = "/.well-known/openid-configuration";
const PUBLISHED = discoveryOf({ ...keyringFor([]), issuer: ISSUER });
if (PUBLISHED === undefined) throw new Error("an issuer with a URL has a discovery document");

const json = async (answer: Promise<Response>) => (await answer).json() as Promise<Record<string, unknown>>;

const notAsked = () => Promise.reject(new Error("metadata is anybody's"));

/** What RFC 8414 has about the token endpoint. */
const TOKEN_MEMBERS = {
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  grant_types_supported: [
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
  ],
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
  token_endpoint_auth_signing_alg_values_supported: "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(
    " ",
  ),
};

describe("the metadata of a server's token endpoint", () => {
  it("stands in OAuth's document, with the keys and no response type that is served", async () => {
    const answer = await routesFor().ask(OAUTH);
    expect(answer.headers.get("cache-control")).toContain("max-age=300");
    expect(await answer.json()).toStrictEqual({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      response_types_supported: ["none"],
      ...TOKEN_MEMBERS,
    });
  });

  it("follows what verifiers read in the discovery document, to the byte as it is published", async () => {
    const text = await (await routesFor().ask(OPENID)).text();
    expect(text.startsWith(JSON.stringify(PUBLISHED).slice(0, -1))).toBe(true);
    expect(JSON.parse(text)).toStrictEqual({ ...PUBLISHED, ...TOKEN_MEMBERS });
  });

  it.each([OAUTH, OPENID])("names scopes where exchanges have some, under another ETag: %s", async (path) => {
    let scopes: readonly string[] = [];
    const { ask } = routesFor({ proofs: () => ({ count: 1, scopes, prove: notAsked, exchangeable: notAsked }) });
    const before = await ask(path);
    expect(Object.keys(await json(Promise.resolve(before.clone())))).not.toContain("scopes_supported");
    scopes = ["orders:read", "orders:write"];
    const known = { headers: { "if-none-match": before.headers.get("etag") ?? "" } };
    const after = await ask(path, known);
    expect(after.status).toBe(200);
    expect(await after.json()).toMatchObject({ scopes_supported: scopes });
    scopes = [];
    expect((await ask(path, known)).status).toBe(304);
  });

  it("is there for no issuer without a URL", async () => {
    const { ask } = routesFor({ issuer: undefined, documents: { jwks: JWKS, discovery: undefined } });
    for (const path of [OAUTH, OPENID]) expect((await ask(path)).status).toBe(404);
  });

  it("names no secrets where the endpoint takes none", () => {
    for (const document of [
      withTokenEndpoint(PUBLISHED, { takesSecrets: false }),
      oauthMetadataOf(PUBLISHED, { takesSecrets: false }),
    ]) {
      expect(document.token_endpoint_auth_methods_supported).toStrictEqual(["private_key_jwt"]);
    }
  });
});

describe("the authorization endpoint, which metadata has to name", () => {
  const asked = "?response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fevil.example%2F%22%3E%3Cb%3E&state=xyz";

  it.each(["GET", "POST"])("answers %s that there is no such response type, and redirects nobody", async (method) => {
    const { ask, notes } = routesFor();
    const answer = await ask(`/authorize${asked}`, { method });
    expect([answer.status, answer.headers.get("location")]).toStrictEqual([400, null]);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ error: "unsupported_response_type" });
    expect(text).not.toContain("evil");
    expect(notes.at(-1)).toStrictEqual({ route: "/authorize", code: "grant_not_supported" });
  });
});
