import { beforeAll, describe, expect, it } from "vitest";
import type { Proofs } from "../../src/trust/contract.js";
import { KNOWN, keys, makeFlawKeys } from "../verify/known-flaws.js";
import { AUDIENCE, ISSUER } from "../verify/tokens.js";
import { answerTo, jwksOf, proofsOf } from "./fixture.js";

let proofs: Proofs;
beforeAll(async () => {
  const rule = { issuer: ISSUER, audience: AUDIENCE, claims: { sub: ["alice", "admin"] }, maxAgeSeconds: 3_600 };
  proofs = proofsOf({ ci: { trusts: [{ ...rule, jwks: jwksOf(...(await makeFlawKeys())) }] } });
});

describe("a flaw that another library had", () => {
  it.each(KNOWN)("%s (%s) proves no caller", async (_cve, _what, tokensOf) => {
    const answers = tokensOf().map((token) => answerTo(proofs, token));
    expect(new Set(await Promise.all(answers))).toStrictEqual(new Set(["proof_refused"]));
  });

  it("is one of tokens that would prove the caller without it", async () => {
    const answers = Object.values(keys).map((key) => answerTo(proofs, key.good()));
    expect(await Promise.all(answers)).toStrictEqual(Array(3).fill("ci trusts.0"));
  });

  it("proves no caller with one bit of its text turned", async () => {
    const token = keys.ed.good();
    const turned = Array.from(token, (character, at) => {
      const other = String.fromCharCode(character.charCodeAt(0) ^ 1);
      return answerTo(proofs, `${token.slice(0, at)}${other}${token.slice(at + 1)}`);
    });
    expect(new Set(await Promise.all(turned))).toStrictEqual(new Set(["proof_refused"]));
  });
});
