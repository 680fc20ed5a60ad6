import { describe, expect, it } from "vitest";
import { SignetError } from "../../src/errors.js";
import { healthOf } from "../../src/operator/key-health.js";
import type { Survey } from "../../src/rotation/survey.js";
import { key, NOW, viewOf } from "../rotation/plan/view-fixture.js";

const HOUR = 3_600;
const DENIED = new SignetError("aws_access_denied", "allow ssm:GetParameters");
const entry = { number: 57, at: NOW - HOUR, actor: "x", event: "key.activated", previous: "" } as const;
const log = (history: NonNullable<Survey["log"]>["history"] = [entry], more: object = {}) => ({
  history,
  verdict: { isIntact: true, count: 57, head: "h", fault: null, ...more },
  checkedAt: NOW,
});

/** A survey of an issuer of which everything is well, but for what is said. */
function surveyed(more: Partial<Survey> = {}, keyring: Partial<Survey["keyring"]> = {}): Survey {
  const { keyring: own } = viewOf([key("k3", "active"), key("k4", "pending")]);
  return {
    now: NOW,
    keyring: { ...own, audit: { count: 57, head: "h", entry: "" }, ...keyring },
    explanations: [],
    lives: { now: NOW, from: NOW, until: NOW, lives: [], planned: [] },
    report: { actions: [], waits: [], nextAt: null, blockedBy: null, alerts: [], strays: [] },
    isPublished: true,
    document: "confirmed",
    named: "k3",
    unread: { published: undefined, document: undefined, log: undefined },
    log: log(),
    isMoving: false,
    isAtWork: false,
    ...more,
  };
}

const itemOf = (name: string, ...parts: Parameters<typeof surveyed>) =>
  healthOf(surveyed(...parts)).items.find((item) => item.name === name);

describe("how an installation is", () => {
  it("is well where all of it was looked at and is as it should be", () => {
    expect(healthOf(surveyed()).isWell).toBe(true);
  });

  it.each([
    ["active document", { unread: { ...surveyed().unread, document: DENIED } }, "it was not read from here: allow ssm"],
    ["public documents", { unread: { ...surveyed().unread, published: DENIED } }, "they were not read: allow ssm"],
    ["audit log", { log: undefined, unread: { ...surveyed().unread, log: DENIED } }, "it was not read: allow ssm"],
    ["last change", { log: undefined }, "not known: the log was not read"],
    ["last change", { log: log([]) }, "not known: the log has no entries, and the keyring knows of 57"],
    ["public documents", { isPublished: false, isAtWork: true }, "a manager is at work"],
  ] as const)("says of %s that it is not known, and neither well nor wrong (%#)", (name, more, words) => {
    expect(itemOf(name, more)).toMatchObject({ isWell: null, words: expect.stringContaining(words) });
    expect(healthOf(surveyed(more)).isWell).toBeNull();
  });

  it("is not well where one thing is not, whatever is not known", () => {
    expect(healthOf(surveyed({ isPublished: false, log: undefined })).isWell).toBe(false);
  });

  it("shows no fault of what was read while managers wrote", () => {
    const verdict = { isIntact: false, fault: { number: 58, words: "the line was added, or the keyring is old" } };
    const faults: Partial<Survey> = {
      isPublished: false,
      document: "foreign",
      log: log([entry], verdict),
      report: { ...surveyed().report, blockedBy: "nothing is done" },
    };
    expect(healthOf(surveyed(faults)).items.filter(({ isWell }) => isWell === false)).toHaveLength(4);
    const moving = healthOf(surveyed({ ...faults, isMoving: true }));
    expect(moving.isWell).toBeNull();
    expect(moving.items.filter(({ words }) => words.startsWith("keys are being changed at this moment"))).toHaveLength(4);
  });

  it("has a key that signs while one takes over from a key that was revoked", () => {
    const keys = [key("k3", "revoked", { revokedAt: NOW }), key("k4", "pending", { maxTtlSeconds: 60 })];
    const activation = { id: "k4", sequence: 2, maxTtlSeconds: 60, because: "revoked", intendedAt: NOW } as const;
    const readBack = { ...activation, readBackAt: NOW };
    expect(itemOf("keys", {}, { keys, activation: readBack })).toMatchObject({ isWell: true, words: "keys are managed" });
    expect(itemOf("keys", {}, { keys, activation })?.isWell).toBe(false);
  });

  it("takes an issuer without a standby for well while its first keys are young, or keys are made by a word", () => {
    const alone = (more: object = {}) => [key("k3", "active", more)];
    expect(itemOf("standbys", {}, { keys: alone({ activatedAt: NOW - 60 }) })?.isWell).toBe(true);
    expect(itemOf("standbys", {}, { keys: [], confirmedSequence: 0 })?.isWell).toBe(true);
    expect(itemOf("standbys", {}, { keys: alone() })).toMatchObject({
      isWell: false,
      words: expect.stringContaining("`signet keys tick` makes one, or says what keeps it from that"),
    });
    const { policy } = surveyed().keyring;
    expect(itemOf("standbys", {}, { keys: alone(), policy: { ...policy, byUpload: true } })?.isWell).toBe(true);
  });

  it("says when the log was checked", () => {
    const found = itemOf("audit log", { log: { ...log(), checkedAt: NOW - 120 } });
    expect(found).toMatchObject({ isWell: true, at: NOW - 120, words: expect.stringMatching(/; checked 2 minutes ago$/) });
  });
});
