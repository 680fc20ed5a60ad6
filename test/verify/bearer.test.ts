import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { SignetError } from "../../src/errors.js";
import { bearerGuard } from "../../src/verify/bearer.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { createVerifier as createWebVerifier } from "../../src/verify/web/web-verifier.js";
import { withOtherSignature } from "../contracts/other-signature.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";

const NOW = 1_800_000_000;
const { privateKey } = generateKeyPairSync("ed25519");
const jwk = publicJwk(privateKey, algorithmNamed("EdDSA"));
const jwkOfRsa = rsaPair(2_048).publicKey.export({ format: "jwk" });
/** As Node's fetch fails. */
const failure = (code: string) =>
  Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error(code), { code }) });
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function tokenOf(claims: object = {}) {
  const all = { iss: "https://issuer.example", aud: "api", sub: "alice", scope: "read", exp: NOW + 60, ...claims };
  const input = `${encoded({ alg: "EdDSA", kid: jwk.kid })}.${encoded(all)}`;
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
}

const verifier = createVerifier({
  keys: { keys: [jwk] },
  issuer: "https://issuer.example",
  audience: "api",
  scopes: ["read"],
  clock: () => NOW,
});
const guard = bearerGuard(verifier, { realm: 'my "api"' });

/** Throws whatever it is asked. */
const TRAPS: ProxyHandler<object> = new Proxy(
  {},
  {
    get: () => () => {
      throw new Error("nothing is answered");
    },
  },
);

describe("a bearer guard", () => {
  it.each(["Bearer ", "bearer  ", "BEARER "])("lets a good token pass (%s)", async (scheme) => {
    expect((await guard(scheme + tokenOf())).token?.claims.sub).toBe("alice");
  });

  it.each([undefined, null, "", "Basic dTpw", "Bearer", "Bearer a b", `Bearer ${tokenOf()}, Bearer ${tokenOf()}`, tokenOf()])(
    "asks for a token where none came, and names no error (%s)",
    async (authorization) => {
      const { refusal } = await guard(authorization);
      expect(refusal).toMatchObject({ status: 401, headers: { "www-authenticate": `Bearer realm="my 'api'"` } });
    },
  );

  it.each([Symbol("a"), 7, {}, { toString: null }, ["Bearer a"], Object.create(null), () => "Bearer a", new Proxy({}, {})])(
    "never throws at what is no text (%#)",
    async (authorization) => {
      expect((await guard(authorization as never)).refusal).toMatchObject({ status: 401 });
    },
  );

  it("asks for scopes beside those of its verifier", async () => {
    const open = createVerifier({ keys: { keys: [jwk] }, issuer: "https://issuer.example", audience: "api", clock: () => NOW });
    const writer = bearerGuard(open, { scopes: ["orders:write", "orders:read"] });
    const refused = await writer(`Bearer ${tokenOf({ scope: "orders:read" })}`);
    expect(refused.refusal).toMatchObject({
      status: 403,
      headers: { "www-authenticate": 'Bearer realm="api", error="insufficient_scope", scope="orders:write orders:read"' },
    });
    expect((await writer(`Bearer ${tokenOf({ scope: "orders:read orders:write" })}`)).token?.claims.sub).toBe("alice");
  });

  it.each([
    [tokenOf({ exp: NOW - 400 }), 401, "invalid_token"],
    [tokenOf({ aud: "other" }), 401, "invalid_token"],
    [withOtherSignature(tokenOf()), 401, "invalid_token"],
    ["x", 401, "invalid_token"],
    [tokenOf({ scope: "write" }), 403, "insufficient_scope"],
  ])("refuses a bad one by the words of RFC 6750", async (token, status, error) => {
    const { refusal } = await guard(`Bearer ${token}`);
    expect(refusal?.status).toBe(status);
    expect(refusal?.headers["www-authenticate"]).toMatch(
      new RegExp(`^Bearer realm="[^"]+", error="${error}", error_description="[^"\\\\]+"$`),
    );
    expect(new Response(refusal?.body, refusal).status).toBe(status);
  });

  it.each([
    ["a value that answers nothing", new Proxy({}, TRAPS)],
    ["an error of ours behind such a value", new Proxy(new SignetError("token_expired", "it has expired"), TRAPS)],
    ["a function", () => undefined],
    ["null", null],
  ])("never throws, whatever its verifier throws: %s", async (_what, failure) => {
    const guarded = bearerGuard({ verify: () => Promise.reject(failure) });
    expect((await guarded(`Bearer ${tokenOf()}`)).refusal).toMatchObject({ status: 503 });
    const answering = bearerGuard({ verify: async () => failure as never }, { scopes: ["read"] });
    expect((await answering(`Bearer ${tokenOf()}`)).refusal).toMatchObject({ status: 503 });
  });

  const issuer = "https://issuer.example";
  const discovery = { issuer, jwks_uri: `${issuer}/keys` };
  const rsa = { kty: "RSA", n: jwkOfRsa.n, e: "AQAB", kid: "r" };
  it.each<[string, () => Response | Promise<Response>, status: number, keysAt?: string]>([
    ["answers 404", () => new Response(null, { status: 404 }), 500],
    ["answers 401", () => new Response(null, { status: 401 }), 500],
    ["redirects", () => new Response(null, { status: 301 }), 500],
    ["has no list of keys", () => Response.json({}), 500],
    ["answers a page", () => new Response("<html>"), 500],
    ["has RSA keys alone that name no algorithm", () => Response.json({ keys: [rsa] }), 500],
    ["is at a URL that is not fetched", () => Response.json({ keys: [jwk] }), 500, "http://issuer.example/keys"],
    ["has a certificate that is not trusted", () => Promise.reject(failure("DEPTH_ZERO_SELF_SIGNED_CERT")), 500],
    ["is another issuer's", () => Response.json({ ...discovery, issuer: `${issuer}/` }), 500, ""],
    ["has a discovery document without keys", () => Response.json({ issuer }), 500, ""],
    ["answers 500", () => new Response(null, { status: 500 }), 503],
    ["answers 503", () => new Response(null, { status: 503 }), 503],
    ["is asked too often", () => new Response(null, { status: 429 }), 503],
    ["cannot be reached", () => Promise.reject(failure("ECONNREFUSED")), 503],
    ["has no address now", () => Promise.reject(failure("EAI_AGAIN")), 503],
  ])("tells what lasts until it is corrected from an outage: a JWKS that %s", async (_what, fetch, status, jwksUrl) => {
    const at = jwksUrl === "" ? {} : { jwksUrl: jwksUrl ?? `${issuer}/keys` };
    for (const make of [createVerifier, createWebVerifier]) {
      const verifier = make({ issuer, audience: "api", fetch: async () => fetch(), ...at });
      const code = status === 503 ? "jwks_unavailable" : "jwks_misconfigured";
      const guarded = bearerGuard(verifier);
      // Also right afterwards, when nothing is fetched again.
      for (let each = 0; each < 2; each++) {
        const { refusal } = await guarded(`Bearer ${tokenOf()}`);
        expect(refusal).toMatchObject({ status });
        expect(JSON.parse(refusal?.body ?? "")).toMatchObject({ status, code });
        expect(refusal?.headers).not.toHaveProperty("www-authenticate");
      }
      await expect(verifier.ready()).rejects.toMatchObject({ code, status: status === 503 ? 503 : 502 });
    }
  });

  it.each(["invalid_key", "algorithm_unavailable", "config_invalid", "clock_untrusted"] as const)(
    "takes %s for no outage either",
    async (code) => {
      const { refusal } = await bearerGuard({ verify: () => Promise.reject(new SignetError(code, "secret")) })("Bearer a");
      expect(refusal).toMatchObject({ status: 500 });
      expect(refusal?.body).not.toContain("secret");
    },
  );

  it("lets no request pass that cannot be verified now, and tells no inner words", async () => {
    for (const failure of [new SignetError("jwks_unavailable", "http://10.0.0.1/keys: refused"), new Error("secret")]) {
      const { token, refusal } = await bearerGuard({ verify: () => Promise.reject(failure) })(`Bearer ${tokenOf()}`);
      expect(token).toBeUndefined();
      expect(refusal).toMatchObject({ status: 503 });
      expect(refusal?.body).not.toMatch(/secret|10\.0/);
    }
  });
});
