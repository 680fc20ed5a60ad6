import { describe, expect, it } from "vitest";
import { checkConfig } from "../../src/config/load.js";

const check = (callers: object, issuer = "https://tokens.example") =>
  checkConfig({ issuer, callers }, "/etc/signet/signet.json", { env: {} });
const rule = { issuer: "https://idp.example", claims: { sub: "a" } };

describe("callers of a config that are proven", () => {
  it.each<[string, object, string, RegExp]>([
    [
      "a member that no rule has",
      { trusts: [{ ...rule, jwkUrl: "https://x.example" }] },
      "callers.ci.trusts.0.jwkUrl",
      /not a member/,
    ],
    ["a member of keys that is none", { keys: { pem: "x" } }, "callers.ci.keys.pem", /not a member/],
    [
      "an age out of bounds",
      { trusts: [{ ...rule, maxAgeSeconds: 86_401 }] },
      "callers.ci.trusts.0.maxAgeSeconds",
      /at most 86400/,
    ],
    ["a rule that is none", { trusts: ["github"] }, "callers.ci.trusts.0", /is a text/],
    ["no identity", { trusts: [rule, { issuer: rule.issuer }] }, "callers.ci.trusts.1.claims", /fix no identity.*any: true/],
    ["an exchange for no audience", { exchanges: [{ issuer: rule.issuer }] }, "callers.ci.exchanges.0.audiences", /is missing/],
    [
      "an exchange of tokens that others share",
      { exchanges: [{ issuer: rule.issuer, audiences: ["api"], sharedAudience: true }] },
      "callers.ci.exchanges.0.sharedAudience",
      /not a member/,
    ],
    [
      "an exchange of tokens for somebody else",
      { exchanges: [{ issuer: rule.issuer, audiences: ["api"], audience: "https://other-api.example" }] },
      "callers.ci.exchanges.0.audience",
      /must be this issuer's URL/,
    ],
    [
      "a prefix without its end",
      { trusts: [{ ...rule, claims: { sub: { prefix: "a" } } }] },
      "callers.ci.trusts.0.claims.sub.prefix",
      /end in/,
    ],
    ["keys at two places", { keys: { jwks: { keys: [] }, jwksUrl: "https://c.example" } }, "callers.ci.keys", /keep one/],
    [
      "this issuer as another",
      { trusts: [{ ...rule, issuer: "https://tokens.example" }] },
      "callers.ci.trusts.0.issuer",
      /issuer itself/,
    ],
  ])("are refused with %s", (_what, ci, field, words) => {
    expect(() => check({ ci })).toThrow(expect.objectContaining({ code: "config_invalid", field }));
    expect(() => check({ ci })).toThrow(words);
    expect(() => check({ ci })).toThrow(/^\/etc\/signet\/signet\.json/);
  });

  it("have no keys of their own beside an iss that is no URL: a secret is what they can have", () => {
    const members = { tokens: { iss: "A1B2C3D4E5" }, callers: { ci: { keys: { jwksUrl: "https://c.example/jwks.json" } } } };
    expect(() => checkConfig(members, "signet.json", { env: {} })).toThrow(
      expect.objectContaining({
        field: "callers.ci.keys",
        message: expect.stringMatching(/not possible with tokens\.iss.*a secret/),
      }),
    );
  });

  it("exchange nothing beside an iss that is no URL, for which no token could be", () => {
    const members = {
      tokens: { iss: "A1B2C3D4E5" },
      callers: { ci: { exchanges: [{ issuer: rule.issuer, audiences: ["api"] }] } },
    };
    expect(() => checkConfig(members, "signet.json", { env: {} })).toThrow(
      expect.objectContaining({
        field: "callers.ci.exchanges",
        message: expect.stringMatching(/not possible with tokens\.iss.*leave them out/),
      }),
    );
  });

  it("find their certificates beside the file", () => {
    const keys = { jwksUrl: "https://client.example/jwks", caFile: "client.pem" };
    const { ci } = check({ ci: { trusts: [{ ...rule, caFile: "ca.pem" }, rule], keys } }).callers;
    expect([ci?.trusts?.map(({ caFile }) => caFile), ci?.keys?.caFile]).toStrictEqual([
      ["/etc/signet/ca.pem", undefined],
      "/etc/signet/client.pem",
    ]);
  });

  it("are complete: a proof's age is an hour where the rule says nothing", () => {
    expect(check({ ci: { trusts: [rule] } }).callers.ci?.trusts?.[0]?.maxAgeSeconds).toBe(3_600);
  });
});
