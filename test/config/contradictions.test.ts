import { describe, expect, it } from "vitest";
import { contradictions } from "../../src/config/contradictions.js";
import { checkConfig } from "../../src/config/load.js";

const doubts = (members: object, env = {}) => {
  const told: string[] = [];
  checkConfig(members, "signet.json", { env, onDoubt: (words) => told.push(words) });
  return told;
};

const THUMBPRINTS = ["NzbLsXh8uDCcd_6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"] as const;

describe("one name for two keys", () => {
  const [first, second] = THUMBPRINTS;

  it("is refused, whoever is told of doubts", () => {
    const read = (kids: object) => () => checkConfig({ tokens: { kids } }, "signet.json", { env: {} });
    expect(read({ [first]: "ABC123DEFG", [second]: "ABC123DEFG" })).toThrow(
      expect.objectContaining({
        code: "config_invalid",
        field: "tokens.kids",
        message: expect.stringContaining(`tokens.kids calls two keys "ABC123DEFG", ${first} and ${second}: leave out the one`),
      }),
    );
    expect(read({ [first]: "ABC123DEFG", [second]: "abc123defg" })).not.toThrow();
  });
});

describe("members that contradict each other", () => {
  it.each([
    [{ limits: { maxTtlSeconds: 10, defaultTtlSeconds: 11 } }, /^signet\.json: limits\.defaultTtlSeconds \(11\) is above/],
    [{ callers: { web: { limits: { maxTtlSeconds: 1, defaultTtlSeconds: 2 } } } }, /callers\.web\.limits\.defaultTtlSeconds/],
    [
      { limits: { requiredClaims: ["sub", "tenant"], allowedClaims: ["sub"] } },
      /requiredClaims has tenant, .* no token is issued/,
    ],
    [{ rotation: { byUpload: true, rotateEverySeconds: 86_400 } }, /rotation\.rotateEverySeconds \(86400\) rotates nothing/],
  ])("are told: %j", (members, words) => {
    expect(doubts(members)).toStrictEqual([expect.stringMatching(words)]);
  });

  const fingerprint = { iss: "ACCOUNT.USER.{fingerprint}" };

  it.each([
    [{ tokens: { iss: "https://issuer.example" } }, /tokens\.iss is a URL.*set issuer instead/],
    [
      { issuer: "https://issuer.example", tokens: { kids: { [THUMBPRINTS[0]]: "ABC123DEFG" } } },
      /tokens\.kids gives tokens a kid that the JWKS at issuer does not have/,
    ],
    [{ tokens: { exp: false }, limits: { requiredClaims: ["exp"] } }, /limits\.requiredClaims has exp, .*no token is issued/],
    [
      { tokens: { exp: false }, limits: { requireExpiration: true } },
      /limits\.requireExpiration is true, and tokens\.exp leaves/,
    ],
    [
      { tokens: { exp: false }, callers: { web: { limits: { requiredClaims: ["exp"] } } } },
      /callers\.web\.limits\.requiredClaims has exp/,
    ],
    [
      {
        tokens: { exp: false },
        callers: {
          web: { exchanges: [{ issuer: "https://idp.example", claims: { sub: "a" }, audiences: ["a"], subjectPrefix: "a:" }] },
        },
      },
      /callers\.web\.exchanges give nothing/,
    ],
  ])("are told of tokens: %j", (members, words) => {
    expect(contradictions(members)).toStrictEqual([expect.stringMatching(words)]);
  });

  it.each([
    [{ tokens: {} }],
    [{ tokens: { ...fingerprint, iat: 0, exp: false } }],
    [{ tokens: fingerprint, limits: { requiredClaims: ["exp"] } }],
    [{ tokens: { iss: "urn:example:issuer" } }],
  ])("are none of tokens that agree: %j", (members) => {
    expect(doubts(members)).toStrictEqual([]);
  });

  it("may come from a variable", () => {
    expect(doubts({ limits: { defaultTtlSeconds: 900 } }, { SIGNET_MAX_TTL_SECONDS: "60" })).toHaveLength(1);
  });

  it.each([
    [{}],
    [{ limits: { maxTtlSeconds: 600 } }],
    [{ rotation: { byUpload: true } }],
    [{ rotation: { byUpload: true, rotateEverySeconds: 0 } }],
    [{ rotation: { byUpload: false, rotateEverySeconds: 86_400 } }],
    [{ limits: { maxTtlSeconds: 600, defaultTtlSeconds: null } }],
    [{ limits: { maxTtlSeconds: 600, defaultTtlSeconds: 600 } }],
    [{ limits: { requiredClaims: ["exp", "tenant"], allowedClaims: ["sub"], fixedClaims: { tenant: "a" } } }],
  ])("are not what a default says, nor what agrees: %j", (members) => {
    expect(doubts(members)).toStrictEqual([]);
  });

  const trusts = (rule: object) => [{ issuer: "https://idp.example", ...rule }];

  it.each([
    [
      { callers: { web: { limits: { fixedClaims: { tenant: "{proof.owner}" } } } } },
      /callers\.web .* tenant .* no rule in trusts/,
    ],
    [{ limits: { fixedClaims: { tenant: ["a:{proof.owner}"] } }, callers: { web: {} } }, /callers\.web .* tenant/],
    [{ callers: { web: { trusts: trusts({ subjectPrefix: "a:" }) } } }, /callers\.web\.trusts\.0\.subjectPrefix begins nothing/],
  ])("are told of proofs: %j", (members, words) => {
    expect(contradictions(members)).toStrictEqual([expect.stringMatching(words)]);
  });

  it("are not what a proof makes up for", () => {
    const limits = { requiredClaims: ["repo"], allowedClaims: ["sub"], fixedClaims: { tenant: "{proof.owner}" } };
    expect(
      contradictions({ callers: { web: { limits, trusts: trusts({ claimsFromProof: { repository: "repo" } }) } } }),
    ).toStrictEqual([]);
  });
});
