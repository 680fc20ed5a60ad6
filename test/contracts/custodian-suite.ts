import { describe, expect, it } from "vitest";
import { publicKeyFromJwk } from "../../src/algorithms/jwk.js";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { signatureChecker } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { type Custodian, canImport } from "../../src/custody/contract.js";

/** What every custodian must do, whoever it is. `make` answers a custodian over an empty place. */
export function custodianSuite(name: string, algorithms: readonly string[], make: () => Promise<Custodian>): void {
  describe(`the custodian ${name}`, () => {
    it.each(algorithms)("makes a %s key whose signatures its public key confirms", async (alg) => {
      const custodian = await make();
      const jwk = await custodian.create("a", algorithmNamed(alg));
      expect(Object.keys(jwk).slice(0, 4)).toStrictEqual(["kty", "use", "alg", "kid"]);
      const signer = await custodian.open({ kid: jwk.kid, alg: jwk.alg, material: await custodian.material("a") });
      expect(signer.publicJwk).toStrictEqual(jwk);
      const check = signatureChecker(algorithmNamed(alg), publicKeyFromJwk(jwk));
      expect(check("a.b", await signer.sign("a.b"))).toBe(true);
      expect(check("a.c", await signer.sign("a.b"))).toBe(false);
    });

    it("answers the same key when an id is created again", async () => {
      const custodian = await make();
      const [first, second] = await Promise.all([1, 2].map(() => custodian.create("a", algorithmNamed("ES256"))));
      expect(second).toStrictEqual(first);
      expect(await custodian.create("a", algorithmNamed("ES256"))).toStrictEqual(first);
      await expect(custodian.create("a", algorithmNamed("ES384"))).rejects.toMatchObject({ code: "key_mismatch" });
    });

    it("lists what it holds, and nothing that was destroyed", async () => {
      const custodian = await make();
      expect(await listed(custodian)).toStrictEqual([]);
      await custodian.create("a", algorithmNamed("ES256"));
      await custodian.create("b", algorithmNamed("ES256"));
      expect(await listed(custodian)).toStrictEqual(["a", "b"]);
      await custodian.destroy("a");
      await custodian.destroy("a");
      expect(await listed(custodian)).toStrictEqual(["b"]);
      await expect(custodian.material("a")).rejects.toMatchObject({ code: "key_not_found" });
    });

    it("opens no key under a name or an algorithm that is not its own", async () => {
      const custodian = await make();
      const { kid } = await custodian.create("a", algorithmNamed("ES256"));
      const material = await custodian.material("a");
      await expect(custodian.open({ kid: "other", alg: "ES256", material })).rejects.toMatchObject({ code: "key_mismatch" });
      await expect(custodian.open({ kid, alg: "ES384", material })).rejects.toMatchObject({ code: "key_mismatch" });
    });

    it("imports a key under its own name, again without harm, and never over another", async () => {
      const custodian = await make();
      if (!canImport(custodian)) return;
      const algorithm = algorithmNamed("RS256");
      const key = await generatePrivateKey(algorithm);
      const jwk = await custodian.importKey("a", key, algorithm, "my/key");
      expect(jwk.kid).toBe("my/key");
      expect(await custodian.importKey("a", key, algorithm, "my/key")).toStrictEqual(jwk);
      const signer = await custodian.open({ kid: "my/key", alg: "RS256", material: await custodian.material("a") });
      expect(signer.publicJwk).toStrictEqual(jwk);
      const other = await generatePrivateKey(algorithm);
      await expect(custodian.importKey("a", other, algorithm, "my/key")).rejects.toMatchObject({ code: "key_mismatch" });
      expect(
        (await custodian.open({ kid: "my/key", alg: "RS256", material: await custodian.material("a") })).publicJwk,
      ).toStrictEqual(jwk);
    });
  });
}

async function listed(custodian: Custodian): Promise<string[]> {
  const ids: string[] = [];
  for await (const name of custodian.list()) ids.push(name.split(".")[0] as string);
  return ids.sort();
}
