import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import type { Signer } from "../../src/custody/contract.js";
import { signByTurn } from "../../src/server/turn-signer.js";

const local = localSigner({ privateKey: generateKeyPairSync("ed25519").privateKey, alg: "EdDSA", kid: "a" });

/** A signer that notes what it signs, in the order in which it does. */
function noting(sign: Signer["sign"] = (input) => Buffer.from(input)) {
  const signed: string[] = [];
  const signer: Signer = {
    ...local,
    sign(input) {
      signed.push(input);
      return sign(input);
    },
  };
  return { signer, signed };
}

/** A busy machine may stop a process between any two signatures: here time stands still. */
const stopped = (): number => 0;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("signing by the turn of the event loop", () => {
  it("answers the signature that the key makes", async () => {
    const { kid, alg, publicJwk, sign } = signByTurn(local);
    expect({ kid, alg, publicJwk }).toEqual({ kid: local.kid, alg: local.alg, publicJwk: local.publicJwk });
    expect(await sign("header.payload")).toEqual(local.sign("header.payload"));
  });

  it("signs when the whole turn has asked, in its order, and before the first is answered", async () => {
    const { signer, signed } = noting();
    const { sign } = signByTurn(signer, stopped);
    const seenAtAnswer: number[] = [];
    const answers = ["a", "b", "c"].map(async (input) => {
      const signature = await sign(input);
      seenAtAnswer.push(signed.length);
      return signature.toString();
    });
    expect(signed).toEqual([]);
    expect(await Promise.all(answers)).toEqual(["a", "b", "c"]);
    expect(signed).toEqual(["a", "b", "c"]);
    expect(seenAtAnswer).toEqual([3, 3, 3]);
  });

  it("lets a signature that fails fail by itself", async () => {
    const { signer } = noting((input) => {
      if (input === "b") throw new Error("this one");
      return Buffer.from(input);
    });
    const { sign } = signByTurn(signer);
    const [a, b, c] = await Promise.allSettled(["a", "b", "c"].map((input) => sign(input)));
    expect([a?.status, b?.status, c?.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("lets the event loop turn after 64 signatures, and loses none", async () => {
    const { signer, signed } = noting();
    const { sign } = signByTurn(signer, stopped);
    const answers = Array.from({ length: 200 }, (_, index) => sign(String(index)));
    const signedAtTurns: number[] = [];
    while (signed.length < 200) {
      await nextTurn();
      signedAtTurns.push(signed.length);
    }
    expect(signedAtTurns[0]).toBeLessThanOrEqual(2 * 64);
    expect(signedAtTurns.length).toBeGreaterThan(1);
    expect((await Promise.all(answers)).map(String)).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
  });

  it("lets the event loop turn after a slow signature", async () => {
    let now = 0;
    const { signer, signed } = noting((input) => {
      now += 10;
      return Buffer.from(input);
    });
    const { sign } = signByTurn(signer, () => now);
    const answers = ["a", "b", "c"].map((input) => sign(input));
    await answers[0];
    expect(signed).toEqual(["a"]);
    expect(await Promise.all(answers)).toHaveLength(3);
  });

  it("leaves a signer alone whose key lies elsewhere", () => {
    const { signer } = noting(async (input) => Buffer.from(input));
    const remote: Signer = { ...signer, isRemote: true };
    expect(signByTurn(remote)).toBe(remote);
  });
});
