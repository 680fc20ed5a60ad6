import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assembleIssuer } from "../../src/assemble-issuer.js";
import { loadConfig } from "../../src/config/load.js";
import { presentSeconds } from "../../src/issue/issuer.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { jwksOf, keyOf, NOW, proofBy, proofsOf, US } from "./fixture.js";

const scratch = scratchDirectories();

/** A folder with a config whose caller signs its own proofs, and a proof of it. */
async function installation() {
  const cwd = await scratch();
  const key = await keyOf("ES256");
  await writeFile(join(cwd, "signet.json"), JSON.stringify({ issuer: US, callers: { batch: { keys: { jwks: jwksOf(key) } } } }));
  const now = presentSeconds();
  const proof = () => proofBy(key, { iss: "batch", sub: "batch", aud: US, iat: now, exp: now + 120, jti: randomUUID() });
  const open = async () => (await assembleIssuer(await loadConfig({ cwd, env: {} }))).proofs();
  return { cwd, proof, open };
}

describe("a proof that may be used once", () => {
  it("is refused again by the same process, by another one and after a restart", async () => {
    const { proof, open } = await installation();
    const token = proof();
    const [worker, other] = [await open(), await open()];
    const shown = await Promise.all([worker, other].map((each) => each.prove(token, {})));
    const outcomes = await Promise.allSettled(shown.map((each) => each.use()));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const again = await (await open()).prove(token, {});
    await expect(again.use()).rejects.toMatchObject({ code: "proof_replayed", status: 401 });
    await expect((await other.prove(proof(), {})).use()).resolves.toBeUndefined();
  });

  it("costs no place on the disk until it is used, and is refused where there is none", async () => {
    const { cwd, proof, open } = await installation();
    const proofs = await open();
    const shown = await proofs.prove(proof(), {});
    expect(await readdir(cwd)).toStrictEqual(["signet.json"]);
    await mkdir(join(cwd, ".signet"));
    await writeFile(join(cwd, ".signet/used"), "");
    await expect(shown.use()).rejects.toMatchObject({ code: "replay_store_failed", status: 503 });
    await rm(join(cwd, ".signet/used"));
    await expect(shown.use()).resolves.toBeUndefined();
  });

  it("is refused by a process that stood still until it was over: others may have taken it, and forgotten it since", async () => {
    const key = await keyOf("ES256");
    const clock = { now: NOW };
    const standingStill = {
      async createOnce() {
        clock.now += 7_200;
        return true;
      },
    };
    const callers = { batch: { keys: { jwks: jwksOf(key) } } } as never;
    const proofs = proofsOf(callers, { clock: () => clock.now, once: standingStill });
    const token = proofBy(key, { iss: "batch", sub: "batch", aud: US, iat: NOW, exp: NOW + 120 });
    await expect((await proofs.prove(token, {})).use()).rejects.toMatchObject({ code: "proof_refused" });
  });
});
