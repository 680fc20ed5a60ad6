import { describe, expect, it } from "vitest";
import { overviewOf } from "../../src/operator/key-overview.js";
import { issuersByUpload, USUAL } from "../rotation/issuer-by-upload.js";

const DAY = 86_400;
const { issuerByUpload } = issuersByUpload();
const BY_HAND = { ...USUAL, policy: { ...USUAL.policy, rotateEverySeconds: 0 } };
const THEIRS = { kty: "OKP", crv: "Ed25519", kid: "theirs", alg: "EdDSA", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };

type Looking = Pick<Awaited<ReturnType<typeof issuerByUpload>>, "manager">;
const viewOf = async ({ manager }: Looking) => overviewOf(await manager.survey());
const waitsOf = async (issuer: Looking) => (await viewOf(issuer)).waits.map(({ words, needsYou }) => ({ needsYou, words }));
const badgesOf = async (issuer: Looking) => (await viewOf(issuer)).keys.map(({ badge }) => badge);
const standbyOf = async (issuer: Looking) => {
  const { now, keys } = await viewOf(issuer);
  const [, standby] = keys;
  return { ...standby, isKnown: (standby?.knownAt ?? Number.POSITIVE_INFINITY) <= now, now };
};

describe("what waits", () => {
  it("needs nobody where an operator has chosen it", async () => {
    const issuer = await issuerByUpload(BY_HAND);
    await issuer.manager.importForeignKeys({ keys: [THEIRS] });
    const waits = await waitsOf(issuer);
    expect(waits.map(({ words }) => words).join()).toMatch(
      /the policy leaves rotation to the operator.*only you know when its last/s,
    );
    expect(waits.filter(({ needsYou }) => needsYou)).toStrictEqual([]);
  });

  it("needs a person where settings are not in force, where a key waits to be uploaded, and for nothing else there", async () => {
    const uploads = await issuerByUpload();
    expect((await waitsOf(uploads)).filter(({ needsYou }) => needsYou)).toStrictEqual([]);
    const kid = await uploads.made();
    const needed = (await waitsOf(uploads)).filter(({ needsYou }) => needsYou);
    expect(needed).toMatchObject([{ words: expect.stringContaining(`\`signet keys rotate --uploaded ${kid}\` gives it`) }]);
    const { managerOf } = await issuerByUpload(USUAL);
    const differing = await waitsOf({ manager: managerOf(BY_HAND) });
    expect(differing.filter(({ needsYou }) => needsYou)).toMatchObject([{ words: expect.stringContaining("signet keys apply") }]);
  });
});

describe("a standby", () => {
  it("is pending until it signs, and is known once every verifier has it", async () => {
    const issuer = await issuerByUpload(USUAL);
    const { manager, stores, pass, keyring } = issuer;
    expect(await badgesOf(issuer)).toStrictEqual(["active", "pending"]);
    expect((await standbyOf(issuer)).isKnown).toBe(false);
    pass(2 * DAY);
    expect(await badgesOf(issuer)).toStrictEqual(["active", "pending"]);
    expect((await standbyOf(issuer)).isKnown).toBe(true);
    const found = await stores.keyring.read();
    const { keys, ...rest } = await keyring();
    const doubted = keys.map((key) => (key.state === "pending" ? { ...key, unprovenAt: 1_800_000_000 } : key));
    const tag = await stores.keyring.write({ ...rest, keys: doubted }, found?.tag ?? null);
    expect(await standbyOf(issuer)).toMatchObject({ badge: "pending", unprovenSince: 1_800_000_000, signsAt: null });
    await stores.keyring.write({ ...rest, keys }, tag);
    const published = await stores.publicDocuments.read();
    if (published === undefined) throw new Error("nothing was published");
    await stores.publicDocuments.publish({ ...published, jwks: { keys: published.jwks.keys.slice(0, 1) } }, published.tag);
    await manager.tick();
    expect((await standbyOf(issuer)).isKnown).toBe(false);
    pass(DAY);
    expect((await standbyOf(issuer)).isKnown).toBe(true);
  });

  it("may sign long before it is to sign", async () => {
    const issuer = await issuerByUpload(USUAL);
    const { now, until, knownAt, signsAt } = await standbyOf(issuer);
    const { publishAheadSeconds, rotateEverySeconds } = USUAL.policy;
    expect(until).toBe(knownAt);
    expect(until).toBe(now + publishAheadSeconds);
    expect(signsAt).toBeGreaterThan(now + rotateEverySeconds - DAY);
    const { keys } = await viewOf(issuer);
    expect(keys[0]).toMatchObject({ state: "active", until: signsAt, signsAt: null });
    expect(await standbyOf(await issuerByUpload(BY_HAND))).toMatchObject({ state: "pending", signsAt: null });
  });
});
