import { describe, expect, it } from "vitest";
import type { ActiveDocument } from "../../src/keyring/active-document.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import type { Stores } from "../../src/storage/contract.js";
import { keyringFor } from "./keyring-fixture.js";

function documentOf(sequence: number, kid = "k"): ActiveDocument {
  return { sequence, kid, alg: "ES256", maxTtlSeconds: 60, material: { file: kid } };
}

const jwk = { kty: "EC", use: "sig", alg: "ES256", kid: "k", crv: "P-256", x: "AA", y: "AA" } as const;

const withSequence = (lastSequence: number): Keyring => ({ ...keyringFor([]), lastSequence });

/** What every set of stores must do, wherever it is. `make` answers stores over an empty place. */
export function storesSuite(name: string, make: () => Promise<Stores>): void {
  describe(`the keyring store ${name}`, () => {
    it("has no keyring at first, and then the one that was written", async () => {
      const { keyring } = await make();
      expect(await keyring.read()).toBeUndefined();
      const tag = await keyring.write(withSequence(1), null);
      expect(await keyring.read()).toStrictEqual({ keyring: withSequence(1), tag });
      const next = await keyring.write(withSequence(2), tag);
      expect(await keyring.read()).toStrictEqual({ keyring: withSequence(2), tag: next });
    });

    it("refuses a write that does not know the present text", async () => {
      const { keyring } = await make();
      const tag = await keyring.write(withSequence(1), null);
      await expect(keyring.write(withSequence(9), null)).rejects.toMatchObject({ code: "keyring_conflict" });
      await keyring.write(withSequence(2), tag);
      await expect(keyring.write(withSequence(9), tag)).rejects.toMatchObject({ code: "keyring_conflict" });
      expect((await keyring.read())?.keyring.lastSequence).toBe(2);
    });

    it("lets one of sixteen writers win", async () => {
      const { keyring } = await make();
      const tag = await keyring.write(withSequence(0), null);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 16 }, (_, index) => keyring.write(withSequence(index + 1), tag)),
      );
      expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
    });
  });

  describe(`the audit store ${name}`, () => {
    it("answers each line as it was written, whatever JSON leaves unescaped in it", async () => {
      const { audit } = await make();
      const lines = ["a", "\u2028", "\u2029", "\u0085"].map((why, index) =>
        JSON.stringify({ number: index + 1, why: `x${why}y` }),
      );
      for (const [index, line] of lines.entries()) await audit.append(index + 1, line);
      const read = async (after: number): Promise<string[]> => {
        const found: string[] = [];
        for await (const line of audit.read(after)) found.push(line);
        return found;
      };
      expect(await read(0)).toStrictEqual(lines);
      expect(await read(2)).toStrictEqual(lines.slice(2));
    });
  });

  describe(`the active store ${name}`, () => {
    it("answers the highest sequence first, and forgets what was deleted", async () => {
      const { active } = await make();
      expect(await active.read()).toStrictEqual([]);
      for (const sequence of [1, 3, 2]) await active.write(documentOf(sequence));
      expect((await active.read()).map((document) => document.sequence)).toStrictEqual([3, 2, 1]);
      await active.delete(2);
      await active.delete(2);
      expect(await active.read()).toStrictEqual([documentOf(3), documentOf(1)]);
    });

    it("never writes over another document, and takes the same one twice", async () => {
      const { active } = await make();
      await active.write(documentOf(1));
      await active.write(documentOf(1));
      await expect(active.write(documentOf(1, "other"))).rejects.toMatchObject({ code: "sequence_taken" });
      expect(await active.read()).toStrictEqual([documentOf(1)]);
    });
  });

  describe(`the public store ${name}`, () => {
    it("answers what was published last", async () => {
      const { publicDocuments } = await make();
      expect(await publicDocuments.read()).toBeUndefined();
      await publicDocuments.publish({ jwks: { keys: [] } }, null);
      const first = await publicDocuments.read();
      expect(first?.jwks).toStrictEqual({ keys: [] });
      await publicDocuments.publish({ jwks: { keys: [jwk] } }, first?.tag ?? null);
      expect((await publicDocuments.read())?.jwks).toStrictEqual({ keys: [jwk] });
    });

    it("refuses a publication by a writer that has not read the present one", async () => {
      const { publicDocuments } = await make();
      await publicDocuments.publish({ jwks: { keys: [] } }, null);
      const first = await publicDocuments.read();
      await publicDocuments.publish({ jwks: { keys: [jwk] } }, first?.tag ?? null);
      for (const tag of [null, first?.tag ?? null]) {
        await expect(publicDocuments.publish({ jwks: { keys: [] } }, tag)).rejects.toMatchObject({ code: "keyring_conflict" });
      }
      expect((await publicDocuments.read())?.jwks).toStrictEqual({ keys: [jwk] });
    });
  });
}
