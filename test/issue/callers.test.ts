import { describe, expect, it } from "vitest";
import { createCallers, type KnownCaller } from "../../src/issue/callers.js";
import type { IssuerOptions } from "../../src/issue/issuer.js";
import type { OwnLimits } from "../../src/settings/limits.js";

const NOW = 1_800_000_000;
const signer = { kid: "k", alg: "ES256", sign: () => Buffer.alloc(64) } as unknown as IssuerOptions["signer"];

/** The claims that the caller "web" gets beside "chat". */
function claimsOf(claims: Readonly<Record<string, unknown>>, own: OwnLimits = {}, kind: "issuer" | "clientIssuer" = "issuer") {
  const callers = createCallers({ signer, clock: () => NOW }, [{ name: "web", limits: own }, { name: "chat" }]);
  const { token } = (callers.named("web") as KnownCaller)[kind].issue({ claims }) as { token: string };
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
}

describe("a caller", () => {
  it.each([
    { client_id: "chat" },
    { azp: "chat" },
    { azp: ["chat"] },
    { client_id: ["x", "chat"] },
    { azp: [["chat"]] },
    { client_id: { 0: ["chat"] } },
  ])("gets no token that says it was issued to another one: %j", (claims) => {
    expect(() => claimsOf(claims)).toThrow(
      expect.objectContaining({ code: "claim_not_allowed", field: `claims.${Object.keys(claims)[0]}` }),
    );
  });

  it.each([
    { client_id: "web" },
    { azp: "web" },
    { azp: "sts.amazonaws.com" },
    { client_id: "chats" },
    { sub: "chat" },
    { azp: 5 },
  ])("may say its own name there, and every other value: %j", (claims) => {
    expect(claimsOf(claims)).toMatchObject(claims);
  });

  it("gets a fixed claim of any name, also of one that every object answers to", () => {
    const own = { fixedClaims: { constructor: "a", toString: "b" } };
    expect(claimsOf({}, own)).toMatchObject(own.fixedClaims);
    expect(() => claimsOf({ constructor: "c" }, own)).toThrow(expect.objectContaining({ code: "claim_not_allowed" }));
  });

  it("says another one's name where its limits fix it", () => {
    const own = { fixedClaims: { azp: "chat", sub: "chat" } };
    expect(claimsOf({}, own)).toMatchObject({ azp: "chat", sub: "chat" });
    expect(claimsOf({ azp: "chat" }, own)).toMatchObject({ azp: "chat" });
    expect(() => claimsOf({ client_id: "chat" }, own)).toThrow(expect.objectContaining({ code: "claim_not_allowed" }));
  });

  it("as an OAuth client has its own name as sub and client_id", () => {
    expect(claimsOf({}, {}, "clientIssuer")).toMatchObject({ sub: "web", client_id: "web" });
    for (const claims of [{ sub: "chat" }, { client_id: "chat" }, { azp: "chat" }]) {
      expect(() => claimsOf(claims, {}, "clientIssuer")).toThrow(expect.objectContaining({ code: "claim_not_allowed" }));
    }
  });

  it.each([
    ["tenant-a/*", "tenant-a/b/*", "tenant-a/b/x"],
    ["tenant-a/b/*", "tenant-a/*", "tenant-a/b/x"],
    ["tenant-a/*", "*", "tenant-a/x"],
    ["tenant-a/x", "tenant-a/*", "tenant-a/x"],
  ])("is held to the narrower of %s and %s", (issuer, caller, audience) => {
    const limits = { allowedAudiences: [issuer] };
    const callers = createCallers({ signer, clock: () => NOW, limits }, [
      { name: "web", limits: { allowedAudiences: [caller] } },
    ]);
    expect(callers.named("web")?.issuer.issue({ claims: { aud: audience } })).toHaveProperty("token");
    for (const aud of ["other", "tenant-a", "tenant-ab"]) {
      expect(() => callers.named("web")?.issuer.issue({ claims: { aud } })).toThrow(
        expect.objectContaining({ code: "audience_not_allowed" }),
      );
    }
  });

  it("whose limits fix a claim that the issuer does not allow is refused at once", () => {
    const limits = { allowedClaims: ["sub"] };
    expect(() => createCallers({ signer, limits }, [{ name: "web", limits: { fixedClaims: { admin: true } } }])).toThrow(
      expect.objectContaining({ code: "config_invalid", field: "fixedClaims.admin" }),
    );
  });
});
