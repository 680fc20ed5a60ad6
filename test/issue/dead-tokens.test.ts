import { describe, expect, it } from "vitest";
import { createIssuer, type IssuerOptions } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";
import type { OwnLimits } from "../../src/settings/limits.js";

const NOW = 1_800_000_000;
const signer = { kid: "k", alg: "ES256", sign: () => Buffer.alloc(64) } as unknown as IssuerOptions["signer"];
const issuerWith = (limits: OwnLimits = {}) => createIssuer({ signer, clock: () => NOW, limits });
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
const issued = (request: unknown, limits: OwnLimits = {}) =>
  claimsOf(issuerWith(limits).issueSync(request as IssueRequest).token);
const ENDLESS = { requireExpiration: false, defaultTtlSeconds: null };

describe("a token that no verifier could accept", () => {
  it.each([
    [{ iat: NOW + 61 }, "claims.iat", {}],
    [{ iat: NOW + 3_600 }, "claims.iat", {}],
    [{ iat: 2 ** 53 - 1 }, "claims.iat", ENDLESS],
    [{ iat: NOW + 40, exp: NOW + 30 }, "claims.iat", {}],
    [{ exp: NOW }, "claims.exp", {}],
    [{ nbf: NOW + 900 }, "claims.nbf", {}],
    [{ nbf: 2 ** 53 - 1 }, "claims.nbf", ENDLESS],
  ])("is not made: %j", (claims, field, limits) => {
    expect(() => issued({ claims }, limits)).toThrow(expect.objectContaining({ code: "invalid_claim", field }));
  });

  it.each([{ iat: NOW + 60 }, { iat: 1 }, { nbf: NOW + 899 }])("is not meant where a clock is a little behind: %j", (claims) => {
    expect(issued({ claims })).toMatchObject(claims);
  });

  it("is no matter where the issuer sets the claim itself", () => {
    expect(issued({ claims: { iat: NOW + 9_999, nbf: NOW + 9_999 }, setIat: true, setNbf: true })).toMatchObject({
      iat: NOW,
      nbf: NOW,
    });
  });

  it.each([Number.NaN, 1.5, -1, Number.POSITIVE_INFINITY, Date.UTC(2026, 1), "1800000000"])(
    "is not made by a clock that says %s",
    (now) => {
      const issuer = createIssuer({ signer, clock: () => now as number });
      expect(() => issuer.issueSync({ claims: {} })).toThrow(expect.objectContaining({ code: "clock_untrusted" }));
    },
  );
});

/** Answers the first value once, and the second one from then on. */
function changing<T>(first: T, then: T): () => T {
  let reads = 0;
  return () => (reads++ === 0 ? first : then);
}

describe("what is checked is what is signed, where a program's", () => {
  it.each([
    ["iss", "https://a.example", "https://evil.example"],
    ["aud", "shop", "admin"],
    ["exp", NOW + 5, NOW + 999_999],
    ["nbf", NOW, NOW + 999_999],
  ])("claim %s is a getter", (name, first, then) => {
    const claims = Object.defineProperty({}, name, { get: changing<unknown>(first, then), enumerable: true });
    expect(
      issued(
        { claims },
        { allowedAudiences: name === "aud" ? ["shop"] : ["*"], fixedClaims: name === "aud" ? {} : { aud: "shop" } },
      ),
    ).toMatchObject({ [name]: first });
  });

  it("claim that is not allowed hides behind a getter, a proxy or a list", () => {
    const limits = { allowedAudiences: ["shop"] };
    const aud = new Proxy(["shop"], { get: (list, key) => (key === "0" ? admin() : Reflect.get(list, key)) });
    const admin = changing("admin", "shop");
    for (const claims of [
      { aud },
      Object.defineProperty({}, "aud", { get: changing("admin", "shop"), enumerable: true }),
      new Proxy({ aud: "" }, { get: changing("admin", "shop") }),
    ]) {
      expect(() => issued({ claims }, limits)).toThrow(expect.objectContaining({ code: "audience_not_allowed" }));
    }
  });

  it("request itself is a getter or a proxy", () => {
    const request = { claims: {} };
    Object.defineProperty(request, "ttl", { get: changing(60, 86_400), enumerable: true });
    expect(issued(request, { maxTtlSeconds: 60, defaultTtlSeconds: 60 })).toMatchObject({ exp: NOW + 60 });
    const claims = changing({ sub: "a" }, { sub: "b" });
    expect(issued(new Proxy({ claims: {} }, { get: (_, key) => (key === "claims" ? claims() : undefined) }))).toMatchObject({
      sub: "a",
    });
  });

  it("claims have a toJSON of their own", () => {
    const prototype = Object.assign(Object.create(null), { toJSON: () => ({ tenant: "b" }) });
    const claims = Object.assign(Object.create(prototype), { sub: "a" });
    expect(issued({ claims }, { fixedClaims: { tenant: "a" } })).toMatchObject({ sub: "a", tenant: "a" });
    expect(() => issued({ claims: { toJSON: () => ({}) } })).toThrow(expect.objectContaining({ code: "invalid_claim" }));
  });
});

describe("an option that createIssuer does not have", () => {
  it.each([
    [{ limit: {} }, /"limit" \(did you mean limits\?\)/],
    [{ maxTtlSeconds: 5 }, /"maxTtlSeconds"/],
    [{ issuer: 5 }, /issuer must be a text/],
    [{ issuer: "" }, /issuer must be a text/],
    [{ clock: 5 }, /clock must be a function/],
    [{ signer: {} }, /signer must be a signer/],
    [{ signer: undefined }, /signer must be a signer/],
    [{ limits: null }, /limits must be an object/],
  ])("is an error: %j", (options, message) => {
    expect(() => createIssuer({ signer, ...options } as never)).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.stringMatching(message) }),
    );
  });
});
