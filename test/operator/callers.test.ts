import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.js";
import { secretDigest } from "../../src/issue/caller-secret.js";
import { changeTrust, findRule } from "../../src/operator/caller-proofs.js";
import { addCaller, addOrRotateCaller, listedCallers, removeCaller, rotateCaller } from "../../src/operator/callers.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();

async function configured(members: object = {}) {
  const cwd = await scratch();
  const path = join(cwd, "signet.json");
  await writeFile(path, JSON.stringify(members), { mode: 0o600 });
  const surroundings = { cwd, env: {}, self: "signet" };
  return { surroundings, path, config: () => loadConfig({ cwd, env: {} }) };
}

describe("the callers of a config", () => {
  it("are added with a secret of which the file keeps the digest alone", async () => {
    const { surroundings, path, config } = await configured({ directory: "keys" });
    const given = { limits: { maxTtlSeconds: 60 }, expiresAfterSeconds: 10 };
    const { secret, record } = await addCaller(surroundings, path, "web", given);
    const { callers } = await config();
    expect(callers).toStrictEqual({ web: { limits: { maxTtlSeconds: 60 }, secrets: [record] } });
    expect(record).toMatchObject({ sha256: secretDigest(secret).toString("hex"), expiresAt: record.createdAt + 10 });
    expect(await readFile(path, "utf8")).not.toContain(secret);
    // What stood in the file before stands there still.
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ directory: "keys" });
  });

  it("are added or given a new secret by a script that is run again, and keep their limits", async () => {
    const { surroundings, path, config } = await configured();
    const wishes = { overlapSeconds: 100, limits: { maxTtlSeconds: 60 } };
    const first = await addOrRotateCaller(surroundings, path, "web", wishes);
    expect(first.oldEndAt).toBeUndefined();
    const second = await addOrRotateCaller(surroundings, path, "web", { overlapSeconds: 100 });
    expect(second.oldEndAt).toBe(second.record.createdAt + 100);
    expect((await config()).callers.web).toStrictEqual({
      limits: { maxTtlSeconds: 60 },
      secrets: [{ ...first.record, expiresAt: second.oldEndAt }, second.record],
    });
    await addOrRotateCaller(surroundings, path, "web", { overlapSeconds: 0, limits: { maxTtlSeconds: 30 } });
    expect((await config()).callers.web).toMatchObject({ limits: { maxTtlSeconds: 30 }, secrets: [{}] });
    await expect(addOrRotateCaller(surroundings, path, "constructor", wishes)).rejects.toMatchObject({ code: "usage" });
  });

  it("keep their old secrets for the overlap, and lose them at once without one", async () => {
    const { surroundings, path, config } = await configured();
    const first = await addCaller(surroundings, path, "web", {});
    const second = await rotateCaller(surroundings, path, "web", { overlapSeconds: 100 });
    expect(second.oldEndAt).toBe(second.record.createdAt + 100);
    expect((await config()).callers.web?.secrets).toStrictEqual([{ ...first.record, expiresAt: second.oldEndAt }, second.record]);
    const third = await rotateCaller(surroundings, path, "web", { overlapSeconds: 0 });
    expect((await config()).callers.web?.secrets).toStrictEqual([third.record]);
  });

  it("are listed without digests, and removed", async () => {
    const { surroundings, path, config } = await configured();
    const { record } = await addCaller(surroundings, path, "web", {});
    expect(listedCallers(await config())).toStrictEqual([
      { name: "web", limits: {}, secrets: [{ createdAt: record.createdAt }] },
    ]);
    await removeCaller(surroundings, path, "web");
    expect(listedCallers(await config())).toStrictEqual([]);
  });

  it("are refused where the name is taken, none or unknown, and where limits contradict the issuer's: nothing is written", async () => {
    const { surroundings, path } = await configured({ limits: { fixedClaims: { tenant: "a" } } });
    await addCaller(surroundings, path, "web", {});
    const before = await readFile(path, "utf8");
    const refusals: [() => Promise<unknown>, string][] = [
      [() => addCaller(surroundings, path, "web", {}), "caller_exists"],
      [() => addCaller(surroundings, path, "constructor", {}), "usage"],
      [() => addCaller(surroundings, path, "app", { limits: { fixedClaims: { tenant: "b" } } }), "config_invalid"],
      [() => rotateCaller(surroundings, path, "nobody", { overlapSeconds: 0 }), "caller_missing"],
      [() => removeCaller(surroundings, path, "toString"), "caller_missing"],
    ];
    for (const [refused, code] of refusals) await expect(refused()).rejects.toMatchObject({ code });
    expect(await readFile(path, "utf8")).toBe(before);
  });
});

describe("a rule that a person has seen", () => {
  const ruleOf = (sub: string) => ({ issuer: "https://idp.example", jwksUrl: "https://idp.example/jwks", claims: { sub } });

  it("is the one that goes, and no other that has its place by now", async () => {
    const { surroundings, path, config } = await configured({
      issuer: "https://id.example",
      callers: { web: { trusts: ["a", "b", "c"].map(ruleOf) } },
    });
    const shown = findRule("web", (await config()).callers.web as never, "1", surroundings);
    await changeTrust(surroundings, path, "web", "0", () => undefined);
    const gone = changeTrust(surroundings, path, "web", "1", () => undefined, shown);
    await expect(gone).rejects.toThrow(/were changed meanwhile: nothing was done; run it again/);
    const left = (await config()).callers.web?.trusts?.map(({ claims }) => claims);
    expect(left).toStrictEqual([{ sub: "b" }, { sub: "c" }]);
    await changeTrust(surroundings, path, "web", "0", () => undefined, { ...shown, place: "trusts.0" });
    expect((await config()).callers.web?.trusts?.map(({ claims }) => claims)).toStrictEqual([{ sub: "c" }]);
  });
});
