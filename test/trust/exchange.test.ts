import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSignetError } from "../../src/errors.js";
import type { ExchangedToken } from "../../src/trust/contract.js";
import { type ExchangeAsked, type NarrowedExchange, narrowExchange } from "../../src/trust/exchange.js";

const US = "https://issuer.example";
const IDP = "https://idp.example";
const END = 2_000_000_000;

interface Given {
  /** Of the rule; without it what the claim `iss` says. */
  readonly issuer?: string;
  readonly claims?: object;
  readonly subject?: string | undefined;
  readonly audiences?: readonly string[];
  readonly scopes?: readonly string[];
  readonly expiresAt?: number;
}

function token({
  claims = {},
  issuer = (claims as { iss?: string }).iss ?? IDP,
  audiences = ["api"],
  scopes = ["read", "write"],
  expiresAt = END,
  ...rest
}: Given = {}): ExchangedToken {
  const subject = "subject" in rest ? rest.subject : "alice";
  const all = { iss: IDP, ...(subject !== undefined && { sub: subject }), scope: "read write", ...claims };
  return {
    rule: "exchanges.0",
    issuer,
    subject,
    claims: all,
    audiences,
    scopes,
    expiresAt,
    claimsForTokens: {},
    use: async () => undefined,
  };
}

function narrowed(subject: ExchangedToken, asked: Partial<ExchangeAsked> = {}, actor?: ExchangedToken): NarrowedExchange {
  const parties = { subject, actor, client: "web", issuer: US, isCaller: (name: string) => name === "web" };
  return narrowExchange({ audiences: [], scopes: undefined, ...asked }, parties);
}

function refusal(work: () => unknown): { readonly code: string; readonly field?: string | undefined } {
  try {
    work();
  } catch (error) {
    if (isSignetError(error)) return { code: error.code, field: error.field };
    throw error;
  }
  throw new Error("it was allowed");
}

describe("an exchange", () => {
  it("gives the subject's scopes that the rule allows where none are asked, and the rule's only audience", () => {
    const subject = token({ claims: { scope: "admin write read" } });
    expect(narrowed(subject)).toStrictEqual({ subject: "alice", audiences: ["api"], scopes: ["write", "read"], expiresAt: END });
  });

  it("gives what is asked, once", () => {
    const subject = token({ audiences: ["a", "b", "c"] });
    const asked = { audiences: ["b", "a", "b"], scopes: ["read", "read"] };
    expect(narrowed(subject, asked)).toMatchObject({ audiences: ["b", "a"], scopes: ["read"] });
  });

  it.each([
    ["an audience of another", { audiences: ["api", "other"] }, "audience_not_allowed", "claims.aud"],
    ["an audience that begins alike", { audiences: ["api/"] }, "audience_not_allowed", "claims.aud"],
    ["a scope that the subject lacks", { scopes: ["read", "delete"] }, "claim_not_allowed", "claims.scope"],
  ])("refuses %s, and leaves nothing out", (_name, asked, code, field) => {
    const subject = token({ scopes: ["read", "write", "delete"] });
    expect(refusal(() => narrowed(subject, asked))).toStrictEqual({ code, field });
  });

  it("takes no audience for a pattern", () => {
    const subject = token({ audiences: ["https://api.example/*"] });
    expect(refusal(() => narrowed(subject, { audiences: ["https://api.example/x"] })).code).toBe("audience_not_allowed");
  });

  it("asks for an audience where there are several", () => {
    const refused = { code: "claim_required", field: "claims.aud" };
    expect(refusal(() => narrowed(token({ audiences: ["a", "b"] })))).toStrictEqual(refused);
    expect(refusal(() => narrowed(token({ audiences: [] })))).toStrictEqual(refused);
  });

  it.each([
    ["no scope", { scope: undefined }, []],
    ["scp, a list", { scope: undefined, scp: ["read", 1, null] }, ["read"]],
    ["scope, a list", { scope: ["write"] }, ["write"]],
    ["scope that is neither", { scope: { read: true } }, []],
  ])("gives of a subject's token with %s no more than that", (_name, claims, scopes) => {
    expect(narrowed(token({ claims })).scopes).toStrictEqual(scopes);
  });

  it("ends with the first of its tokens", () => {
    expect(narrowed(token({ expiresAt: END + 9.9 }), {}, token({ subject: "svc", expiresAt: END })).expiresAt).toBe(END);
    expect(narrowed(token({ expiresAt: END + 0.9 }), {}, token({ subject: "svc", expiresAt: END + 5 })).expiresAt).toBe(END);
  });

  it("is bounded by the actor's rule, and by the actor's scopes where it has some", () => {
    const subject = token({ audiences: ["a", "b"] });
    const actor = token({ subject: "svc", audiences: ["b", "c"], claims: { scope: undefined } });
    expect(narrowed(subject, {}, actor)).toMatchObject({ audiences: ["b"], scopes: ["read", "write"] });
    expect(narrowed(token(), {}, token({ subject: "svc", claims: { scope: "write x" } })).scopes).toStrictEqual(["write"]);
    expect(narrowed(subject, { audiences: ["a"] }, token({ subject: "svc", audiences: ["a"], scopes: [] })).scopes).toStrictEqual(
      [],
    );
    expect(refusal(() => narrowed(subject, { audiences: ["a"] }, actor)).code).toBe("audience_not_allowed");
  });

  it.each([
    ["a subject without a name", token({ subject: undefined }), undefined, "subject_token"],
    ["a subject with an empty name", token({ subject: "" }), undefined, "subject_token"],
    ["a subject of another issuer that has a caller's name", token({ subject: "web" }), undefined, "subject_token"],
    ["an actor without a name", token(), token({ subject: undefined }), "actor_token"],
    ["an actor that acts for another", token(), token({ claims: { act: { sub: "x" } } }), "actor_token"],
  ])("refuses %s", (_name, subject, actor, field) => {
    expect(refusal(() => narrowed(subject, {}, actor))).toStrictEqual({ code: "proof_refused", field });
  });
});

describe("the subject of an exchange", () => {
  it("may be a caller where the token is our own", () => {
    expect(narrowed(token({ subject: "web", claims: { iss: US } })).subject).toBe("web");
  });

  it("is never a caller's name where no URL is ours: a token without iss is then not our own", () => {
    const parties = { client: "web", issuer: undefined, isCaller: (name: string) => name === "web" };
    for (const iss of [undefined, IDP]) {
      const subject = token({ subject: "web", claims: { iss } });
      expect(refusal(() => narrowExchange({ audiences: [], scopes: undefined }, { ...parties, subject }))).toStrictEqual({
        code: "proof_refused",
        field: "subject_token",
      });
    }
  });

  it("is what the rule makes of the proof", () => {
    expect(narrowed({ ...token(), claimsForTokens: { sub: "idp:42" } }).subject).toBe("idp:42");
  });
});

describe("may_act", () => {
  const saying = (mayAct: unknown) => token({ claims: { may_act: mayAct } });
  const svc = (iss = IDP) => token({ subject: "svc", claims: { iss, email: "svc@example" } });

  it.each([
    ["the client by its name", { sub: "web" }, undefined],
    ["the client by its client_id", { client_id: "web" }, undefined],
    ["the client of our issuer", { iss: US, sub: "web" }, undefined],
    ["the actor of the same issuer", { sub: "svc" }, svc()],
    ["the actor with its issuer", { iss: "https://other.example", sub: "svc" }, svc("https://other.example")],
    ["the actor by more than its name", { sub: "svc", email: "svc@example" }, svc()],
  ])("lets %s act", (_name, mayAct, actor) => {
    expect(narrowed(saying(mayAct), {}, actor).subject).toBe("alice");
  });

  it.each([
    ["another client", { sub: "other" }, undefined],
    ["the client of another issuer", { iss: IDP, sub: "web" }, undefined],
    ["an actor where the client is named", { sub: "web" }, svc()],
    ["a namesake of another issuer", { sub: "svc" }, svc("https://other.example")],
    ["an actor that lacks a member", { sub: "svc", group: "ops" }, svc()],
    ["everybody of an issuer", { iss: US }, undefined],
    ["nobody", {}, undefined],
    ["null", null, undefined],
    ["a text", "web", undefined],
    ["a list", ["web"], undefined],
    ["what every object has", { constructor: "web" }, undefined],
    ["a list of names", { sub: ["web"] }, undefined],
  ])("does not let %s act", (_name, mayAct, actor) => {
    expect(refusal(() => narrowed(saying(mayAct), {}, actor))).toStrictEqual({ code: "proof_refused", field: "subject_token" });
  });
});

describe("act", () => {
  const nested = (depth: number): object => ({ sub: `svc-${depth}`, ...(depth > 1 && { act: nested(depth - 1) }) });
  const acted = (act: unknown, iss = US) => token({ claims: { act, iss } });
  const svc = token({ subject: "svc", claims: { iss: US } });

  it("is absent where the client acts itself, and nobody did before", () => {
    expect(narrowed(token()).act).toBeUndefined();
  });

  it("names the actor, and those before it within", () => {
    expect(narrowed(acted({ sub: "first", exp: 1, admin: true }), {}, svc).act).toStrictEqual({
      sub: "svc",
      act: { sub: "first" },
    });
  });

  it("names the issuer of a name that is not ours", () => {
    const foreign = token({ subject: "svc" });
    const act = narrowed(acted({ sub: "a", act: { sub: "b", iss: US } }, IDP), {}, foreign).act;
    expect(act).toStrictEqual({ iss: IDP, sub: "svc", act: { iss: IDP, sub: "a", act: { sub: "b" } } });
  });

  it("is of no party of ours by another issuer's word", () => {
    expect(refusal(() => narrowed(acted({ sub: "admin", iss: US }, IDP)))).toStrictEqual({
      code: "proof_refused",
      field: "subject_token",
    });
    expect(narrowed(acted({ sub: "admin", iss: US })).act).toStrictEqual({ sub: "admin" });
    // A JWT-SVID names no issuer, and its actors are not ours.
    const svid = token({ claims: { iss: undefined, act: { sub: "admin" } } });
    expect(narrowed(svid).act).toStrictEqual({ iss: IDP, sub: "admin" });
    expect(narrowed(token(), {}, token({ subject: "admin", claims: { iss: undefined } })).act).toStrictEqual({
      iss: IDP,
      sub: "admin",
    });
  });

  it("is four deep at most, the actor with it", () => {
    expect(narrowed(acted(nested(4))).act).toStrictEqual(nested(4));
    expect(narrowed(acted(nested(3)), {}, svc).act).toStrictEqual({ sub: "svc", act: nested(3) });
    expect(refusal(() => narrowed(acted(nested(5)))).code).toBe("proof_refused");
    expect(refusal(() => narrowed(acted(nested(4)), {}, svc)).code).toBe("proof_refused");
  });

  it.each([
    null,
    "svc",
    ["svc"],
    {},
    { sub: 1 },
    { sub: "" },
    { sub: "a", iss: 1 },
    { sub: "a", act: {} },
    { sub: "a", act: null },
  ])("%j names no actor", (act) => expect(refusal(() => narrowed(acted(act))).code).toBe("proof_refused"));
});

describe("an iss that its rule does not hold a token to, as that of a JWT-SVID", () => {
  const DOMAIN = "spiffe://other.example";
  const svid = (claims: object, subject = `${DOMAIN}/x`) => token({ issuer: DOMAIN, subject, claims });

  it("makes no name in the token one of ours", () => {
    expect(narrowed(svid({ iss: US, act: { sub: "web" } })).act).toStrictEqual({ iss: DOMAIN, sub: "web" });
    expect(narrowed(token(), {}, svid({ iss: US }, "web")).act).toStrictEqual({ iss: DOMAIN, sub: "web" });
    expect(refusal(() => narrowed(svid({ iss: US }, "web")))).toStrictEqual({ code: "proof_refused", field: "subject_token" });
    expect(refusal(() => narrowed(svid({ iss: US, act: { iss: US, sub: "web" } }))).code).toBe("proof_refused");
  });

  it("makes no actor one of whom another issuer speaks", () => {
    const byClient = (mayAct: object) => token({ claims: { may_act: mayAct } });
    const posing = svid({ iss: IDP, client_id: "svc" });
    expect(refusal(() => narrowed(byClient({ client_id: "svc" }), {}, posing)).code).toBe("proof_refused");
    expect(refusal(() => narrowed(byClient({ iss: IDP, client_id: "svc" }), {}, posing)).code).toBe("proof_refused");
    expect(narrowed(byClient({ iss: DOMAIN, client_id: "svc" }), {}, posing).act).toStrictEqual({
      iss: DOMAIN,
      sub: `${DOMAIN}/x`,
    });
  });

  it("leaves may_act to the workloads of its own trust domain", () => {
    const subject = (iss: string | undefined) => svid({ iss, may_act: { sub: `${DOMAIN}/actor` } });
    for (const iss of [undefined, IDP, US]) {
      expect(narrowed(subject(iss), {}, svid({}, `${DOMAIN}/actor`)).act).toStrictEqual({ iss: DOMAIN, sub: `${DOMAIN}/actor` });
      const namesake = token({ subject: `${DOMAIN}/actor`, claims: { iss: iss ?? IDP } });
      expect(refusal(() => narrowed(subject(iss), {}, namesake)).code).toBe("proof_refused");
    }
  });
});

describe("whatever is exchanged", () => {
  const all = ["a", "b", "c", "*", "a*", "A"];
  const names = fc.subarray(all, { minLength: 4 });
  const few = fc.subarray(all, { maxLength: 2 });
  const side = fc.record({
    claims: fc.record({
      scope: fc.oneof(
        names.map((said) => said.join(" ")),
        names,
        fc.constant(undefined),
      ),
    }),
    audiences: names,
    scopes: names,
    expiresAt: fc.integer({ min: END, max: END + 9 }),
  });
  const said = ({ claims }: { claims: { scope: string | string[] | undefined } }) =>
    [claims.scope ?? []].flat().join(" ").split(" ");

  it("is within what was asked, and within each side", () => {
    let given = 0;
    fc.assert(
      fc.property(side, fc.option(side), few, fc.option(few), (subject, actor, audiences, scopes) => {
        const asked = { audiences, scopes: scopes ?? undefined };
        const acting = actor === null ? undefined : token({ ...actor, subject: "svc" });
        let result: NarrowedExchange;
        try {
          result = narrowed(token(subject), asked, acting);
        } catch (error) {
          if (isSignetError(error)) return;
          throw error;
        }
        given += 1;
        const sides = actor === null ? [subject] : [subject, actor];
        for (const each of sides) {
          expect(each.audiences).toEqual(expect.arrayContaining([...result.audiences]));
          expect(each.scopes).toEqual(expect.arrayContaining([...result.scopes]));
          expect(result.expiresAt).toBeLessThanOrEqual(each.expiresAt);
          if (each === subject || each.claims.scope !== undefined) {
            expect(said(each)).toEqual(expect.arrayContaining([...result.scopes]));
          }
        }
        if (audiences.length > 0) expect([...result.audiences].sort()).toEqual([...audiences].sort());
        if (scopes !== null) expect([...result.scopes].sort()).toEqual([...scopes].sort());
        expect(result.audiences.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
    expect(given).toBeGreaterThan(50);
  });
});
