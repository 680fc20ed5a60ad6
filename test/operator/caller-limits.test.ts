import { describe, expect, it } from "vitest";
import { limitsInForce } from "../../src/operator/caller-limits.js";
import { DEFAULT_LIMITS, LIMIT_MEMBERS } from "../../src/settings/limits.js";

const found = (issuer: object, caller: object) =>
  Object.fromEntries(
    limitsInForce({ ...DEFAULT_LIMITS, ...issuer }, caller).map(({ member, from, value, words }) => [
      member,
      { from, value, words },
    ]),
  );

describe("the limits in force for a caller", () => {
  it.each([
    ["maxTtlSeconds", { maxTtlSeconds: 600 }, {}, "issuer", 600],
    ["maxTtlSeconds", { maxTtlSeconds: 600 }, { maxTtlSeconds: 60 }, "caller", 60],
    ["maxTtlSeconds", { maxTtlSeconds: 60 }, { maxTtlSeconds: 600 }, "issuer", 60],
    ["maxTtlSeconds", { maxTtlSeconds: 60 }, { maxTtlSeconds: 60 }, "both", 60],
    ["allowedAudiences", {}, { allowedAudiences: ["a"] }, "caller", ["a"]],
    ["allowedAudiences", { allowedAudiences: ["a", "b"] }, { allowedAudiences: ["b", "c"] }, "both", ["b"]],
    [
      "allowedAudiences",
      { allowedAudiences: ["https://a.example/*"] },
      { allowedAudiences: ["https://a.example/x"] },
      "caller",
      ["https://a.example/x"],
    ],
    ["allowedClaims", { allowedClaims: ["sub"] }, { allowedClaims: ["role", "sub"] }, "issuer", ["sub"]],
    ["requiredClaims", { requiredClaims: ["sub"] }, { requiredClaims: ["aud"] }, "both", ["sub", "aud"]],
    ["fixedClaims", { fixedClaims: { a: 1 } }, { fixedClaims: { b: 2 } }, "both", { a: 1, b: 2 }],
    ["maxTokensPerMinute", { maxTokensPerMinute: 60 }, { maxTokensPerMinute: 6 }, "caller", 6],
    ["requireExpiration", { requireExpiration: false, defaultTtlSeconds: null }, { requireExpiration: true }, "caller", true],
  ] as const)(
    "say of %s, where the issuer's are %j and its own %j, that it is the %s's",
    (member, issuer, caller, from, value) => {
      expect(found(issuer, caller)[member]).toMatchObject({ from, value });
    },
  );

  it("leave out what limits nothing, and say the rest in words", () => {
    const limits = found({}, {});
    expect(Object.keys(limits)).toStrictEqual(["maxTtlSeconds", "defaultTtlSeconds", "requireExpiration"]);
    expect(Object.values(limits).map(({ words }) => words)).toStrictEqual([
      "a token lives 1 day at most",
      "it lives 15 minutes where no other life is asked for",
      "each token has an end",
    ]);
  });

  it("have words for each member that there is", () => {
    const all = {
      fixedClaims: { tenant: "acme" },
      allowedClaims: ["sub"],
      requiredClaims: ["sub"],
      allowedAudiences: ["my-api"],
      allowedTypes: ["at+jwt"],
      maxTokensPerMinute: 60,
    };
    expect(Object.keys(found(all, {})).sort()).toStrictEqual(Object.keys(LIMIT_MEMBERS).sort());
  });
});
