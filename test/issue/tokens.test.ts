import { createHash, generateKeyPairSync } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { thumbprint } from "../../src/algorithms/jwk.js";
import { localSigner } from "../../src/algorithms/signature.js";
import type { SignetError } from "../../src/errors.js";
import { createCallers, type KnownCaller } from "../../src/issue/callers.js";
import { createImmediateIssuer, createIssuer, type IssuerOptions } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";

const NOW = 1_900_000_000;
const UUID = "00000000-0000-4000-8000-000000000000";
const keys = [1, 2].map(() => generateKeyPairSync("ec", { namedCurve: "P-256" }));
const [signer, other] = keys.map(({ privateKey }, at) => localSigner({ privateKey, alg: "ES256", kid: `k-${at}` })) as [
  ReturnType<typeof localSigner>,
  ReturnType<typeof localSigner>,
];
const THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

/** By OpenSSL's own way: the DER that Node exports of the key object, not of our JWK. */
const fingerprintOf = (at: number) =>
  `SHA256:${createHash("sha256")
    .update(keys[at]?.publicKey.export({ type: "spki", format: "der" }) ?? "")
    .digest("base64")}`;

const issuerWith = (options: Partial<IssuerOptions>) => createIssuer({ signer, clock: () => NOW, uuid: () => UUID, ...options });

function tokenOf(options: Partial<IssuerOptions>, request: Partial<IssueRequest> = {}) {
  const { token } = issuerWith(options).issueSync({ claims: {}, ttl: 540, ...request });
  return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
}

function refusal(options: Partial<IssuerOptions>, request: Partial<IssueRequest> = {}): SignetError {
  try {
    tokenOf(options, request);
  } catch (error) {
    return error as SignetError;
  }
  throw new Error("a token was issued");
}

describe("an issuer's tokens", () => {
  it("are as ever where nothing is set", () => {
    for (const tokens of [undefined, {}, { jti: false, exp: true, kid: true }]) {
      expect(tokenOf({ tokens })).toStrictEqual({
        header: { alg: "ES256", kid: "k-0", typ: "JWT" },
        claims: { exp: NOW + 540 },
      });
    }
  });

  it("have an iss that is no URL, whatever else is asked", () => {
    const tokens = { iss: "12345" };
    expect(tokenOf({ tokens }, { claims: { sub: "a" } }).claims).toStrictEqual({ sub: "a", iss: "12345", exp: NOW + 540 });
    expect(tokenOf({ tokens }, { claims: { iss: "12345" } }).claims.iss).toBe("12345");
    expect(refusal({ tokens }, { claims: { iss: "54321" } })).toMatchObject({ code: "issuer_mismatch", field: "claims.iss" });
    expect(refusal({ tokens, issuer: "https://issuer.example" })).toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("leave one of them out"),
    });
    expect(refusal({ tokens, limits: { fixedClaims: { iss: "a" } } })).toMatchObject({ code: "config_invalid" });
  });

  it("have the key's fingerprint in iss, of each key its own, and once", () => {
    const tokens = { iss: "ACCOUNT.USER.{fingerprint}" };
    const mine = `ACCOUNT.USER.${fingerprintOf(0)}`;
    expect(tokenOf({ tokens }).claims.iss).toBe(mine);
    expect(tokenOf({ tokens, signer: other }).claims.iss).toBe(`ACCOUNT.USER.${fingerprintOf(1)}`);
    const { token } = issuerWith({ tokens }).issueSync({ claims: { iss: mine, aud: "a" } });
    expect(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).toBe(`{"aud":"a","iss":"${mine}","exp":${NOW + 900}}`);
    expect(refusal({ tokens }, { claims: { iss: `ACCOUNT.USER.${fingerprintOf(1)}` } }).code).toBe("issuer_mismatch");
  });

  it("follow the key that signs: the next one has its own iss and header", () => {
    let current = signer;
    const issuer = issuerWith({
      signer: { current: () => ({ signer: current, maxTtlSeconds: 900 }) },
      tokens: { iss: "A.{fingerprint}", certificates: { "k-0": THUMBPRINT } },
    });
    expect(decodeJwt(issuer.issueSync({ claims: {} }).token).iss).toBe(`A.${fingerprintOf(0)}`);
    current = other;
    expect(() => issuer.issueSync({ claims: {} })).toThrow(expect.objectContaining({ field: "tokens.certificates" }));
    const plain = issuerWith({
      signer: { current: () => ({ signer: current, maxTtlSeconds: 900 }) },
      tokens: { iss: "A.{fingerprint}" },
    });
    expect(decodeJwt(plain.issueSync({ claims: {} }).token).iss).toBe(`A.${fingerprintOf(1)}`);
  });

  it("need a signer that shows its public key where iss is made of it", () => {
    const { publicJwk: _, ...hidden } = signer;
    expect(refusal({ tokens: { iss: "{fingerprint}" }, signer: hidden as never })).toMatchObject({
      code: "config_invalid",
      field: "signer",
    });
  });

  it("have iat some seconds back, exp from the present, and limits from the present", () => {
    const tokens = { iat: 60 };
    const limits = { maxTtlSeconds: 540 };
    expect(tokenOf({ tokens, limits }).claims).toStrictEqual({ iat: NOW - 60, exp: NOW + 540 });
    expect(tokenOf({ tokens }, { setIat: false, setNbf: true }).claims).toMatchObject({ iat: NOW - 60, nbf: NOW });
    expect(tokenOf({ tokens: { iat: 0 } }).claims.iat).toBe(NOW);
    expect(refusal({ tokens, limits }, { ttl: 541 }).code).toBe("ttl_exceeds_limit");
    expect(refusal({ tokens }, { claims: { iat: NOW } })).toMatchObject({
      code: "claim_not_allowed",
      field: "claims.iat",
      message: expect.stringContaining("tokens.iat"),
    });
  });

  it("each have a jti of their own, which no request says", () => {
    expect(tokenOf({ tokens: { jti: true } }).claims.jti).toBe(UUID);
    expect(refusal({ tokens: { jti: true } }, { claims: { jti: "mine" } })).toMatchObject({
      code: "claim_not_allowed",
      field: "claims.jti",
    });
    expect(tokenOf({ tokens: { jti: false } }, { claims: { jti: "mine" } }).claims.jti).toBe("mine");
  });

  it("have no exp, and are held to the limits all the same", () => {
    const tokens = { exp: false, iat: 0 };
    expect(tokenOf({ tokens }).claims).toStrictEqual({ iat: NOW });
    expect(refusal({ tokens }, { ttl: 86_401 }).code).toBe("ttl_exceeds_limit");
    expect(refusal({ tokens, limits: { defaultTtlSeconds: null } }, { ttl: undefined } as never).code).toBe(
      "expiration_required",
    );
    expect(refusal({ tokens }, { claims: { exp: NOW + 60 } })).toMatchObject({ code: "claim_not_allowed", field: "claims.exp" });
    expect(refusal({ tokens, limits: { requiredClaims: ["exp"] } }).code).toBe("claim_required");
    // A key that lets tokens without end be signed has nothing to do with it.
    const bound = { current: () => ({ signer, maxTtlSeconds: 900, endless: false }) };
    expect(tokenOf({ tokens, signer: bound }).claims).toStrictEqual({ iat: NOW });
  });

  it("have a header without kid, or with the thumbprint of the key's certificate", () => {
    expect(tokenOf({ tokens: { kid: false } }).header).toStrictEqual({ alg: "ES256", typ: "JWT" });
    expect(tokenOf({ tokens: { certificates: { "k-0": THUMBPRINT } } }).header).toStrictEqual({
      alg: "ES256",
      kid: "k-0",
      typ: "JWT",
      "x5t#S256": THUMBPRINT,
    });
    expect(refusal({ tokens: { certificates: { "k-1": THUMBPRINT } } })).toMatchObject({
      code: "config_invalid",
      field: "tokens.certificates",
      message: expect.stringMatching(/k-0.*signet keys pem --for entra/),
    });
    expect(refusal({ tokens: { certificates: {} }, signer: { ...signer, kid: "constructor" } }).code).toBe("config_invalid");
  });

  it("name a key in the header as the other side has named it, by its thumbprint", () => {
    const kids = { [thumbprint(signer.publicJwk)]: "ABC123DEFG" };
    expect(tokenOf({ tokens: { kids } }).header).toStrictEqual({ alg: "ES256", kid: "ABC123DEFG", typ: "JWT" });
    expect(tokenOf({ tokens: { kids }, signer: other }).header.kid).toBe(other.kid);
    // What is said by our own name stays so.
    const certificates = { "k-0": THUMBPRINT };
    expect(tokenOf({ tokens: { kids, certificates } }).header).toMatchObject({ kid: "ABC123DEFG", "x5t#S256": THUMBPRINT });
    expect(tokenOf({ tokens: { kids, kid: false } }).header).not.toHaveProperty("kid");
    const { publicJwk: _, ...hidden } = signer;
    expect(refusal({ tokens: { kids }, signer: hidden as never })).toMatchObject({ code: "config_invalid", field: "signer" });
  });

  it("are made so in a batch as well, each judged by itself", async () => {
    const issuer = issuerWith({ tokens: { iss: "12345", iat: 60, jti: true, exp: false } });
    const results = await issuer.issueMany([{ claims: {} }, { claims: { exp: NOW + 9 } }, { claims: { sub: "a" } }]);
    const found = results.map((each) => ("token" in each ? decodeJwt(each.token) : each.error.code));
    const set = { iss: "12345", iat: NOW - 60, jti: UUID };
    expect(found).toStrictEqual([set, "claim_not_allowed", { sub: "a", ...set }]);
  });

  it("are checked so before anything is signed", () => {
    const issuer = createImmediateIssuer({ signer, clock: () => NOW, tokens: { iat: 60, certificates: {} } });
    expect(() => issuer.check({ claims: { iat: 1 } })).toThrow(expect.objectContaining({ field: "tokens.certificates" }));
    const plain = createImmediateIssuer({ signer, clock: () => NOW, tokens: { iat: 60 } });
    expect(() => plain.check({ claims: { iat: 1 } })).toThrow(expect.objectContaining({ field: "claims.iat" }));
  });

  it("satisfy what claims are required and allowed", () => {
    const tokens = { iss: "A.{fingerprint}", iat: 1, jti: true };
    const limits = { requiredClaims: ["iss", "iat", "jti", "exp"], allowedClaims: ["sub"] };
    expect(tokenOf({ tokens, limits }, { claims: { sub: "a" } }).claims).toHaveProperty("jti", UUID);
  });
});

describe("callers of such an issuer", () => {
  const tokens = { iss: "12345", iat: 60, kid: false };
  const callers = createCallers({ signer, clock: () => NOW, tokens }, [{ name: "ci", limits: { fixedClaims: { bid: "app" } } }]);
  const ci = callers.named("ci") as KnownCaller;

  it("inherit them, as clients of OAuth and by a proof too", () => {
    const proven = ci.provenBy({ rule: "trusts.0", claims: {}, claimsForTokens: {} });
    for (const issuer of [ci.issuer, ci.clientIssuer, proven.issuer]) {
      const { token } = issuer.issue({ claims: {} }) as { token: string };
      expect(decodeProtectedHeader(token)).toStrictEqual({ alg: "ES256", typ: "JWT" });
      expect(decodeJwt(token)).toMatchObject({ iss: "12345", iat: NOW - 60, bid: "app" });
    }
  });

  it("change nothing of them: neither has a caller such a member, nor a request", () => {
    const own = { name: "web", limits: { fixedClaims: { iss: "54321" } } };
    expect(() => createCallers({ signer, tokens }, [own])).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(() => ci.issuer.issue({ claims: {}, tokens: {} } as never)).toThrow(
      expect.objectContaining({ code: "unknown_field" }),
    );
  });
});
