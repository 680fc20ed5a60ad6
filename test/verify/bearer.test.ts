import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { SignetError } from "../../src/errors.js";
import { bearerGuard } from "../../src/verify/bearer.js";
import { createVerifier } from "../../src/verify/create-verifier.js";

const NOW = 1_800_000_000;
const { privateKey } = generateKeyPairSync("ed25519");
const jwk = publicJwk(privateKey, algorithmNamed("EdDSA"));
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
    [`${tokenOf().slice(0, -3)}AAA`, 401, "invalid_token"],
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

  it("lets no request pass that cannot be verified now, and tells no inner words", async () => {
    for (const failure of [new SignetError("jwks_unavailable", "http://10.0.0.1/keys: refused"), new Error("secret")]) {
      const { token, refusal } = await bearerGuard({ verify: () => Promise.reject(failure) })(`Bearer ${tokenOf()}`);
      expect(token).toBeUndefined();
      expect(refusal).toMatchObject({ status: 503 });
      expect(refusal?.body).not.toMatch(/secret|10\.0/);
    }
  });
});
