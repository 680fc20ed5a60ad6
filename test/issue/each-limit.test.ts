import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/errors.js";
import { createCallers } from "../../src/issue/callers.js";
import { createImmediateIssuer, type ImmediateIssuer, type IssuerOptions } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";
import type { Limits, OwnLimits } from "../../src/settings/limits.js";
import { textOf } from "../house/repository.js";

const signer = { kid: "k", alg: "ES256", sign: () => Buffer.alloc(64) } as unknown as IssuerOptions["signer"];
const options = { signer, clock: () => 1_800_000_000 };

interface Story {
  readonly limits: OwnLimits;
  readonly request: IssueRequest;
  /** How the request is refused; where it is granted, what the token says. */
  readonly ends: ErrorCode | Readonly<Record<string, unknown>>;
  /** How often it is granted before. */
  readonly first?: number;
}

/** For each limit, what it keeps from being issued. A new limit has to have its story. */
const STORIES: { readonly [Name in keyof Limits]-?: Story } = {
  maxTtlSeconds: { limits: { maxTtlSeconds: 60 }, request: { claims: {}, ttl: 61 }, ends: "ttl_exceeds_limit" },
  defaultTtlSeconds: { limits: { defaultTtlSeconds: 60 }, request: { claims: {} }, ends: { exp: 1_800_000_060 } },
  requireExpiration: {
    limits: { requireExpiration: true, defaultTtlSeconds: null },
    request: { claims: {} },
    ends: "expiration_required",
  },
  fixedClaims: { limits: { fixedClaims: { tenant: "a" } }, request: { claims: { tenant: "b" } }, ends: "claim_not_allowed" },
  allowedClaims: { limits: { allowedClaims: ["sub"] }, request: { claims: { role: "admin" } }, ends: "claim_not_allowed" },
  requiredClaims: { limits: { requiredClaims: ["sub"] }, request: { claims: {} }, ends: "claim_required" },
  allowedAudiences: { limits: { allowedAudiences: ["a"] }, request: { claims: { aud: "b" } }, ends: "audience_not_allowed" },
  allowedTypes: { limits: { allowedTypes: ["at+jwt"] }, request: { claims: {}, typ: "x+jwt" }, ends: "type_not_allowed" },
  maxTokensPerMinute: { limits: { maxTokensPerMinute: 1 }, request: { claims: {} }, ends: "rate_exceeded", first: 1 },
};

/** Whose limits they are: the issuer's own, a caller's, or the issuer's where a caller has none. */
const HOLDERS: Readonly<Record<string, (limits: OwnLimits) => ImmediateIssuer>> = {
  "the issuer": (limits) => createImmediateIssuer({ ...options, limits }),
  "a caller": (limits) => createCallers(options, [{ name: "web", limits }]).named("web")?.issuer as ImmediateIssuer,
  "the issuer, for a caller": (limits) =>
    createCallers({ ...options, limits }, [{ name: "web" }]).named("web")?.issuer as ImmediateIssuer,
};

describe.each(Object.entries(HOLDERS))("the limits of %s", (_, issuerWith) => {
  it.each(Object.entries(STORIES))("hold with %s", (_name, { limits, request, ends, first = 0 }) => {
    const issuer = issuerWith(limits);
    for (let index = 0; index < first; index++) issuer.issue(request);
    if (typeof ends === "string") {
      expect(() => issuer.issue(request)).toThrow(expect.objectContaining({ code: ends }));
      return;
    }
    const { token } = issuer.issue(request) as { token: string };
    expect(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())).toMatchObject(ends);
  });
});

describe("the limits of a caller in the CDK construct", () => {
  it("are the same", () => {
    const body = /interface CallerLimits \{(?<members>[^}]*)\}/.exec(textOf("cdk/src/jwt-issuer.ts"))?.groups?.members ?? "";
    expect([...body.matchAll(/readonly (\w+)\?:/g)].map(([, name]) => name).sort()).toStrictEqual(Object.keys(STORIES).sort());
  });
});
