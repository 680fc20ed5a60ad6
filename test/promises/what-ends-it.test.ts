import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { inFolder, ourIssuer } from "../rotation/incidents/party.js";
import { isTaken, kidOf } from "../rotation/incidents/verifiers.js";

/* What docs/promises.md says of the end of a theft. */

const scratch = scratchDirectories();

describe("a thief", () => {
  it("who published a key of their own has it until a tick, which publishes the keyring's keys and no other", async () => {
    const directory = await scratch();
    const party = await ourIssuer(inFolder(directory));
    const jwks = (await party.serve()).jwks;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const theirs = { ...(await exportJWK(publicKey)), kid: "thief", alg: "ES256", use: "sig" };
    const path = join(directory, "public/jwks.json");
    const text = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...text, keys: [...text.keys, theirs] }));
    const forged = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: "thief" })
      .setExpirationTime(party.now() + 3_600)
      .sign(privateKey);
    expect(await isTaken(forged, (await party.serve()).jwks, party.now())).toBe(true);
    await party.manager().tick();
    expect((await party.serve()).jwks).toStrictEqual(jwks);
    expect(await isTaken(forged, (await party.serve()).jwks, party.now())).toBe(false);
  });

  it("who kept the key that signs has nothing that verifies by the JWKS once that key is revoked", async () => {
    const party = await ourIssuer(inFolder(await scratch()));
    const stolen = await party.issue();
    await party.manager().revoke({ kid: kidOf(stolen), reason: "stolen" });
    await party.active.refresh();
    expect(await isTaken(stolen, (await party.serve()).jwks, party.now())).toBe(false);
    const token = await party.issue();
    expect(await isTaken(token, (await party.serve()).jwks, party.now())).toBe(true);
  });
});
