import { describe, expect, it } from "vitest";
import { PRESET_NAMES, type TrustRule } from "../../src/settings/trusts.js";
import { describePreset, expandPreset } from "../../src/trust/presets.js";
import { WORKLOAD_TOKENS } from "../world/workload-tokens.js";

const JWKS = { keys: [] };
const rule = (given: object): TrustRule => ({ maxAgeSeconds: 3_600, ...given });
const expand = (given: object) => expandPreset(rule(given));
const refusal = (given: object) => {
  try {
    expand(given);
  } catch (error) {
    return error;
  }
  throw new Error("it was taken");
};

describe("a preset", () => {
  it.each(WORKLOAD_TOKENS)("takes the rule for $name, and a second time as it made it", ({ rule: given, claims }) => {
    const once = expand({ jwks: JWKS, ...given });
    const { identifiedBy, profile, ...written } = once;
    expect(once.issuer).toBe(claims.iss ?? "spiffe://example.org");
    expect(identifiedBy).not.toEqual([]);
    expect(expandPreset(written)).toStrictEqual(once);
  });

  it("is tried with a token of each", () => {
    expect(new Set(WORKLOAD_TOKENS.map((token) => token.rule.preset))).toStrictEqual(new Set(PRESET_NAMES));
    for (const name of PRESET_NAMES) expect(Object.values(describePreset(name)).every((words) => words !== "")).toBe(true);
  });

  it("excludes pull_request_target where neither environment nor workflow is chosen", () => {
    const excluded = { event_name: { not: ["pull_request_target"] } };
    const of = (claims: object) => expand({ preset: "github-actions", claims: { repository_id: "1", ...claims } }).claims;
    expect(of({})).toMatchObject(excluded);
    expect(of({ environment: { not: ["prod"] } })).toMatchObject(excluded);
    expect(of({ environment: "prod" })).not.toHaveProperty("event_name");
    expect(of({ job_workflow_ref: { prefix: "acme/ci/" } })).not.toHaveProperty("event_name");
    expect(of({ event_name: "push" })).toHaveProperty("event_name", "push");
    expect(of({ event_name: { not: "schedule" } })).toMatchObject({ event_name: { not: ["schedule", "pull_request_target"] } });
    expect(of({ event_name: "pull_request_target", environment: "prod" })).toHaveProperty("event_name", "pull_request_target");
  });

  it("puts what STS says below STS's name, beside what stands there", () => {
    const { claims } = expand({
      preset: "aws",
      issuer: "https://a1.tokens.sts.global.api.aws",
      claims: { principal_id: PRINCIPAL, "https://sts.amazonaws.com/": { org_id: "o-1" } },
    });
    expect(claims).toStrictEqual({ "https://sts.amazonaws.com/": { org_id: "o-1", principal_id: PRINCIPAL } });
  });

  it("holds Entra's tokens to the issuer's tenant, and knows what its keys leave out", () => {
    const tenant = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    const { claims, algorithms } = expand({ preset: "azure", issuer: `https://sts.windows.net/${tenant}/`, any: true });
    expect([claims, algorithms]).toStrictEqual([{ tid: tenant }, ["RS256"]]);
  });

  it("finds a trust domain in the subject, and keeps every SVID within it", () => {
    const jwks = JWKS;
    const named = expand({ preset: "spiffe", jwks, claims: { sub: ["spiffe://a.example/x", "spiffe://a.example/y"] } });
    expect([named.issuer, named.profile, named.types]).toStrictEqual(["spiffe://a.example", "spiffe", ["JWT", "JOSE"]]);
    const all = expand({ preset: "spiffe", jwks, issuer: "spiffe://a.example", any: true });
    expect(all.claims).toStrictEqual({ sub: { prefix: "spiffe://a.example/" } });
    const discovered = expand({ preset: "spiffe", issuer: "https://a.example", claims: { sub: "spiffe://a.example/x" } });
    expect(discovered).not.toHaveProperty("profile");
  });

  it("leaves a rule without one as it is, known by its sub", () => {
    const given = rule({ issuer: "https://idp.example", claims: { sub: "x" } });
    expect(expandPreset(given)).toStrictEqual({ ...given, identifiedBy: [["sub"]] });
    expect(refusal({ claims: { sub: "x" } })).toMatchObject({ code: "config_invalid", field: "issuer" });
  });

  it("tries out an issuer of this machine", () => {
    const issuer = "http://127.0.0.1:9000";
    expect(expand({ preset: "github-actions", issuer, claims: { repository_id: "1" } }).issuer).toBe(issuer);
  });
});

const EKS = "https://oidc.eks.us-east-1.amazonaws.com/id/E";
const AWS = "https://a1.tokens.sts.global.api.aws";
const PRINCIPAL = "arn:aws:iam::123456789012:role/r";
const OID = "00aa00aa-bb11-cc22-dd33-44ee44ee44ee";
const TENANT = "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0";
const SA = "system:serviceaccount:prod:api";

describe("a preset refuses", () => {
  it.each<[string, object, string, string]>([
    ["a name that it has not", { preset: "github-action" }, "preset", "did you mean github-actions?"],
    ["a name of every object", { preset: "constructor" }, "preset", "no preset"],
    ["no identity", { preset: "github-actions" }, "claims", "repository_id"],
    ["a repository's name", { preset: "github-actions", claims: { repository: "acme/app" } }, "claims", "gh api"],
    [
      "a subject of names",
      { preset: "github-actions", claims: { sub: "repo:acme/app:ref:refs/heads/main" } },
      "claims",
      "taken over",
    ],
    ["a number for an id that is a text", { preset: "github-actions", claims: { repository_id: 74 } }, "claims", "text"],
    ["an id that only excludes", { preset: "github-actions", claims: { repository_id: { not: ["1"] } } }, "claims", "fix"],
    ["an empty list of ids", { preset: "github-actions", claims: { repository_id: [] } }, "claims", "fix"],
    ["a list with a name among ids", { preset: "github-actions", claims: { repository_id: ["1", "acme"] } }, "claims", "fix"],
    [
      "GitHub itself as issuer",
      { preset: "github-actions", issuer: "https://github.com", claims: {} },
      "issuer",
      "_services/token",
    ],
    ["a path of GitLab", { preset: "gitlab", claims: { project_path: "acme/app" } }, "claims", "project_id"],
    [
      "GitLab over http",
      { preset: "gitlab", issuer: "http://git.example", claims: { project_id: "1" } },
      "issuer",
      "your GitLab",
    ],
    ["a pipeline's slug alone", { preset: "buildkite", claims: { pipeline_slug: "app" } }, "claims", "organization_slug"],
    ["another Buildkite", { preset: "buildkite", issuer: "https://b.example", claims: {} }, "issuer", "agent.buildkite.com"],
    ["a cluster without keys", { preset: "kubernetes", claims: { sub: SA } }, "issuer", "--jwks jwks.json"],
    [
      "the same by a shorter name",
      { preset: "kubernetes", issuer: "https://kubernetes.default.svc", claims: { sub: SA } },
      "issuer",
      "many clusters",
    ],
    [
      "an API server without its CA",
      { preset: "kubernetes", jwksUrl: "https://10.0.0.1:6443/openid/v1/jwks", claims: { sub: SA } },
      "caFile",
      "--ca-file",
    ],
    [
      "every account of a cluster",
      { preset: "kubernetes", issuer: EKS, claims: { sub: { prefix: "system:serviceaccount:" } } },
      "claims",
      "namespace",
    ],
    [
      "a pod's token once",
      { preset: "kubernetes", issuer: EKS, singleUse: true, claims: { sub: SA } },
      "singleUse",
      "many times",
    ],
    ["STS without an issuer", { preset: "aws", claims: { principal_id: "x" } }, "issuer", "outbound-web-identity"],
    [
      "a subject of STS",
      { preset: "aws", issuer: AWS, claims: { sub: "arn:aws:iam::123456789012:role/r" } },
      "claims",
      "principal_id",
    ],
    ["an ARN without an account", { preset: "aws", issuer: AWS, claims: { principal_id: "role/r" } }, "claims", "ARN"],
    [
      "a request's tags",
      {
        preset: "aws",
        issuer: AWS,
        claims: { aws_account: "123456789012", "https://sts.amazonaws.com/": { request_tags: { a: "b" } } },
      },
      "claims",
      "request_tags",
    ],
    ...[[{ org_id: "o-1" }, { org_id: "o-2" }], [{ org_id: "o-1" }], { not: ["x"] }, { prefix: "x:" }, "x", null].map(
      (beside): [string, object, string, string] => [
        `a principal beside ${JSON.stringify(beside)}`,
        { preset: "aws", issuer: AWS, claims: { principal_id: PRINCIPAL, "https://sts.amazonaws.com/": beside } },
        "claims.https://sts.amazonaws.com/",
        "one object, whose members may be lists",
      ],
    ),
    [
      "a request's tags among others",
      {
        preset: "aws",
        issuer: AWS,
        any: true,
        claims: { "https://sts.amazonaws.com/": [{ org_id: "o-1" }, { request_tags: { a: "b" } }] },
      },
      "claims",
      "request_tags",
    ],
    [
      "a principal twice",
      { preset: "aws", issuer: AWS, claims: { principal_id: "a", "https://sts.amazonaws.com/": { principal_id: "b" } } },
      "claims.principal_id",
      "once",
    ],
    ["an email of Google", { preset: "gcp", claims: { email: "a@b.iam.gserviceaccount.com" } }, "claims", "uniqueId"],
    ["a beginning of Google's sub", { preset: "gcp", claims: { sub: { prefix: "1:" } } }, "claims", "sub"],
    ["Entra without a tenant", { preset: "azure", claims: { oid: OID } }, "issuer", "TENANT"],
    ...["common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad", "{tenantid}", "contoso.com"].map(
      (tenant): [string, object, string, string] => [
        `Entra's ${tenant}`,
        { preset: "azure", issuer: `https://login.microsoftonline.com/${tenant}/v2.0`, claims: { oid: OID } },
        "issuer",
        "any tenant",
      ],
    ),
    [
      "another tenant than the issuer's",
      { preset: "azure", issuer: TENANT, claims: { oid: OID, tid: OID } },
      "claims.tid",
      "tenant",
    ],
    ["an application's name", { preset: "azure", issuer: TENANT, claims: { azp: OID } }, "claims", "az ad sp show"],
    ["a trust domain without keys", { preset: "spiffe", claims: { sub: "spiffe://a.example/x" } }, "jwksUrl", "bundle"],
    [
      "an SVID of another trust domain",
      { preset: "spiffe", jwks: JWKS, issuer: "spiffe://a.example", claims: { sub: "spiffe://b.example/x" } },
      "claims.sub",
      "a.example",
    ],
    [
      "all of a trust domain",
      { preset: "spiffe", jwks: JWKS, claims: { sub: { prefix: "spiffe://a.example/" } } },
      "claims",
      "below the trust domain",
    ],
    [
      "SVIDs of two trust domains",
      { preset: "spiffe", jwks: JWKS, claims: { sub: ["spiffe://a.b/x", "spiffe://c.d/x"] } },
      "issuer",
      "spiffe://",
    ],
    [
      "an SVID once",
      { preset: "spiffe", jwks: JWKS, singleUse: true, claims: { sub: "spiffe://a.b/x" } },
      "singleUse",
      "many times",
    ],
    ["another Signet without its URL", { preset: "signet", claims: { sub: "web" } }, "issuer", "other Signet"],
    ["another Signet without a subject", { preset: "signet", issuer: "https://o.example" }, "claims", "sub"],
  ])("%s", (_name, given, field, words) => {
    expect(refusal(given)).toMatchObject({ code: "config_invalid", field, message: expect.stringContaining(words) });
  });

  it("nothing of what it refused for want of an identity, where every token is trusted", () => {
    expect(expand({ preset: "gitlab", any: true }).issuer).toBe("https://gitlab.com");
  });
});
