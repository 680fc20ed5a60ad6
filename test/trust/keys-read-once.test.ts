import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createKeySet } from "../../src/trust/key-set.js";
import { readUnverified } from "../../src/trust/verify-by-ways.js";
import { jwksOf, keyOf, NOW, proofBy } from "./fixture.js";

const read = vi.spyOn(crypto, "createPublicKey");
syncBuiltinESMExports();
afterAll(() => {
  read.mockRestore();
  syncBuiltinESMExports();
});

const keys = new Map<string, Awaited<ReturnType<typeof keyOf>>>();
beforeAll(async () => {
  for (const kid of ["one", "two", "three"]) keys.set(kid, await keyOf("ES256", kid));
  keys.set("other", await keyOf("ES384", "other"));
});
const bundleOf = (...all: readonly object[]) =>
  createKeySet({ keys: all.map((jwk) => ({ ...jwk, use: "jwt-svid" })) }, "jwt-svid", () => NOW);
const unnamed = (kid: string, claims: object = {}) => {
  const key = keys.get(kid);
  if (key === undefined) throw new Error(kid);
  return readUnverified(proofBy(key, claims, { kid: undefined }));
};

describe("a trust domain's keys", () => {
  it("are each read once for all tokens without kid, and those of another algorithm not at all", () => {
    const set = bundleOf(...jwksOf(...keys.values()).keys.map(({ alg: _, ...jwk }) => jwk));
    const verify = (token: ReturnType<typeof unnamed>) => set.verifierFor(["ES256", "ES384"])(token);
    set.verifierFor(["ES256", "ES384"]);
    read.mockClear();
    expect(verify(unnamed("one")).header.alg).toBe("ES256");
    expect(read).toHaveBeenCalledTimes(1);
    const forged = unnamed("three");
    forged.parts.signature.fill(1);
    for (let sent = 0; sent < 5; sent++)
      expect(() => verify(forged)).toThrow(expect.objectContaining({ code: "token_kid_missing" }));
    expect(verify(unnamed("three", { jti: "2" })).claims.jti).toBe("2");
    expect(read).toHaveBeenCalledTimes(3);
    expect(verify(unnamed("other")).header.alg).toBe("ES384");
    expect(read).toHaveBeenCalledTimes(4);
  });

  it("are those of its algorithm, however many others stand before them", async () => {
    const others = jwksOf(...(await Promise.all(Array.from({ length: 9 }, (_, index) => keyOf("ES384", `${index}`))))).keys;
    const verify = bundleOf(...others, ...jwksOf(...keys.values()).keys).verifierFor(undefined);
    expect(verify(unnamed("three")).header.alg).toBe("ES256");
  });
});
