import { describe, expect, it } from "vitest";
import { createImmediateIssuer, type ImmediateIssuer, type IssuerOptions } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";
import { NOW, signer } from "../http/routes-fixture.js";

function issuerWith(options: Partial<IssuerOptions> = {}) {
  let signed = 0;
  const sign = (input: string) => {
    signed += 1;
    return signer.sign(input);
  };
  const issuer = createImmediateIssuer({ signer: { ...signer, sign }, clock: () => NOW, ...options });
  return { issuer, signed: () => signed };
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "none";
}

describe("a request that is only checked", () => {
  const limits = { maxTtlSeconds: 600, allowedAudiences: ["api"], maxTokensPerMinute: 1 };
  const good: IssueRequest = { claims: { aud: "api" }, ttl: 60 };

  it.each<[string, unknown]>([
    ["a good one", good],
    ["no object", null],
    ["an unknown field", { ...good, setIAT: true }],
    ["another audience", { ...good, claims: { aud: "other" } }],
    ["too long a life", { ...good, ttl: 601 }],
    ["a type that is not allowed", { ...good, typ: "at+jwt" }],
    ["claims that are too large", { ...good, claims: { aud: "api", large: "x".repeat(20_000) } }],
  ])("is refused as it would be when issued: %s", async (_name, request) => {
    const said = (verb: "check" | "issue") =>
      codeOf(() => (issuerWith({ limits }).issuer[verb] as ImmediateIssuer["check"])(request as never));
    expect(await said("check")).toBe(await said("issue"));
  });

  it("is not signed, and does not count", async () => {
    const { issuer, signed } = issuerWith({ limits });
    await issuer.check(good);
    await issuer.check(good);
    expect(signed()).toBe(0);
    await issuer.issue(good);
    expect(await codeOf(() => issuer.check(good))).toBe("rate_exceeded");
  });

  it("waits for a key that has to be read", async () => {
    const read = (key: unknown) => issuerWith({ limits, signer: { current: async () => key as never } }).issuer;
    expect(await codeOf(() => read({ signer, maxTtlSeconds: 59 }).check(good))).toBe("ttl_exceeds_limit");
    expect(await codeOf(() => read({ signer, maxTtlSeconds: 60 }).check(good))).toBe("none");
  });
});
