import { describe, expect, it } from "vitest";
import type { KeyRecord } from "../../../src/keyring/key-record.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import { keyringText, parseKeyring } from "../../../src/keyring/parse.js";
import { explanationsOf } from "../../../src/rotation/forecast/explain.js";
import { livesOf } from "../../../src/rotation/forecast/key-lives.js";
import { plan } from "../../../src/rotation/plan/planner.js";
import { policyOf } from "../../../src/rotation/plan/policy.js";
import type { View } from "../../../src/rotation/plan/view.js";
import { keyringFor } from "../../contracts/keyring-fixture.js";
import { SETTINGS } from "../settings-fixture.js";
import { DAY, key, NOW, viewOf } from "./view-fixture.js";

const { policy } = keyringFor([]);
const BY_UPLOAD = { policy: { ...policy, rotateEverySeconds: 0, byUpload: true } };
const said = (uploaded?: string) => ({ rotationRequest: { requestedAt: NOW, ...(uploaded !== undefined && { uploaded }) } });

const viewByUpload = (keys: readonly KeyRecord[], more: Partial<Keyring> = {}): View => viewOf(keys, { ...BY_UPLOAD, ...more });
const planned = (view: View, now = NOW) => plan(view, view.keyring.policy, now);
const kinds = (view: View, now = NOW) => planned(view, now).actions.map(({ kind }) => kind);
const waits = (view: View, now = NOW) => planned(view, now).waits.map(({ rule, kid }) => `${rule} ${kid}`);

const active = key("a", "active");
const spare = key("b", "pending");

describe("where keys are uploaded, the planner", () => {
  it("keeps no standby that nobody asked for, and makes one that was", () => {
    expect(kinds(viewByUpload([active]))).toStrictEqual([]);
    expect(waits(viewByUpload([active]))).toStrictEqual(["by_upload a"]);
    expect(kinds(viewByUpload([active], said()))).toStrictEqual(["make"]);
    expect(kinds(viewByUpload([active, spare], said()))).toStrictEqual([]);
    expect(kinds(viewByUpload([active, { ...spare, unprovenAt: NOW }], said()))).toContain("make");
  });

  it("lets nothing sign by itself, however long it was published, and says what it waits for", () => {
    for (const request of [{}, said(), said("elsewhere")]) {
      const view = viewByUpload([active, spare, key("c", "pending")], request);
      expect(kinds(view, NOW)).toStrictEqual([]);
      expect(waits(view)).toStrictEqual(["by_upload b", "by_upload c"]);
      expect(planned(view).waits[0]?.words).toContain("`signet keys rotate --uploaded b` gives it");
    }
  });

  it("lets exactly the key sign that was uploaded, without another standby", () => {
    const view = viewByUpload([active, spare, key("c", "pending")], said("c"));
    expect(planned(view).actions).toMatchObject([{ kind: "activate", id: "c", because: "requested" }]);
    expect(kinds(viewByUpload([active, spare], said("b")))).toStrictEqual(["activate"]);
  });

  it("waits for those who read the JWKS where the issuer has a URL, and for nobody where it has none", () => {
    const young = key("b", "pending", { publishedAt: NOW - DAY + 1 });
    const view = viewByUpload([active, young], said("b"));
    expect([kinds(view), waits(view)]).toStrictEqual([[], ["publish_ahead b"]]);
    expect(kinds(view, NOW + 1)).toStrictEqual(["activate"]);
    expect(kinds(viewByUpload([active, young], { ...said("b"), issuer: null }))).toStrictEqual(["activate"]);
  });

  it("does not let a key sign that is not published, or not proven", () => {
    const { publishedAt: _, ...unpublished } = spare;
    expect(kinds(viewByUpload([active, unpublished], said("b")))).toStrictEqual(["publish"]);
    expect(kinds(viewByUpload([active, { ...spare, unprovenAt: NOW }], said("b")))).not.toContain("activate");
  });

  it.each([
    ["revoked", { revokedAt: NOW }],
    ["lost", { materialLostAt: NOW }],
  ])("replaces a key that was %s by one that was uploaded, and by no other", (because, more) => {
    const over = { ...active, ...more };
    expect(kinds(viewByUpload([over, spare]))).toStrictEqual([]);
    expect(waits(viewByUpload([over, spare]))).toStrictEqual(["by_upload b", "by_upload a"]);
    expect(kinds(viewByUpload([over]))).toStrictEqual([]);
    expect(planned(viewByUpload([over, spare], said("b"))).actions[0]).toMatchObject({ kind: "activate", id: "b", because });
  });

  it("goes back to the key before where the uploaded one was not proven, and to no other standby", () => {
    const activation = { id: "b", sequence: 2, maxTtlSeconds: DAY, because: "requested" as const, intendedAt: NOW };
    const dead = { ...spare, maxTtlSeconds: DAY, materialLostAt: NOW };
    const view = viewByUpload([active, dead, key("c", "pending")], { ...said("b"), activation, lastSequence: 2 });
    expect(planned(view).actions[0]).toMatchObject({ kind: "activate", id: "a", because: "repaired" });
  });

  it("goes on with an activation that had begun before", () => {
    const activation = { id: "b", sequence: 2, maxTtlSeconds: DAY, because: "due" as const, intendedAt: NOW };
    expect(kinds(viewByUpload([active, { ...spare, maxTtlSeconds: DAY }], { activation, lastSequence: 2 }))).toStrictEqual([
      "confirm",
    ]);
  });

  it("lets the first key of an issuer sign, and makes nothing behind it", () => {
    const first = viewOf([spare], { ...BY_UPLOAD, confirmedSequence: 0, lastSequence: 0 });
    expect(planned({ ...first, documents: [] }).actions).toMatchObject([{ kind: "activate", id: "b", because: "first" }]);
  });

  it("gives up a standby of an algorithm that was given up, once the key that signs has the new one", () => {
    const old = { ...key("o", "pending"), custody: "kms" };
    expect(kinds(viewByUpload([active, old]))).toStrictEqual(["discard"]);
    expect(kinds(viewByUpload([{ ...active, custody: "kms" }, old, spare], said("b")))).toStrictEqual(["activate"]);
    const waiting = { ...old, publishedAt: NOW };
    expect(kinds(viewByUpload([active, waiting], said("o")))).toStrictEqual([]);
  });

  it("begins with the usual rules again where keys are not uploaded any more", () => {
    const view = viewOf([active, spare, key("c", "pending")], said("c"));
    expect(planned(view).actions[0]).toMatchObject({ kind: "activate", id: "b", because: "requested" });
  });
});

describe("where keys are uploaded, the forecast", () => {
  const view = viewByUpload([active, spare], { rotationRequest: null });
  const words = (of: View) => explanationsOf(of, planned(of), NOW).map((each) => each.words);

  it("says of a standby that it waits for a person, and of the key that signs that it does", () => {
    expect(words(view)).toStrictEqual([
      expect.stringContaining("until a key takes over that you have uploaded"),
      expect.stringContaining("it waits until you say that it was uploaded: `signet keys rotate --uploaded b`"),
    ]);
    expect(words(viewByUpload([active, spare], said("b")))[1]).toContain("verifiers have it");
  });

  it("draws no standby as one that every verifier has", () => {
    const lives = livesOf(view.keyring, [], [], NOW);
    expect(lives.awaitUpload).toStrictEqual(["b"]);
    expect(lives.lives.find(({ name }) => name === "b")?.spans.map(({ phase }) => phase)).not.toContain("ready");
    const usual = livesOf(viewOf([active, spare]).keyring, [], [], NOW);
    expect(usual.awaitUpload).toBeUndefined();
    expect(usual.lives.find(({ name }) => name === "b")?.spans.map(({ phase }) => phase)).toContain("ready");
  });
});

describe("the word that keys are uploaded", () => {
  it("stands in the keyring only where it was given, and rotates nothing by schedule", () => {
    expect(policyOf(SETTINGS, 1)).not.toHaveProperty("byUpload");
    expect(policyOf({ ...SETTINGS, policy: { ...SETTINGS.policy, byUpload: false } }, 1)).not.toHaveProperty("byUpload");
    const settings = { ...SETTINGS, policy: { ...SETTINGS.policy, byUpload: true } };
    expect(policyOf(settings, 1)).toMatchObject({ byUpload: true, rotateEverySeconds: 0 });
  });

  it("is read again, with the key that was uploaded, and is not known to version 1", () => {
    const keyring: Keyring = { ...viewByUpload([active, spare], said("b")).keyring, version: 2, ended: [] };
    expect(parseKeyring(keyringText(keyring), "it")).toStrictEqual(keyring);
    const first = JSON.stringify({ ...JSON.parse(keyringText(keyring)), version: 1, ended: undefined });
    expect(() => parseKeyring(first, "it")).toThrow("this version does not know");
  });
});
