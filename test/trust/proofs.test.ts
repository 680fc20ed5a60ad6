import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { TrustRule } from "../../src/settings/trusts.js";
import type { TestKey } from "../verify/tokens.js";
import { answerTo, IDP, jwksOf, keyOf, memoryOnce, NOW, proofBy, proofClaims, proofsOf, reasonFor, US } from "./fixture.js";

let key: TestKey;
let other: TestKey;
let rule: TrustRule & { readonly issuer: string };
beforeAll(async () => {
  [key, other] = [await keyOf("ES256"), await keyOf("ES256", "other")];
  rule = { issuer: IDP, jwks: jwksOf(key), claims: { sub: { prefix: "repo:acme/" } }, maxAgeSeconds: 3_600 };
});

describe("a proof", () => {
  it("proves the caller whose rule it matches", async () => {
    const proofs = proofsOf({ ci: { trusts: [rule] } });
    const proof = await proofs.prove(proofBy(key), {});
    expect(proof).toMatchObject({ caller: "ci", rule: "trusts.0", issuer: IDP, subject: proofClaims.sub, expiresAt: NOW + 300 });
    expect([proofs.count, proof.claims]).toStrictEqual([1, proofClaims]);
  });

  it("says whether it may be shown again", async () => {
    const callers = { once: { trusts: [{ ...rule, singleUse: true }] }, often: { trusts: [rule] } };
    const proofs = proofsOf({ ...callers, own: { keys: { jwks: jwksOf(other) } } });
    const own = proofBy(other, { iss: "own", sub: "own", exp: NOW + 60 });
    const shown = [proofs.prove(proofBy(key), { clientId: "once" }), proofs.prove(proofBy(key), { clientId: "often" })];
    const found = await Promise.all([...shown, proofs.prove(own, {})]);
    expect(found.map(({ caller, isReusable }) => [caller, isReusable])).toStrictEqual([
      ["once", false],
      ["often", true],
      ["own", false],
    ]);
  });

  it("has no integer that has lost digits, in whatever claim", async () => {
    const proofs = proofsOf({ ci: { trusts: [rule] } });
    const digits = (count: number) => answerTo(proofs, proofBy(key, { other: { ids: [count] } }));
    expect(await Promise.all([digits(2 ** 53 - 1), digits(2 ** 53)])).toStrictEqual(["ci trusts.0", "proof_refused"]);
    // No rule takes one as a text.
    const reason = await reasonFor(proofs, proofBy(key, { other: 2 ** 53 }));
    expect([reason.includes("its issuer has to send a text"), reason.includes("integersAsText")]).toStrictEqual([true, false]);
  });

  it.each([{ jkt: "x" }, {}, null])(
    "that is bound to a key (cnf: %j) is refused, also where it would be exchanged",
    async (cnf) => {
      const proofs = proofsOf({ ci: { trusts: [rule], exchanges: [{ ...rule, audiences: ["https://api.example"] }] } });
      const bound = proofBy(key, { cnf });
      expect(await reasonFor(proofs, bound)).toContain("it is bound to a key (cnf)");
      await expect(proofs.exchangeable("ci", bound)).rejects.toMatchObject({ code: "proof_refused" });
      expect((await proofs.exchangeable("ci", proofBy(key))).rule).toBe("exchanges.0");
    },
  );

  it("has us for its only audience", async () => {
    const proofs = proofsOf({ ci: { trusts: [rule] } });
    const answers = [[US], US, [US, "https://attacker.example"], [US, US], [], "https://tokens.example/", undefined, { 0: US }];
    const answered = answers.map((aud) => answerTo(proofs, proofBy(key, { aud })));
    expect(await Promise.all(answered)).toStrictEqual(["ci trusts.0", "ci trusts.0", ...Array(6).fill("proof_refused")]);
  });

  it.each<[string, object, object?]>([
    ["no exp", { exp: undefined }],
    ["no iat", { iat: undefined }],
    ["an exp that has passed", { exp: NOW - 61 }],
    ["an iat that is too long ago", { iat: NOW - 3_661, exp: NOW + 300 }],
    ["an iat in the future", { iat: NOW + 61, exp: NOW + 300 }],
    ["an nbf in the future", { nbf: NOW + 61 }],
    ["a life of more than a day", { iat: NOW - 10, exp: NOW - 10 + 86_401 }],
    ["another issuer", { iss: `${IDP}/` }],
    ["no issuer", { iss: undefined }],
    ["an issuer that is a list", { iss: [IDP] }],
    ["a subject that is a list", { sub: [proofClaims.sub] }],
    ["a subject of one character more than the prefix without its slash", { sub: "repo:acmex/app" }],
    ["a subject that is the prefix without its slash", { sub: "repo:acme" }],
    ["an access token's type", {}, { typ: "at+jwt" }],
    ["a logout token's type", {}, { typ: "logout+jwt" }],
    ["an access token's type as a media type", {}, { typ: "application/at+JWT" }],
    ["a key that only its header has", {}, { jwk: {} }],
    ["an unknown critical extension", {}, { crit: ["x"], x: 1 }],
  ])("with %s is refused", async (_what, claims, header) => {
    const proofs = proofsOf({ ci: { trusts: [rule] } });
    expect(await answerTo(proofs, proofBy(key, claims, header))).toBe("proof_refused");
    expect(await answerTo(proofs, proofBy(key))).toBe("ci trusts.0");
  });

  it("may have a type that its rule names", async () => {
    const proofs = proofsOf({ ci: { trusts: [{ ...rule, types: ["at+jwt"] }] } });
    const types = ["at+jwt", "application/at+jwt", "JWT", undefined];
    const answers = types.map((typ) => answerTo(proofs, proofBy(key, {}, { typ })));
    expect(await Promise.all(answers)).toStrictEqual(["ci trusts.0", "ci trusts.0", "proof_refused", "proof_refused"]);
  });

  it("is verified by the keys of the rule that it matches, never by another's", async () => {
    const elsewhere = "https://elsewhere.example";
    const proofs = proofsOf({
      ci: { trusts: [rule] },
      elsewhere: { trusts: [{ ...rule, issuer: elsewhere, jwks: jwksOf(other), claims: { sub: "someone" } }] },
    });
    expect(await answerTo(proofs, proofBy(other))).toBe("proof_refused");
    expect(await answerTo(proofs, proofBy(other, {}, { kid: key.header.kid }))).toBe("proof_refused");
    expect(await answerTo(proofs, proofBy(key, { iss: elsewhere, sub: "someone" }))).toBe("proof_refused");
    expect(await answerTo(proofs, proofBy(other, { iss: elsewhere, sub: "someone" }))).toBe("elsewhere trusts.0");
  });

  it("of an issuer with two sources proves the caller whose source has its key", async () => {
    const proofs = proofsOf({ east: { trusts: [rule] }, west: { trusts: [{ ...rule, jwks: jwksOf(other) }] } });
    expect(await answerTo(proofs, proofBy(key))).toBe("east trusts.0");
    expect(await answerTo(proofs, proofBy(other))).toBe("west trusts.0");
  });

  it("by a rule that is switched off proves nobody", async () => {
    const proofs = proofsOf({
      ci: {
        trusts: [
          { ...rule, disabled: true },
          { ...rule, claims: { sub: "x" } },
        ],
      },
    });
    expect(await answerTo(proofs, proofBy(key))).toBe("proof_refused");
    expect(await answerTo(proofs, proofBy(key, { sub: "x" }))).toBe("ci trusts.1");
  });
});

describe("a proof that several callers' rules match", () => {
  it("is refused, and only the log says whose", async () => {
    const proofs = proofsOf({ one: { trusts: [rule] }, two: { trusts: [rule] } });
    const refused = proofs.prove(proofBy(key), {});
    await expect(refused).rejects.toMatchObject({ code: "proof_refused", status: 401 });
    await expect(refused).rejects.not.toThrow(/one|two/);
    expect(await reasonFor(proofs, proofBy(key))).toMatch(/one \(trusts\.0\), two \(trusts\.0\)/);
  });

  it("proves the one that client_id names, and never one whose rules it does not match", async () => {
    const trusts = [{ ...rule, claims: { sub: "x" } }];
    const proofs = proofsOf({ one: { trusts: [rule] }, two: { trusts: [rule] }, three: { trusts } });
    const answers = ["one", "two", "three", "four", "__proto__"].map((clientId) => answerTo(proofs, proofBy(key), { clientId }));
    expect(await Promise.all(answers)).toStrictEqual([
      "one trusts.0",
      "two trusts.0",
      "proof_refused",
      "proof_refused",
      "proof_refused",
    ]);
  });

  it("is the caller's where several rules of one caller match", async () => {
    expect(
      await answerTo(proofsOf({ ci: { trusts: [rule, { ...rule, claims: { sub: proofClaims.sub } }] } }), proofBy(key)),
    ).toBe("ci trusts.0");
  });
});

describe("a proof that is used once", () => {
  it("is refused when it comes again, and is remembered until no clock takes it any more", async () => {
    const once = memoryOnce();
    const proofs = proofsOf({ ci: { trusts: [{ ...rule, singleUse: true }] } }, { once });
    const token = proofBy(key, { exp: NOW + 300.5 });
    const [first, second] = [await proofs.prove(token, {}), await proofs.prove(token, {})];
    await first.use();
    await expect(second.use()).rejects.toMatchObject({ code: "proof_replayed", status: 401 });
    const digest = createHash("sha256")
      .update(JSON.stringify([IDP, "1"]))
      .digest("hex");
    expect(once.uses[0]).toStrictEqual([digest, NOW + 361, "ci"]);
  });

  it("needs a jti", async () => {
    const proofs = proofsOf({ ci: { trusts: [{ ...rule, singleUse: true }] } });
    expect(await answerTo(proofs, proofBy(key, { jti: undefined }))).toBe("proof_refused");
    expect(await answerTo(proofs, proofBy(key, { jti: "" }))).toBe("proof_refused");
  });

  it("by a rule that does not ask for that is not remembered", async () => {
    const once = memoryOnce();
    await (await proofsOf({ ci: { trusts: [rule] } }, { once }).prove(proofBy(key), {})).use();
    expect(once.uses).toStrictEqual([]);
  });
});

describe("what is no proof", () => {
  it.each([undefined, null, 7, {}, "", ".", "a.b.c", "..", `${"a".repeat(20_000)}.b.c`, "signet_secret"])(
    "%j is refused as any other",
    async (token) => {
      expect(await answerTo(proofsOf({ ci: { trusts: [rule] } }), token)).toBe("proof_refused");
    },
  );

  it("is a token of more than 16 KB", async () => {
    const proofs = proofsOf({ ci: { trusts: [rule] } });
    expect(await answerTo(proofs, proofBy(key, { pad: "x".repeat(12_500) }))).toBe("proof_refused");
    expect(await answerTo(proofs, proofBy(key, { pad: "x".repeat(10_000) }))).toBe("ci trusts.0");
  });
});

describe("why a proof is refused", () => {
  it.each<[string, object, RegExp]>([
    ["its issuer", { iss: "https://other.example" }, /^no rule that may count is for its issuer$/],
    ["a claim", { sub: "repo:evil/app" }, /^ci \(trusts\.0\): the claim sub is not as the rule has it$/],
    ["its audience", { aud: "x" }, /^ci \(trusts\.0\): its only audience is not the rule's$/],
    ["its age", { iat: NOW - 4_000 }, /^ci \(trusts\.0\): it is older than maxAgeSeconds$/],
    ["its end", { exp: NOW - 100 }, /^ci \(trusts\.0\): the token has expired$/],
  ])("stands in the log, which repeats nothing of it: %s", async (_what, claims, words) => {
    const error = await proofsOf({ ci: { trusts: [rule] } })
      .prove(proofBy(key, claims), {})
      .catch((thrown: Error) => thrown);
    expect((error as Error).message).not.toMatch(/ci|trusts|sub/);
    expect(((error as Error).cause as Error).message).toMatch(words);
  });
});

describe("a token that is exchanged", () => {
  const exchange = { issuer: IDP, audiences: ["api"], scopes: ["read"], maxAgeSeconds: 3_600 };

  it("is what an exchange of the caller allows", async () => {
    const claimsFromProof = { email: "mail" };
    const exchanges = [{ ...exchange, jwks: jwksOf(key), subjectPrefix: "idp:", claimsFromProof }];
    const proofs = proofsOf({ web: { exchanges }, other: {} });
    expect([proofs.count, proofs.scopes]).toStrictEqual([0, ["read"]]);
    const token = proofBy(key, { sub: "alice", email: "a@b.example" });
    const found = await proofs.exchangeable("web", token);
    expect(found).toMatchObject({ rule: "exchanges.0", issuer: IDP, subject: "idp:alice", audiences: ["api"], scopes: ["read"] });
    expect([found.claimsForTokens, found.expiresAt]).toStrictEqual([{ mail: "a@b.example" }, NOW + 300]);
    for (const caller of ["other", "nobody", "__proto__"]) {
      await expect(proofs.exchangeable(caller, token)).rejects.toMatchObject({ code: "proof_refused" });
    }
    await expect(proofs.prove(token, {})).rejects.toMatchObject({ code: "proof_refused" });
    await expect(proofs.exchangeable("web", proofBy(key, { aud: [US, "x"] }))).rejects.toMatchObject({ code: "proof_refused" });
    await expect(proofs.exchangeable("web", proofBy(other))).rejects.toMatchObject({ code: "proof_refused" });
  });

  it("may be one of our own, by the keys that are published here", async () => {
    const exchanges = [{ ...exchange, issuer: US, types: ["JWT", "at+jwt"] }];
    const proofs = proofsOf({ web: { exchanges } }, { ownJwks: async () => jwksOf(key) });
    expect((await proofs.exchangeable("web", proofBy(key, { iss: US }, { typ: "at+jwt" }))).subject).toBe(proofClaims.sub);
    await expect(proofs.exchangeable("web", proofBy(other, { iss: US }))).rejects.toMatchObject({ code: "proof_refused" });
    const none = proofsOf({ web: { exchanges } }, { ownJwks: async () => undefined });
    await expect(none.exchangeable("web", proofBy(key, { iss: US }))).rejects.toMatchObject({ code: "jwks_unavailable" });
  });

  it("is none any more two seconds after its key was revoked here, for nobody who asks then", async () => {
    let elapsed = 100;
    let published = jwksOf(key, other);
    const exchanges = [{ ...exchange, issuer: US }];
    const proofs = proofsOf({ web: { exchanges } }, { ownJwks: async () => published, elapsed: () => elapsed });
    const ask = () => proofs.exchangeable("web", proofBy(key, { iss: US }));
    await ask();
    for (const later of [2.1, 12, 2_400]) {
      published = jwksOf(other);
      elapsed += later;
      for (const each of await Promise.allSettled([ask(), ask(), ask()])) expect(each).toMatchObject({ status: "rejected" });
      published = jwksOf(key, other);
      elapsed += 11;
      await ask();
    }
  });

  it("of our own is looked at by the keys of now where the process stands still between requests, however soon it comes", async () => {
    let elapsed = 100;
    let published: ReturnType<typeof jwksOf> | undefined = jwksOf(key, other);
    const own = { ownJwks: async () => published, elapsed: () => elapsed, graceSeconds: 0 };
    const proofs = proofsOf({ web: { exchanges: [{ ...exchange, issuer: US }] } }, own);
    const ask = () => proofs.exchangeable("web", proofBy(key, { iss: US }));
    for (const later of [0, 0.5, 1.5, 5, 9, 12, 900]) {
      elapsed += later;
      expect((await ask()).rule).toBe("exchanges.0");
    }
    published = undefined;
    elapsed += 5;
    expect((await ask()).rule).toBe("exchanges.0");
    published = jwksOf(other);
    elapsed += 1.5;
    await expect(ask()).rejects.toMatchObject({ code: "proof_refused" });
  });
});
