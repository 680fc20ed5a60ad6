import { describe, expect, it } from "vitest";
import { SignetError } from "../../src/errors.js";
import type { KeyRecord } from "../../src/keyring/key-record.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import type { KeyLives } from "../../src/rotation/forecast/key-lives.js";
import type { Stores } from "../../src/storage/contract.js";
import { issuersByUpload, USUAL } from "./issuer-by-upload.js";

const DAY = 86_400;
const { issuerByUpload } = issuersByUpload();
const NOW = 1_800_000_000;
const issuer = () => issuerByUpload(USUAL);
const lifeOf = ({ lives }: KeyLives, kid: string) => lives.find(({ name }) => name === kid);
const signsIn = (lives: KeyLives, kid: string) => lifeOf(lives, kid)?.spans.find(({ phase }) => phase === "active");
const denied = async (): Promise<never> => {
  throw new SignetError("aws_access_denied", "allow it");
};

describe("how keys stand while a manager writes", () => {
  /** Stores whose public documents are read while something else happens. */
  const during = (stores: Stores, happens: () => Promise<unknown>): Stores => ({
    ...stores,
    publicDocuments: {
      ...stores.publicDocuments,
      read: async () => {
        await happens();
        return stores.publicDocuments.read();
      },
    },
  });

  it("is of one moment: keyring, documents and log belong together", async () => {
    const { managerOf, manager, stores, signs, pass, kids } = await issuer();
    pass(2 * DAY);
    const [before] = (await kids("active")) as [string];
    let isFirst = true;
    const looking = managerOf(
      USUAL,
      during(stores, async () => {
        if (!isFirst) return;
        isFirst = false;
        await manager.revoke({ kid: before });
      }),
    );
    const found = await looking.survey();
    expect(await signs()).not.toBe(before);
    expect(found).toMatchObject({ isMoving: false, isPublished: true, document: "confirmed", named: await signs() });
    expect(found.log?.verdict.isIntact).toBe(true);
    expect(found.report.blockedBy).toBeNull();
  });

  it("says so where managers write all the while", async () => {
    const { managerOf, manager, stores } = await issuer();
    let count = 0;
    const looking = managerOf(
      USUAL,
      during(stores, () => manager.rotate({ token: String(count++) })),
    );
    expect(await looking.survey()).toMatchObject({ isMoving: true, isAtWork: true });
    expect(count).toBe(3);
  });
});

describe("where a source cannot be read", () => {
  it("the others are read, and it is taken to be as the keyring says", async () => {
    const { managerOf, stores, signs, kids } = await issuer();
    const broken = {
      ...stores,
      active: { ...stores.active, read: denied },
      publicDocuments: { ...stores.publicDocuments, read: denied },
    };
    const found = await managerOf(USUAL, broken).survey();
    expect(found.unread).toMatchObject({ published: { message: "allow it" }, document: { message: "allow it" }, log: undefined });
    expect(found).toMatchObject({ isPublished: true, document: "confirmed", named: await signs() });
    expect(found.log?.verdict.isIntact).toBe(true);
    expect(lifeOf(found.lives, (await kids("pending"))[0] as string)?.knownAt).toBe(NOW + DAY);
    const withoutLog = {
      ...stores,
      audit: { ...stores.audit, read: () => ({ [Symbol.asyncIterator]: () => ({ next: denied }) }) },
    };
    expect(await managerOf(USUAL, withoutLog).survey()).toMatchObject({
      log: undefined,
      unread: { log: { message: "allow it" } },
    });
    await expect(managerOf(USUAL, withoutLog).log()).rejects.toMatchObject({ code: "aws_access_denied" });
    expect((await managerOf(USUAL, broken).log()).log.verdict.isIntact).toBe(true);
  });

  it("the key that takes over signs by the keyring's word once its document was read back", async () => {
    const { managerOf, stores, keyring, kids } = await issuer();
    const [first] = (await kids("active")) as [string];
    const [next] = (await keyring()).keys.filter(({ state }) => state === "pending") as [KeyRecord];
    const found = await stores.keyring.read();
    const taking: Keyring = {
      ...(await keyring()),
      lastSequence: 2,
      activation: { id: next.id, sequence: 2, maxTtlSeconds: DAY, because: "revoked", intendedAt: NOW, readBackAt: NOW },
      allocations: [{ sequence: 1 }, { sequence: 2 }],
      keys: (await keyring()).keys.map((key) =>
        key.publicJwk?.kid === first ? { ...key, state: "revoked", revokedAt: NOW } : { ...key, maxTtlSeconds: DAY },
      ),
    };
    await stores.keyring.write(taking, found?.tag ?? null);
    const blind = { ...stores, active: { ...stores.active, read: denied } };
    expect(await managerOf(USUAL, blind).survey()).toMatchObject({ document: "under_way", named: next.publicJwk?.kid });
  });
});

describe("a log that is remembered", () => {
  it("is checked anew when its keyring has another head, and every few minutes", async () => {
    const { managerOf, manager, stores, pass } = await issuer();
    let reads = 0;
    const read = (after?: number): AsyncIterable<string> => {
      reads += 1;
      return stores.audit.read(after);
    };
    const looking = managerOf(USUAL, { ...stores, audit: { ...stores.audit, read } });
    const first = await looking.survey();
    expect((await looking.survey(first.log)).log).toBe(first.log);
    expect(reads).toBe(1);
    pass(299);
    await looking.survey(first.log);
    expect(reads).toBe(1);
    pass(1);
    expect((await looking.survey(first.log)).log?.checkedAt).toBe(NOW + 300);
    expect(reads).toBe(2);
    await manager.rotate();
    await looking.survey(first.log);
    expect(reads).toBe(3);
  });
});

describe("a standby that the JWKS lacks", () => {
  it("is not said to be known by every verifier, here or in a dry run", async () => {
    const { manager, stores, kids, pass } = await issuer();
    const [standby] = (await kids("pending")) as [string];
    await manager.rotate();
    pass(10 * DAY);
    expect(lifeOf((await manager.survey()).lives, standby)?.knownAt).toBe(NOW + DAY);
    expect((await manager.rotate({ dryRun: true })).rotated).not.toBeNull();
    const published = await stores.publicDocuments.read();
    if (published === undefined) throw new Error("nothing was published");
    const { tag, ...documents } = published;
    const keys = documents.jwks.keys.filter(({ kid }) => kid !== standby);
    await stores.publicDocuments.publish({ ...documents, jwks: { keys } }, tag);
    const found = await manager.survey();
    expect(found.isPublished).toBe(false);
    // The next tick publishes it anew, at this instant on paper.
    expect(lifeOf(found.lives, standby)?.knownAt).toBe(NOW + 11 * DAY);
    expect(found.explanations.find(({ kid }) => kid === standby)?.words).toContain("not seen in the JWKS yet");
    expect((await manager.rotate({ dryRun: true })).rotated).toBeNull();
  });
});

describe("the lives after a change", () => {
  it("are those of what the manager would do, which has tried the keys", async () => {
    const { managerOf, manager, stores, file, kids, pass } = await issuer();
    const [first] = (await kids("active")) as [string];
    const [older] = (await kids("pending")) as [string];
    pass(DAY / 2);
    await manager.rotate();
    const [, newer] = (await kids("pending")) as [string, string];
    const open: typeof file.open = async (document) => {
      if (document.kid === older) throw new SignetError("key_unusable", "it cannot be decrypted");
      return file.open(document);
    };
    const trying = managerOf(USUAL, stores, { ...file, open });
    const { actions } = await trying.revoke({ kid: first, dryRun: true });
    const lives = await manager.livesAfter({ revoke: first }, actions, { history: [] });
    if (lives === null) throw new Error("they are not drawn");
    expect(signsIn(lives, newer)?.from).toBe(NOW + DAY / 2);
    expect(signsIn(lives, older)).toBeUndefined();
    expect(lifeOf(lives, first)).toMatchObject({ end: "revoked" });
  });

  it("are drawn without opening a key, also where one would be made: KMS is paid for each signature", async () => {
    const { manager, managerOf, stores, file, kids, pass } = await issuer();
    const [first] = (await kids("active")) as [string];
    pass(2 * DAY);
    const { actions } = await manager.revoke({ kid: first, dryRun: true });
    expect(actions.map(({ kind }) => kind)).toContain("make");
    let opened = 0;
    const open: typeof file.open = async (document) => {
      opened++;
      return file.open(document);
    };
    expect(
      await managerOf(USUAL, stores, { ...file, open }).livesAfter({ revoke: first }, actions, { history: [] }),
    ).not.toBeNull();
    expect(opened).toBe(0);
  });

  it("are not drawn where another key would take over on paper", async () => {
    const { manager, kids } = await issuer();
    const [first] = (await kids("active")) as [string];
    const elsewhere = [{ kind: "activate", kid: "elsewhere" }] as const;
    expect(await manager.livesAfter({ revoke: first }, elsewhere, { history: [] })).toBeNull();
    expect(await manager.livesAfter({ revoke: first }, [], { history: [] })).toBeNull();
  });
});

describe("the life of a revoked key", () => {
  it("goes on while it signs on, and says when it was revoked", async () => {
    const { manager, kids, pass } = await issuerByUpload();
    const [first] = (await kids("active")) as [string];
    pass(DAY);
    const { actions } = await manager.revoke({ kid: first, dryRun: true });
    const preview = await manager.livesAfter({ revoke: first }, actions, { history: [] });
    await expect(manager.revoke({ kid: first })).rejects.toMatchObject({ code: "plan_refused" });
    for (const lives of [preview, await manager.lives()]) {
      if (lives === null) throw new Error("they are not drawn");
      expect(lifeOf(lives, first)).toMatchObject({ end: "revoked", revokedAt: NOW + DAY });
      expect(signsIn(lives, first)?.to).toBe(lives.until);
    }
  });

  it("ends with its revocation where another key takes over at once", async () => {
    const { manager, kids, pass } = await issuer();
    const [first] = (await kids("active")) as [string];
    pass(2 * DAY);
    const { actions } = await manager.revoke({ kid: first, dryRun: true });
    const lives = await manager.livesAfter({ revoke: first }, actions, { history: [] });
    if (lives === null) throw new Error("they are not drawn");
    expect(signsIn(lives, first)?.to).toBe(NOW + 2 * DAY);
    expect(lifeOf(lives, first)).not.toHaveProperty("revokedAt");
  });

  it("is drawn where it ends within the second in which the key was made", async () => {
    const { manager, kids } = await issuer();
    const [first] = (await kids("active")) as [string];
    const { actions } = await manager.revoke({ kid: first, dryRun: true });
    const lives = await manager.livesAfter({ revoke: first }, actions, { history: [] });
    if (lives === null) throw new Error("they are not drawn");
    expect(lifeOf(lives, first)).toMatchObject({ end: "revoked", spans: [{ from: NOW, to: NOW + 1 }] });
  });
});
