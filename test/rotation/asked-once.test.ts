import { describe, expect, it } from "vitest";
import { markOfKeys } from "../../src/rotation/session/mark.js";
import { issuersByUpload, USUAL } from "./issuer-by-upload.js";

const DAY = 86_400;
const { issuerByUpload } = issuersByUpload();

/** An issuer with two standbys that every verifier has. */
async function ready() {
  const issuer = await issuerByUpload(USUAL);
  const { manager, keyring, kids, pass } = issuer;
  await manager.rotate({ token: "before" });
  pass(2 * DAY);
  await manager.tick();
  await manager.rotate({ token: "to make the next one" });
  pass(2 * DAY);
  const mark = async () => markOfKeys(await keyring());
  const asked = async () => (await manager.history()).filter(({ event }) => event === "rotation.requested").length;
  const [active] = (await kids("active")) as [string];
  return { ...issuer, mark, asked, active };
}

describe("a change that is asked for twice", () => {
  it("is one rotation where both have one token, and two where they have two", async () => {
    const { manager, asked, active, kids, keyring, pass } = await ready();
    const before = await asked();
    expect((await manager.rotate({ token: "one" })).rotated).toMatchObject({ from: active });
    expect((await manager.rotate({ token: "one" })).rotated).toBeNull();
    pass(2 * DAY);
    await manager.tick();
    expect((await manager.rotate({ token: "one" })).rotated).toBeNull();
    expect(await asked()).toBe(before + 1);
    expect(await kids("active")).not.toStrictEqual([active]);
    expect((await manager.rotate({ token: "two" })).rotated).toBeNull();
    expect(await asked()).toBe(before + 2);
    expect((await keyring()).rotationToken).toBe("two");
  });

  it("is one, though the first has changed the state in which it was wanted: its answer was lost", async () => {
    const { manager, mark, asked, active, kids } = await ready();
    const request = { token: "one", expected: await mark() };
    expect((await manager.rotate(request)).rotated).not.toBeNull();
    const before = await asked();
    expect((await manager.rotate(request)).rotated).toBeNull();
    expect(await asked()).toBe(before);
    const revocation = { kid: (await kids("active"))[0] as string, expected: await mark() };
    await manager.revoke({ kid: active });
    await expect(manager.revoke(revocation)).rejects.toMatchObject({ code: "keyring_conflict" });
  });

  it("is one where the word of an uploaded key is given again after its answer was lost", async () => {
    const { manager, made, keyring, signs } = await issuerByUpload();
    const uploaded = await made();
    const request = { uploaded, token: "one", expected: markOfKeys(await keyring()) };
    expect((await manager.rotate(request)).rotated).toMatchObject({ to: uploaded });
    expect((await manager.rotate(request)).rotated).toBeNull();
    expect(await signs()).toBe(uploaded);
  });
});

describe("a change of keys that have changed since they were looked at", () => {
  it("is refused under the lease, and nothing is done", async () => {
    const { manager, managerOf, mark, keyring, active, stores } = await ready();
    const expected = await mark();
    // Another manager is first, between the look and the lease.
    await manager.rotate({ token: "another" });
    const before = await keyring();
    const other = managerOf(USUAL, stores);
    await expect(other.rotate({ token: "one", expected })).rejects.toMatchObject({
      code: "keyring_conflict",
      message: expect.stringContaining("nothing was done: look again"),
    });
    await expect(other.revoke({ kid: before.keys[0]?.publicJwk?.kid ?? "", expected })).rejects.toMatchObject({
      code: "keyring_conflict",
    });
    const after = await keyring();
    expect({ ...after, leases: 0 }).toStrictEqual({ ...before, leases: 0 });
    expect(after.keys.find(({ publicJwk }) => publicJwk?.kid === active)?.state).toBe("retired");
  });

  it("is done where they are as they were", async () => {
    const { manager, mark, active, kids } = await ready();
    await manager.revoke({ kid: active, expected: await mark() });
    expect(await kids("active")).not.toContain(active);
  });

  it("is done already where the key was revoked meanwhile, and signs on", async () => {
    const { manager, keyring, kids } = await issuerByUpload();
    const [kid] = (await kids("active")) as [string];
    const request = { kid, expected: markOfKeys(await keyring()) };
    for (let time = 0; time < 2; time++)
      await expect(manager.revoke(request)).rejects.toMatchObject({
        code: "plan_refused",
        message: expect.stringContaining("is revoked"),
      });
  });
});
