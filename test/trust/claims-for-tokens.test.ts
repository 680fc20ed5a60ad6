import { describe, expect, it } from "vitest";
import { claimsForTokens } from "../../src/trust/claims-for-tokens.js";
import { judgeCallers } from "../../src/trust/judge-callers.js";

describe("the claims that tokens get from a proof", () => {
  it("have our names and the proof's values, as they are", () => {
    const rule = { claimsFromProof: { repository: "repo", "kubernetes.io": "pod", ref: "ref" } };
    const claims = { repository: "acme/web", "kubernetes.io": { namespace: "a" }, ref: null, other: "x" };
    expect(claimsForTokens(rule, claims)).toEqual({ repo: "acme/web", pod: { namespace: "a" }, ref: null });
    expect(claimsForTokens({}, claims)).toEqual({});
  });

  it("are left out where the proof does not have them, also by names that every object answers to", () => {
    const rule = { claimsFromProof: { environment: "env", constructor: "made", toString: "text" } };
    expect(claimsForTokens(rule, { sub: "a" })).toEqual({});
  });

  it("have a sub only behind the rule's prefix, and of a text", () => {
    const rule = { claimsFromProof: { sub: "sub" }, subjectPrefix: "github:" };
    expect(claimsForTokens(rule, { sub: "repo:acme/web" })).toEqual({ sub: "github:repo:acme/web" });
    for (const sub of ["", 5, null, ["a"], { a: 1 }]) {
      expect(() => claimsForTokens(rule, { sub })).toThrow(expect.objectContaining({ code: "proof_refused" }));
    }
  });
});

it("A rule whose claims no proof may set is refused wherever rules are judged, so a stack's callers too", () => {
  const rule = {
    issuer: "https://idp.example",
    maxAgeSeconds: 3_600,
    claims: { sub: "a" },
    claimsFromProof: { groups: "scope" },
  };
  expect(() => judgeCallers({ ci: { trusts: [rule] } }, "https://issuer.example")).toThrow(
    expect.objectContaining({ code: "config_invalid", field: "callers.ci.trusts.0.claimsFromProof.groups" }),
  );
  const limits = { fixedClaims: { repo: "x" } };
  expect(() =>
    judgeCallers({ ci: { limits, trusts: [{ ...rule, claimsFromProof: { a: "repo" } }] } }, "https://issuer.example"),
  ).toThrow(expect.objectContaining({ field: "callers.ci.trusts.0.claimsFromProof.a" }));
});
