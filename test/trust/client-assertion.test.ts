import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { TestKey } from "../verify/tokens.js";
import { answerTo, jwksOf, keyOf, memoryOnce, NOW, proofsOf, US } from "./fixture.js";

let key: TestKey;
let other: TestKey;
beforeAll(async () => {
  [key, other] = [await keyOf("ES256"), await keyOf("ES256", "other")];
});

const callers = (more: object = {}) => ({
  web: { keys: { jwks: jwksOf(key), ...more } },
  batch: { keys: { jwks: jwksOf(other) } },
});
/** An assertion as OAuth clients make it. */
const assertion = (by: TestKey, claims: object = {}, header: object = {}): string => {
  const good = { iss: "web", sub: "web", aud: US, iat: NOW, exp: NOW + 60, jti: "1" };
  return by.token({ alg: by.header.alg, kid: by.header.kid, ...header }, { ...good, ...claims });
};

describe("an assertion that a caller has signed", () => {
  it("proves it", async () => {
    const proof = await proofsOf(callers()).prove(assertion(key), { clientId: "web" });
    expect(proof).toMatchObject({
      caller: "web",
      rule: "keys",
      issuer: "web",
      subject: "web",
      claimsForTokens: {},
      expiresAt: NOW + 60,
    });
  });

  it.each<[string, object, object?]>([
    ["without type", {}, {}],
    ["of the type JWT", {}, { typ: "JWT" }],
    ["of its own type", {}, { typ: "client-authentication+jwt" }],
    ["of its own type, as a media type", {}, { typ: "application/client-authentication+jwt" }],
    ["with a list of one audience", { aud: [US] }],
    ["without iat", { iat: undefined }],
    ["that ends within 300 seconds", { iat: NOW - 10, exp: NOW + 300 }],
    ["that ends within 300 seconds, without iat", { iat: undefined, exp: NOW + 300 }],
    ["that ends 300 seconds after its iat, by a clock ahead of ours", { iat: NOW + 60, exp: NOW + 360 }],
    ["that has just ended, by a clock within the skew", { exp: NOW - 59 }],
  ])("%s is accepted", async (_what, claims, header) => {
    expect(await answerTo(proofsOf(callers()), assertion(key, claims, header))).toBe("web keys");
  });

  it.each<[string, object, object?]>([
    ["for the token endpoint", { aud: `${US}/token` }],
    ["for us and the token endpoint", { aud: [US, `${US}/token`] }],
    ["for us and an attacker", { aud: [US, "https://attacker.example"] }],
    ["for us with a slash", { aud: `${US}/` }],
    ["for an attacker", { aud: "https://attacker.example" }],
    ["without audience", { aud: undefined }],
    ["without subject", { sub: undefined }],
    ["of another subject", { sub: "batch" }],
    ["of another issuer", { iss: "batch" }],
    ["of another caller", { iss: "batch", sub: "batch" }],
    ["of no caller", { iss: "nobody", sub: "nobody" }],
    ["of what every object has", { iss: "constructor", sub: "constructor" }],
    ["without jti", { jti: undefined }],
    ["with an empty jti", { jti: "" }],
    ["without exp", { exp: undefined }],
    ["that ends later", { exp: NOW + 301 }],
    ["that ends later, without iat", { iat: undefined, exp: NOW + 301 }],
    ["that ends later by a clock ahead of ours", { iat: NOW + 60, exp: NOW + 361 }],
    ["that has ended", { exp: NOW - 61 }],
    ["from the future", { iat: NOW + 61 }],
    ["not valid yet", { nbf: NOW + 61 }],
    ["of the type of an access token", {}, { typ: "at+jwt" }],
    ["of the type of a logout token", {}, { typ: "logout+jwt" }],
    ["of an empty type", {}, { typ: "" }],
    ["by a key that it does not have", {}, { kid: "x" }],
  ])("%s is refused", async (_what, claims, header) => {
    expect(await answerTo(proofsOf(callers()), assertion(key, claims, header))).toBe("proof_refused");
  });

  it("is refused under another's key, and for another client_id", async () => {
    const proofs = proofsOf(callers());
    expect(await answerTo(proofs, assertion(other))).toBe("proof_refused");
    expect(await answerTo(proofs, assertion(other, {}, { kid: key.header.kid }))).toBe("proof_refused");
    expect(await answerTo(proofs, assertion(key), { clientId: "batch" })).toBe("proof_refused");
  });

  it("may have the token endpoint for its audience where its caller says so", async () => {
    const proofs = proofsOf(callers({ acceptTokenEndpointAudience: true }));
    const audiences = [US, `${US}/token`, [US, `${US}/token`], `${US}/token/`, `${US}/issue`];
    const answers = audiences.map((aud) => answerTo(proofs, assertion(key, { aud })));
    expect(await Promise.all(answers)).toStrictEqual(["web keys", "web keys", ...Array(3).fill("proof_refused")]);
  });

  it("counts once, however it is signed, until no clock takes it", async () => {
    const once = memoryOnce();
    const proofs = proofsOf(callers(), { once });
    await (await proofs.prove(assertion(key), {})).use();
    const again = await proofs.prove(assertion(key, { exp: NOW + 61 }), {});
    await expect(again.use()).rejects.toMatchObject({ code: "proof_replayed" });
    await (await proofs.prove(assertion(key, { jti: "2" }), {})).use();
    await (await proofs.prove(assertion(other, { iss: "batch", sub: "batch" }), {})).use();
    const digest = createHash("sha256")
      .update(JSON.stringify(["web", "1"]))
      .digest("hex");
    expect(once.uses[0]).toStrictEqual([digest, NOW + 120, "web"]);
  });

  it("is told what keeps uses from being remembered", async () => {
    const { SignetError } = await import("../../src/errors.js");
    const once = { createOnce: () => Promise.reject(new SignetError("replay_store_full", "full")) };
    const proof = await proofsOf(callers(), { once }).prove(assertion(key), {});
    await expect(proof.use()).rejects.toMatchObject({ code: "replay_store_full", status: 503 });
  });
});
