import { describe, expect, it } from "vitest";
import type { PublicJwk } from "../../../src/algorithms/jwk.js";
import { SignetError } from "../../../src/errors.js";
import { createManager } from "../../../src/rotation/manager.js";
import { assertWell } from "../../../src/rotation/report.js";
import type { PublishedDocuments, Stores } from "../../../src/storage/contract.js";
import { memoryPlace } from "../../contracts/memory-place.js";
import { SETTINGS } from "../settings-fixture.js";

async function issuer() {
  const { stores, custodian } = memoryPlace();
  let now = 1_800_000_000;
  const managerOver = (over: Stores) =>
    createManager({
      stores: over,
      custodians: { file: custodian },
      settings: { ...SETTINGS, algorithm: "ES256", custody: "file" },
      clock: () => now,
      sleep: async () => undefined,
    });
  const manager = managerOver(stores);
  await manager.tick({ createKeyring: true });
  const published = async () => (await stores.publicDocuments.read()) as PublishedDocuments;
  const keys = async () => (await published()).jwks.keys;
  /** As a hand would, which asks no manager. */
  const put = async (wanted: readonly object[]) => {
    const { tag, ...rest } = await published();
    await stores.publicDocuments.publish({ ...rest, jwks: { keys: wanted as readonly PublicJwk[] } }, tag);
  };
  return { stores, manager, managerOver, keys, put, later: (seconds: number) => (now += seconds) };
}

describe("a key in the published JWKS that we did not put there", () => {
  it.each([
    ["under a name of its own", ([first]: readonly PublicJwk[]) => ({ ...first, kid: "planted" }), "planted"],
    [
      "under a name that cannot be printed",
      ([first]: readonly PublicJwk[]) => ({ ...first, kid: "a\u001b[2J" }),
      "cannot be printed",
    ],
    ["under the name of one of ours", ([first, second]: readonly PublicJwk[]) => ({ ...second, kid: first?.kid as string }), ""],
  ])("%s is told by the next tick and in the audit log, and unpublished at once", async (_how, plant, told) => {
    const { manager, put, keys } = await issuer();
    const before = await keys();
    await put([...before.slice(1), plant(before), before[0] as PublicJwk]);
    const report = await manager.tick();
    expect(report.alerts).toStrictEqual([expect.stringMatching(/^the JWKS had a key that we did not make.*taken out$/)]);
    expect(report.alerts[0]).toContain(told);
    expect(() => assertWell(report)).toThrow(/did not make/);
    expect(await keys()).toStrictEqual(before);
    const [entry] = (await manager.history()).filter(({ event }) => event === "jwks.planted");
    expect(entry?.why).toBe(report.alerts[0]);
    expect((await manager.tick()).alerts).toStrictEqual([]);
  });

  it.each([null, 1, "a", [], {}, { kid: 7 }, { kid: { toString: false } }])(
    "may be no key at all, and keeps neither a planted nor a revoked one there: %j",
    async (nothing) => {
      const { manager, put, keys } = await issuer();
      const [active, standby] = (await keys()) as [PublicJwk, PublicJwk];
      const planted = { ...active, kid: "planted" };
      await put([active, standby, planted, nothing as never]);
      const { alerts } = await manager.tick();
      expect(alerts.join()).toMatch(/\(planted\).*its kid cannot be printed/);
      expect(await keys()).toStrictEqual([active, standby]);
      await put([active, standby, planted, nothing as never]);
      await manager.revoke({ kid: active.kid });
      expect((await keys()).map(({ kid }) => kid)).not.toEqual(expect.arrayContaining([active.kid]));
      expect((await keys()).map(({ kid }) => kid)).not.toEqual(expect.arrayContaining(["planted"]));
    },
  );

  it("is none of those that were removed, where the JWKS is one of before", async () => {
    const { manager, put, keys } = await issuer();
    const before = await keys();
    const [first] = before;
    await manager.revoke({ kid: first?.kid as string });
    await put(before);
    const report = await manager.tick();
    expect(report.actions.map(({ kind }) => kind)).toContain("publish");
    expect(report.alerts).toStrictEqual([]);
  });
});

/** An issuer whose log is kept as objects in S3 are, which are never written over. */
async function issuerWithObjects() {
  const { stores, managerOver } = await issuer();
  const last = (await stores.keyring.read())?.keyring.audit.count as number;
  const lines = new Map<number, string>();
  for await (const line of stores.audit.read()) lines.set(lines.size + 1, line);
  const append = async (number: number, line: string): Promise<void> => {
    if ((lines.get(number) ?? line) !== line) throw new SignetError("store_failed", "holds another line");
    lines.set(number, line);
  };
  const read = async function* (after = 0) {
    for (const [number, line] of [...lines].sort(([a], [b]) => a - b)) if (number > after) yield line;
  };
  return { lines, last, manager: managerOver({ ...stores, audit: { append, read } }) };
}

describe("a new audit chain where garbage stands beyond the last line", () => {
  it.each([[[1]], [[3]], [[1, 2, 40]], [[900_000]]])("%j further on begins behind it, and goes on", async (places) => {
    const { lines, last, manager } = await issuerWithObjects();
    for (const place of places) lines.set(last + place, "somebody was here");
    expect((await manager.verifyAudit()).isIntact).toBe(false);
    expect(await manager.beginAudit()).toMatchObject({ isIntact: true });
    await manager.rotate();
    expect((await manager.verifyAudit()).isIntact).toBe(true);
  });
});

describe("a new audit chain where the last line is another one", () => {
  it.each([
    ["no entry", () => "somebody was here"],
    ["an entry of another chain", (line: string) => JSON.stringify({ ...JSON.parse(line), why: "altered", previous: "x" })],
  ])("begins beside a line that is %s", async (_what, alter) => {
    const { lines, last, manager } = await issuerWithObjects();
    lines.set(last, alter(lines.get(last) as string));
    expect((await manager.verifyAudit()).isIntact).toBe(false);
    expect(await manager.beginAudit()).toMatchObject({ isIntact: true });
    await manager.rotate();
    expect((await manager.verifyAudit()).isIntact).toBe(true);
  });
});
