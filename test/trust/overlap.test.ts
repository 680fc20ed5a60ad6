import { describe, expect, it } from "vitest";
import { judgeCallers } from "../../src/trust/judge-callers.js";
import { findOverlaps } from "../../src/trust/overlap.js";
import { US } from "./fixture.js";

const IDP = "https://idp.example";
type Claims = Readonly<Record<string, unknown>>;
const rule = (claims: Claims, more: object = {}) => ({ maxAgeSeconds: 3_600, issuer: IDP, claims, any: true, ...more });
const found = (one: object, other: object, caller?: string) =>
  findOverlaps(judgeCallers({ a: { trusts: [one as never] }, b: { trusts: [other as never] } }, US), caller);

describe("two rules of two callers", () => {
  it.each<[Claims, Claims]>([
    [{ sub: "x" }, { sub: "x", ref: "main" }],
    [{ sub: "x" }, { ref: "main" }],
    [{ sub: ["x", "y"] }, { sub: ["y", "z"] }],
    [{ sub: "repo:a/b" }, { sub: { prefix: "repo:a/" } }],
    [{ sub: { prefix: "repo:a/b/" } }, { sub: { prefix: "repo:a/" } }],
    [{ sub: { not: ["x"] } }, { sub: ["x", "y"] }],
    [{ sub: { not: ["x"] } }, { sub: { prefix: "repo:a/" } }],
    [{ sub: { not: "x" } }, { sub: { not: "y" } }],
    [{ k: { a: "1" } }, { k: { b: "2" } }],
    [{ k: { a: "1" } }, { k: [{ a: "1", c: 2 }, { a: "3" }] }],
  ])("overlap: %j and %j", (one, other) => {
    expect(found(rule(one), rule(other))).toStrictEqual([
      { caller: "a", rule: "trusts.0", otherCaller: "b", otherRule: "trusts.0" },
    ]);
    expect(found(rule(other), rule(one))).toHaveLength(1);
    expect(found(rule(one), rule(other), "b")).toStrictEqual([
      { caller: "b", rule: "trusts.0", otherCaller: "a", otherRule: "trusts.0" },
    ]);
  });

  it.each<[Claims, Claims]>([
    [{ sub: "x" }, { sub: "y" }],
    [{ sub: "1" }, { sub: 1 }],
    [{ sub: "repo:ab/c" }, { sub: { prefix: "repo:a/" } }],
    [{ sub: { prefix: "repo:a/" } }, { sub: { prefix: "repo:b/" } }],
    [{ sub: { not: ["x", "y"] } }, { sub: ["x", "y"] }],
    [{ sub: { not: { prefix: "repo:a/" } } }, { sub: { prefix: "repo:a/b/" } }],
    [{ k: { a: "1" } }, { k: { a: "2" } }],
    [{ k: { a: "1" } }, { k: "1" }],
    [{ k: { a: "1" } }, { k: [{ a: "2" }] }],
    [
      { sub: "x", ref: "main" },
      { sub: "x", ref: "dev" },
    ],
  ])("do not: %j and %j", (one, other) => {
    expect([found(rule(one), rule(other)), found(rule(other), rule(one))]).toStrictEqual([[], []]);
  });

  const DOMAIN = "spiffe://example.org";
  const svid = (claims: Claims) => rule(claims, { preset: "spiffe", issuer: DOMAIN, jwksUrl: "https://idp.example/keys" });
  const named = (claims: Claims, more: object = {}) => rule(claims, { issuer: "https://oidc.example.org", ...more });

  it.each<[object, object]>([
    [svid({ sub: `${DOMAIN}/api` }), named({ sub: `${DOMAIN}/api` }, { preset: "spiffe" })],
    [svid({ sub: { prefix: `${DOMAIN}/ns/` } }), named({ sub: `${DOMAIN}/ns/api` })],
    [svid({ sub: `${DOMAIN}/ns/api` }), named({ sub: ["x", { prefix: `${DOMAIN}/` }] })],
    [svid({ env: "prod" }), named({ sub: { prefix: `${DOMAIN}/ns/` } })],
    [svid({ sub: `${DOMAIN}/api` }), named({ sub: { prefix: "spiffe://" } })],
  ])("overlap where one names the trust domain and the other an issuer: %j and %j", (one, other) => {
    expect([found(one, other).length, found(other, one).length, found(one, other, "b").length]).toStrictEqual([1, 1, 1]);
  });

  it.each<[object, object]>([
    [svid({ sub: `${DOMAIN}/api` }), named({ sub: `${DOMAIN}/web` })],
    [svid({ env: "prod" }), named({ sub: "spiffe://other.example/api" })],
    [svid({ env: "prod" }), named({ sub: `${DOMAIN}.evil.example/api` })],
    [svid({ sub: `${DOMAIN}/api` }), named({ sub: `${DOMAIN}/api` }, { audience: "https://aud.example" })],
    [svid({ sub: `${DOMAIN}/api` }), { ...svid({ sub: "spiffe://other.example/api" }), issuer: "spiffe://other.example" }],
    // Nothing says that its tokens have SPIFFE IDs.
    [svid({ sub: `${DOMAIN}/api` }), named({ repository_id: "1" })],
  ])("do not where one names the trust domain and the other an issuer: %j and %j", (one, other) => {
    expect([found(one, other), found(other, one)]).toStrictEqual([[], []]);
  });

  it("are apart by issuer, audience, and where one is switched off", () => {
    const one = rule({ sub: "x" });
    for (const more of [{ issuer: "https://other.example" }, { audience: "https://aud.example" }, { disabled: true }])
      expect(found(one, rule({ sub: "x" }, more))).toStrictEqual([]);
  });

  it("may overlap within one caller", () => {
    const trusts = [rule({ sub: "x" }), rule({ sub: "x" })];
    expect(findOverlaps(judgeCallers({ a: { trusts } }, US))).toStrictEqual([]);
  });
});
