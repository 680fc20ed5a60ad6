import { beforeAll, describe, expect, it } from "vitest";
import { isSignetError } from "../../src/errors.js";
import type { ExchangeRule, TrustRule } from "../../src/settings/trusts.js";
import { judgeCaller } from "../../src/trust/judge-callers.js";
import { SHARED_BEGINNINGS } from "../../src/trust/presets.js";
import { isSharedAudience } from "../../src/trust/shared-audiences.js";
import type { TestKey } from "../verify/tokens.js";
import { IDP, jwksOf, keyOf, US } from "./fixture.js";

let key: TestKey;
let rule: Partial<TrustRule>;
beforeAll(async () => {
  key = await keyOf("ES256");
  rule = { issuer: IDP, claims: { sub: "repo:acme/app" } };
});

/** The member at fault, and the words; nothing where a rule is accepted. */
function faultOf(more: object, issuer: string | undefined = US): string | undefined {
  return attempt(() => judgeCaller("ci", { trusts: [{ ...rule, ...more } as TrustRule] }, issuer));
}

function attempt(judge: () => unknown): string | undefined {
  try {
    judge();
    return undefined;
  } catch (error) {
    if (!isSignetError(error, "config_invalid")) throw error;
    return `${error.field}: ${error.message}`;
  }
}

describe("a rule that fixes no identity", () => {
  it.each([
    {},
    { claims: undefined },
    { claims: { ref: "refs/heads/main" } },
    { claims: { sub: { not: ["x"] } } },
    { claims: { sub: [{ a: 1 }] } },
    { claims: { sub: { a: "b" } } },
    { claims: { "sub.x": "a" } },
  ])("%j is refused, unless it says any", (more) => {
    const without = { claims: { ref: "x" }, ...more };
    expect(faultOf(without)).toMatch(/^callers\.ci\.trusts\.0\.claims: .*fix no identity/);
    expect(faultOf({ ...without, any: true })).toBeUndefined();
  });

  it.each([{ sub: "a" }, { sub: ["a", "b"] }, { sub: { prefix: "a:" } }, { sub: ["a", { prefix: "b/" }], ref: "x" }])(
    "is not one that fixes sub: %j",
    (claims) => {
      expect(faultOf({ claims })).toBeUndefined();
    },
  );

  it.each<[string, string, string]>([
    ["https://token.actions.githubusercontent.com", "repo:", "repo:acme/"],
    ["https://gitlab.com", "project_path:", "project_path:acme/"],
    ["https://agent.buildkite.com", "organization:", "organization:acme:"],
  ])("of an issuer that strangers share is one whose sub begins as theirs: %s %s", (issuer, everybody, own) => {
    expect(faultOf({ issuer, claims: { sub: { prefix: everybody } } })).toMatch(/claims: .*fix no identity/);
    expect(faultOf({ issuer, claims: { sub: ["a", { prefix: everybody }] } })).toMatch(/claims: .*fix no identity/);
    expect(faultOf({ issuer, claims: { sub: { prefix: everybody } }, any: true })).toBeUndefined();
    expect(faultOf({ issuer, claims: { sub: { prefix: own } } })).toBeUndefined();
  });

  const CUSTOM = [
    IDP,
    "https://ghe.example/_services/token",
    "https://token.actions.githubusercontent.com/acme",
    "https://oidc.eks.us-east-1.amazonaws.com/id/E",
  ];
  it.each([...SHARED_BEGINNINGS, "ldap://", "https:", "https:/", "system:", "arn:", "arn:aws:iam:"])(
    "is one whose sub begins with %s alone, whoever the issuer is",
    (prefix) => {
      for (const issuer of CUSTOM) {
        expect(faultOf({ issuer, claims: { sub: { prefix } } })).toMatch(/claims: .*fix no identity/);
        expect(faultOf({ issuer, claims: { sub: ["a", { prefix }] } })).toMatch(/claims: .*fix no identity/);
        expect(faultOf({ issuer, claims: { sub: { prefix } }, any: true })).toBeUndefined();
      }
    },
  );

  it.each([
    ...SHARED_BEGINNINGS.map((each) => `${each}acme/`),
    "ldap://example.org/",
    "service:",
    "user:",
    "repository/",
    "systems:",
  ])("is not one whose sub begins with %s", (prefix) => {
    expect(CUSTOM.map((issuer) => faultOf({ issuer, claims: { sub: { prefix } } }))).toStrictEqual(CUSTOM.map(() => undefined));
  });

  it("is not one for GitHub's issuer that fixes the repository, with or without its preset", () => {
    const github = {
      issuer: "https://token.actions.githubusercontent.com",
      claims: { repository_id: "1234", ref: "refs/heads/main" },
    };
    expect([faultOf(github), faultOf({ ...github, preset: "github-actions" })]).toStrictEqual([undefined, undefined]);
    expect(faultOf({ ...github, claims: { repository: "acme/app" } })).toMatch(/claims.*fix no identity/);
  });
});

describe("what a rule cannot say", () => {
  it.each<[string, object, RegExp]>([
    ["that we are the issuer", { issuer: US }, /^callers\.ci\.trusts\.0\.issuer: .*this issuer itself/],
    ["that we are, with a slash", { issuer: `${US}/` }, /this issuer itself/],
    ["our keys as another issuer's", { jwksUrl: `${US}/.well-known/jwks.json` }, /jwksUrl: .*this issuer's own keys/],
    ["no issuer", { issuer: undefined }, /issuer/],
    [
      "keys twice",
      { jwks: { keys: [] }, jwksUrl: "https://idp.example/jwks" },
      /^callers\.ci\.trusts\.0: .*jwksUrl and jwks; keep one/,
    ],
    ["an issuer over http", { issuer: "http://idp.example" }, /issuer: .*begins with http:/],
    ["an issuer that is no URL, without its keys", { issuer: "idp" }, /issuer: .*is no URL/],
    ["an issuer with a query", { issuer: "https://idp.example?x" }, /without query/],
    ["keys over http", { jwksUrl: "http://idp.example/jwks" }, /jwksUrl: .*begins with http:/],
    ["a URL with a password", { jwksUrl: "https://a:b@idp.example/jwks" }, /has a password/],
    ["a file", { jwksUrl: "file:///etc/passwd" }, /is no URL/],
    ["an issuer on this machine", { issuer: "http://127.0.0.1:8080" }, /on this machine.*privateNetwork: true/],
    ["an issuer in a private network", { issuer: "https://10.0.0.1" }, /private network.*privateNetwork: true/],
    ["a cloud's metadata", { issuer: "https://169.254.169.254", privateNetwork: true }, /nothing is fetched from there/],
    ["a claim that the rule decides", { claims: { sub: "a", aud: US } }, /claims\.aud: .*does not belong here/],
    ["the same of iss", { claims: { sub: "a", iss: IDP } }, /claims\.iss: .*does not belong here/],
    ["no algorithm", { algorithms: [] }, /algorithms: .*empty list/],
    ["an algorithm that is none", { algorithms: ["none"] }, /no signature algorithm/],
    ["HMAC", { algorithms: ["HS256"] }, /no signature algorithm/],
    ["no type", { types: [] }, /types: .*empty list/],
    ["no keys", { jwks: { keys: [] } }, /jwks: .*no keys/],
    ["keys that are none", { jwks: { keys: [{ kty: "oct" }] } }, /jwks: .*cannot be used/],
    ["a secret", { jwks: { keys: [{ kty: "oct", k: "AAAA" }] } }, /private key/],
    ["a proxy with a password", { proxy: "http://a:b@proxy.example:3128" }, /proxy: .*without user/],
    ["a proxy that is none", { proxy: "socks5://proxy.example" }, /proxy: .*must be the URL of a proxy/],
    ["an audience that others share", { audience: "sts.amazonaws.com" }, /audience: .*sharedAudience: true/],
    ["the rule's issuer as audience", { audience: IDP }, /audience: .*sharedAudience: true/],
    ["the rule's issuer with another end", { issuer: `${IDP}/id/E`, audience: `${IDP}/id/E/` }, /audience: .*sharedAudience/],
    [
      "a cluster's issuer as audience, of which its API takes the tokens of all pods",
      {
        preset: "kubernetes",
        issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/E",
        audience: "https://oidc.eks.us-east-1.amazonaws.com/id/E",
        claims: { sub: "system:serviceaccount:shop:web" },
      },
      /audience: .*sharedAudience/,
    ],
    ["a claim that is a pattern", { claims: { sub: "repo:*" } }, /claims\.sub: .*no patterns/],
  ])("is %s", (_what, more, words) => {
    expect(faultOf(more)).toMatch(words);
  });

  it("is judged of a rule that is switched off, too", () => {
    expect(faultOf({ issuer: US, disabled: true })).toMatch(/this issuer itself/);
  });

  it("is a private key, nowhere in pasted keys", () => {
    expect(faultOf({ jwks: { keys: [...jwksOf(key).keys, { ...jwksOf(key).keys[0], d: "AAAA" }] } })).toMatch(/private key/);
    expect(faultOf({ jwks: jwksOf(key) })).toBeUndefined();
  });

  it("is nothing where a rule is right: another Signet, private places that are allowed", () => {
    const right = [
      { issuer: "https://signet.other.example/tenant" },
      { issuer: "http://127.0.0.1:8080", privateNetwork: true },
      { issuer: "https://10.0.0.1", privateNetwork: true },
      { issuer: "accounts.google.com", jwksUrl: "https://www.googleapis.com/oauth2/v3/certs" },
      { audience: "sts.amazonaws.com", sharedAudience: true },
      { audience: US },
      { audience: IDP, sharedAudience: true },
      { audience: `${IDP}/shop` },
      { types: ["at+jwt"], algorithms: ["RS256", "EdDSA"], proxy: "http://proxy.example:3128", caFile: "ca.pem" },
    ];
    expect(right.map((more) => faultOf(more))).toStrictEqual(right.map(() => undefined));
  });

  it("is no audience, where the issuer has no URL", () => {
    expect(attempt(() => judgeCaller("ci", { trusts: [rule as TrustRule] }, undefined))).toMatch(/audience: .*is missing/);
    expect(attempt(() => judgeCaller("ci", { trusts: [{ ...rule, audience: "x" } as TrustRule] }, undefined))).toBeUndefined();
  });
});

describe("an audience that parties share", () => {
  it.each([
    "sts.amazonaws.com",
    "STS.amazonaws.com",
    "api://AzureADTokenExchange",
    "https://kubernetes.default.svc",
    "https://kubernetes.default.svc.cluster.local",
    "https://kubernetes.default.svc.cluster.local/",
    "https://github.com/acme",
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/g",
  ])("is %s", (audience) => {
    expect(isSharedAudience(audience)).toBe(true);
  });

  it.each([US, "https://github.company.example/acme", "signet", "https://sts.company.example"])("is not %s", (audience) => {
    expect(isSharedAudience(audience)).toBe(false);
  });
});

describe("an exchange", () => {
  const exchange = (more: object) =>
    attempt(() =>
      judgeCaller("web", { exchanges: [{ issuer: IDP, audiences: ["api"], maxAgeSeconds: 60, ...more } as ExchangeRule] }, US),
    );

  it("need not say whose token it is, and may be for our own tokens", () => {
    expect([exchange({}), exchange({ issuer: US }), exchange({ claims: { groups: "x" } })]).toStrictEqual(
      Array(3).fill(undefined),
    );
  });

  it("may be for every token of a preset's issuer", () => {
    expect(exchange({ preset: "gitlab", issuer: undefined })).toBeUndefined();
  });

  it.each([
    { audience: "https://other-api.example" },
    { audience: IDP },
    { audience: `${US}/` },
    { audience: "x", sharedAudience: true },
  ])("is of tokens for us alone, and not of %j", (more) => {
    expect(exchange(more)).toMatch(/^callers\.web\.exchanges\.0\.audience: .*must be this issuer's URL/);
    expect(exchange({ audience: US })).toBeUndefined();
  });

  it("is none where this issuer has no URL", () => {
    const exchanges = [{ issuer: IDP, audiences: ["api"], maxAgeSeconds: 60 }];
    expect(attempt(() => judgeCaller("web", { exchanges }, undefined))).toMatch(/audience: .*member issuer/);
  });

  it("names an audience at least", () => {
    expect(exchange({ audiences: [] })).toMatch(/^callers\.web\.exchanges\.0\.audiences: .*empty list/);
  });
});

describe("a caller's own keys", () => {
  const keys = (given: object, issuer: string | undefined = US) =>
    attempt(() => judgeCaller("web", { keys: given as never }, issuer));

  it.each<[string, object, RegExp]>([
    ["none at all", {}, /^callers\.web\.keys: .*need jwks or jwksUrl/],
    ["two places", { jwks: { keys: [] }, jwksUrl: "https://client.example/jwks" }, /keep one/],
    ["our own", { jwksUrl: `${US}/.well-known/jwks.json` }, /own keys/],
    ["a private place", { jwksUrl: "https://10.1.1.1/jwks" }, /privateNetwork/],
  ])("cannot be %s", (_what, given, words) => {
    expect(keys(given)).toMatch(words);
  });

  it("are pasted, or at a URL; and need our URL", () => {
    expect(keys({ jwks: jwksOf(key) })).toBeUndefined();
    expect(keys({ jwksUrl: "https://client.example/jwks" })).toBeUndefined();
    expect(attempt(() => judgeCaller("web", { keys: { jwks: jwksOf(key) } }, undefined))).toMatch(/need this issuer's URL/);
  });
});
