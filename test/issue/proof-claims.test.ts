import { describe, expect, it } from "vitest";
import { type Caller, createCallers, type KnownCaller } from "../../src/issue/callers.js";
import type { IssuerOptions } from "../../src/issue/issuer.js";
import type { ProofOfCaller } from "../../src/issue/proof-claims.js";
import type { IssueRequest } from "../../src/issue/request.js";
import type { OwnLimits } from "../../src/settings/limits.js";
import { assertClaimsFromProofs } from "../../src/trust/judge-claims.js";

const NOW = 1_800_000_000;
const signer = { kid: "k", alg: "ES256", sign: () => Buffer.alloc(64) } as unknown as IssuerOptions["signer"];
const RULE = { claimsFromProof: { repository: "repo" } };

/** The caller "ci" beside "chat". */
function ci(own: Omit<Caller, "name">, limits?: OwnLimits): KnownCaller {
  const options = { signer, clock: () => NOW, issuer: "https://issuer.example", limits };
  // As every config, and every stack's callers, are.
  assertClaimsFromProofs(limits ?? {}, { ci: own, chat: {} });
  return createCallers(options, [{ name: "ci", ...own }, { name: "chat" }]).named("ci") as KnownCaller;
}

function proofOf(claimsForTokens: object, claims: object = {}, rule = "trusts.0"): ProofOfCaller {
  return { rule, claims: claims as ProofOfCaller["claims"], claimsForTokens: claimsForTokens as ProofOfCaller["claims"] };
}

function tokenOf(caller: KnownCaller, request: IssueRequest, kind: "issuer" | "clientIssuer" = "issuer") {
  const { token } = caller[kind].issue(request) as { token: string };
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
}

function refusal(code: string, field?: string) {
  return expect.objectContaining({ code, ...(field !== undefined && { field }) });
}

describe("a caller that a proof has shown", () => {
  it("gets the claims that the proof gives, beside its fixed ones, from both of its issuers", () => {
    const caller = ci({ trusts: [RULE], limits: { fixedClaims: { tenant: "{caller}" } } }).provenBy(
      proofOf({ repo: "acme/web" }),
    );
    expect(tokenOf(caller, { claims: { sub: "a" } })).toMatchObject({ sub: "a", tenant: "ci", repo: "acme/web" });
    expect(tokenOf(caller, { claims: {} }, "clientIssuer")).toMatchObject({ sub: "ci", client_id: "ci", repo: "acme/web" });
    expect(caller.limits.fixedClaims).toEqual({ tenant: "ci", repo: "acme/web" });
  });

  it("may ask for what the proof says, and for nothing else in its place", async () => {
    const caller = ci({ trusts: [RULE] }).provenBy(proofOf({ repo: { name: "web" } }));
    expect(tokenOf(caller, { claims: { repo: { name: "web" } } })).toMatchObject({ repo: { name: "web" } });
    for (const repo of ["acme/other", null, { name: "web", more: 1 }]) {
      expect(() => caller.issuer.issue({ claims: { repo } })).toThrow(refusal("claim_not_allowed", "claims.repo"));
    }
    const [good, bad] = await caller.issuer.issueMany([{ claims: {} }, { claims: { repo: "x" } }]);
    expect([good, bad]).toEqual([
      { token: expect.any(String) },
      { error: expect.objectContaining({ code: "claim_not_allowed" }) },
    ]);
  });

  it("leaves nothing of one proof to the next one, and nothing to whoever shows none", () => {
    const caller = ci({ trusts: [RULE] });
    expect(tokenOf(caller.provenBy(proofOf({ repo: "a" })), { claims: {} }).repo).toBe("a");
    expect(tokenOf(caller.provenBy(proofOf({ repo: "b" })), { claims: {} }).repo).toBe("b");
    expect(tokenOf(caller.provenBy(proofOf({ repo: "c" })).provenBy(proofOf({})), { claims: {} })).not.toHaveProperty("repo");
    expect(tokenOf(caller, { claims: {} })).not.toHaveProperty("repo");
  });

  it.each([
    ["by secret", (caller: KnownCaller) => caller],
    ["by a rule that does not give it", (caller: KnownCaller) => caller.provenBy(proofOf({}, {}, "trusts.1"))],
    ["by its own assertion", (caller: KnownCaller) => caller.provenBy(proofOf({}, { repository: "acme/web" }, "keys"))],
  ])("cannot say a claim of proofs by itself: %s", (_, shown) => {
    const caller = shown(ci({ trusts: [RULE, {}] }));
    expect(() => caller.issuer.issue({ claims: { repo: "acme/web" } })).toThrow(refusal("claim_not_allowed", "claims.repo"));
    expect(() => caller.clientIssuer.issue({ claims: { repo: "acme/web" } })).toThrow(
      refusal("claim_not_allowed", "claims.repo"),
    );
  });

  it("gets by it what its limits require and do not let it ask", () => {
    const caller = ci({ trusts: [RULE], limits: { requiredClaims: ["repo"], allowedClaims: ["sub"] } });
    expect(tokenOf(caller.provenBy(proofOf({ repo: "a" })), { claims: { repo: "a" } })).toMatchObject({ repo: "a" });
    expect(() => caller.provenBy(proofOf({})).issuer.issue({ claims: {} })).toThrow(refusal("claim_required", "claims.repo"));
    expect(() => caller.issuer.issue({ claims: {} })).toThrow(refusal("claim_required", "claims.repo"));
  });

  it.each([
    [{ repo: Number.MAX_SAFE_INTEGER + 1 }],
    [{ repo: "\ud800" }],
    [{ repo: JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`) }],
    [{ repo: "x".repeat(20_000) }],
    [{ other: "x" }],
    [{ iss: "https://evil.example" }],
    [JSON.parse('{"__proto__":"x"}')],
  ])("is refused where the proof gives what no token of it may say: %#", (claims) => {
    const caller = ci({ trusts: [RULE] });
    expect(() => caller.provenBy(proofOf(claims))).toThrow(refusal("proof_refused"));
  });

  it("keeps its rate, and counts what it gets by proof", () => {
    const caller = ci({ trusts: [RULE], limits: { maxTokensPerMinute: 1 } }).provenBy(proofOf({ repo: "a" }));
    tokenOf(caller, { claims: {} });
    expect(() => caller.clientIssuer.issue({ claims: {} })).toThrow(refusal("rate_exceeded"));
  });
});

describe("a sub from a proof", () => {
  const trusts = [{ claimsFromProof: { sub: "sub" }, subjectPrefix: "github:" }];

  it("stands in place of the client's own name", () => {
    const caller = ci({ trusts }).provenBy(proofOf({ sub: "github:repo:acme/web" }));
    expect(tokenOf(caller, { claims: {} }, "clientIssuer")).toMatchObject({ sub: "github:repo:acme/web", client_id: "ci" });
    expect(() => caller.issuer.issue({ claims: { sub: "alice" } })).toThrow(refusal("claim_not_allowed", "claims.sub"));
  });

  it.each(["chat", "ci", "gitlab:x", "", 5, null, ["github:x"]])("is refused without its rule's prefix: %j", (sub) => {
    expect(() => ci({ trusts }).provenBy(proofOf({ sub }))).toThrow(refusal("proof_refused", "claims.sub"));
  });

  it("is never a caller's name, whatever the prefix", () => {
    const late = [{ claimsFromProof: { sub: "sub" }, subjectPrefix: "x" }];
    expect(() => ci({ trusts: late, limits: { fixedClaims: {} } }).provenBy(proofOf({ sub: "xavier" }))).not.toThrow();
    const named = (name: string) => () => assertClaimsFromProofs({}, { ci: { trusts: late }, [name]: {} });
    expect(named("xavier")).toThrow(refusal("config_invalid", "callers.ci.trusts.0.subjectPrefix"));
  });
});

describe("{proof.NAME} in fixed claims", () => {
  const limits = { fixedClaims: { tenant: "{proof.owner}", where: ["acme:{proof.repository_id}:{caller}"], team: "a" } };
  const trusts = [{}];

  it("stands for a claim of the proof: any value where it stands alone", () => {
    const owner = { names: ["{proof.repository_id}", "{caller}"], id: 7 };
    const caller = ci({ trusts, limits }).provenBy(proofOf({}, { owner, repository_id: "12-3.a_B" }));
    expect(tokenOf(caller, { claims: {} })).toMatchObject({ tenant: owner, where: ["acme:12-3.a_B:ci"], team: "a" });
    expect(() => caller.issuer.issue({ claims: { tenant: "x" } })).toThrow(refusal("claim_not_allowed", "claims.tenant"));
  });

  it.each(["a:b", "a/b", "", "a b", "a\nb", "ä", "..", ".", 5, null, ["a"], "{proof.owner}"])(
    "takes into a text only what cannot hold a separator: %j",
    (repository_id) => {
      const shown = () => ci({ trusts, limits }).provenBy(proofOf({}, { owner: "x", repository_id }));
      expect(shown).toThrow(refusal("proof_refused", "claims.where"));
    },
  );

  it("is refused where the proof does not have the claim, also one that every object answers to", () => {
    expect(() => ci({ trusts, limits }).provenBy(proofOf({}, { repository_id: "1" }))).toThrow(
      refusal("proof_refused", "claims.tenant"),
    );
    const inherited = { fixedClaims: { tenant: "{proof.constructor}" } };
    expect(() => ci({ trusts, limits: inherited }).provenBy(proofOf({}))).toThrow(refusal("proof_refused", "claims.tenant"));
  });

  it("is not filled in from a token that the caller has signed itself", () => {
    const own = proofOf({}, { owner: "x", repository_id: "1" }, "keys");
    expect(() => ci({ trusts, limits }).provenBy(own)).toThrow(refusal("proof_refused", "claims.tenant"));
  });

  it.each([{ own: limits }, { own: undefined, of: limits }])(
    "gives whoever shows no proof a clear refusal, and no token: %#",
    ({ own, of }) => {
      const caller = ci({ trusts, limits: own }, of);
      const missing = refusal("claim_required", "claims.tenant");
      expect(() => caller.issuer.issue({ claims: {} })).toThrow(missing);
      expect(() => caller.clientIssuer.issue({ claims: {} })).toThrow(missing);
    },
  );

  it("makes a sub only behind a text of its own, which is then fixed", () => {
    const sub = { fixedClaims: { sub: "github:{proof.repository_id}" } };
    const caller = ci({ trusts, limits: sub }).provenBy(proofOf({}, { repository_id: "5" }));
    expect(tokenOf(caller, { claims: {} }, "clientIssuer")).toMatchObject({ sub: "github:5", client_id: "ci" });
  });
});

describe("rules and fixed claims", () => {
  const NEVER = "iss aud exp nbf iat jti client_id azp scope scp authorization_details act may_act cnf".split(" ");
  const at = "callers.ci.trusts.0.claimsFromProof";
  const copying = (claimsFromProof: object, more: object = {}) => ({
    trusts: [{ claimsFromProof: claimsFromProof as Record<string, unknown>, ...more }],
  });

  it.each(NEVER)("never let a proof decide %s", (claim) => {
    expect(() => ci(copying({ x: claim }))).toThrow(refusal("config_invalid", `${at}.x`));
    expect(() => ci({ limits: { fixedClaims: { [claim]: "{proof.x}" } } })).toThrow(refusal("config_invalid"));
  });

  it.each([
    ["a claim fixed already", copying({ x: "tenant" }, {}), { fixedClaims: { tenant: "a" } }],
    ["a claim that the caller's limits fix", { ...copying({ x: "team" }), limits: { fixedClaims: { team: "a" } } }, undefined],
    ["a claim that the issuer does not allow", copying({ x: "repo" }), { allowedClaims: ["sub"] }],
    ["one claim for two", copying({ x: "repo", y: "repo" }), undefined],
    ["no name", copying({ x: "" }), undefined],
    ["no text", copying({ x: 5 }), undefined],
    ["a name that is too long", copying({ x: "x".repeat(300) }), undefined],
    ["a sub without a prefix", copying({ x: "sub" }), undefined],
    ["a prefix that begins a caller's name", copying({ x: "sub" }, { subjectPrefix: "ch" }), undefined],
    ["a prefix that is its own name", copying({ x: "sub" }, { subjectPrefix: "ci" }), undefined],
    ["a sub that is all the proof's", { limits: { fixedClaims: { sub: "{proof.sub}" } } }, undefined],
    ["a sub whose beginning begins a caller's name", { limits: { fixedClaims: { sub: "ch{proof.sub}" } } }, undefined],
    ["a text without its end", { limits: { fixedClaims: { tenant: "a{proof.owner" } } }, undefined],
    ["a text without a name", { limits: { fixedClaims: { tenant: ["{proof.}"] } } }, undefined],
  ])("are refused: %s", (_, own, limits) => {
    expect(() => ci(own as Omit<Caller, "name">, limits)).toThrow(refusal("config_invalid"));
  });

  it("are judged in exchanges as well", () => {
    expect(() => ci({ exchanges: [{ claimsFromProof: { x: "aud" } }] })).toThrow(
      refusal("config_invalid", "callers.ci.exchanges.0.claimsFromProof.x"),
    );
  });
});
