import { describe, expect, it } from "vitest";
import type { KeyRecord } from "../../src/keyring/key-record.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import { keysInSentence, type Stand } from "../../src/operator/key-sentence.js";
import type { KeyLife } from "../../src/rotation/forecast/key-lives.js";

const DAY = 86_400;
/** 2026-03-02 12:00:00 UTC */
const NOW = 1_772_452_800;
const policy = { rotateEverySeconds: 0, publishAheadSeconds: DAY, algorithm: "ES256", custody: "file" };

function record(kid: string, state: KeyRecord["state"], more: Partial<KeyRecord> = {}): KeyRecord {
  const publicJwk = { kty: "EC", use: "sig", alg: "ES256", kid } as const;
  return {
    id: `id-${kid}`,
    state,
    alg: "ES256",
    custody: "file",
    origin: "created",
    publicJwk,
    creatingAt: NOW - 10 * DAY,
    ...more,
  };
}
const signing = (kid = "k3", more: Partial<KeyRecord> = {}) =>
  record(kid, "active", { activatedAt: NOW - DAY, maxTtlSeconds: 60, ...more });
const standing = (kid = "k4", more: Partial<KeyRecord> = {}) => record(kid, "pending", { publishedAt: NOW - 2 * DAY, ...more });
const life = (name: string, activeFrom: number | null, more: Partial<KeyLife> = {}): KeyLife => ({
  name,
  alg: "ES256",
  spans:
    activeFrom === null
      ? [{ phase: "ready", from: NOW - DAY, to: NOW + DAY }]
      : [{ phase: "active", from: activeFrom, to: activeFrom + DAY }],
  end: null,
  isPlanned: false,
  ...more,
});

function sentence(
  keys: readonly KeyRecord[],
  lives: readonly KeyLife[] = [],
  more: object = {},
  policyMore: object = {},
  stand: Partial<Stand> = {},
): string {
  const keyring = {
    keys,
    activation: null,
    rotationRequest: null,
    confirmedSequence: 1,
    issuer: "https://issuer.example",
    policy: { ...policy, ...policyMore },
    ...more,
  };
  return keysInSentence({
    keyring: keyring as unknown as Keyring,
    lives: { now: NOW, from: NOW - DAY, until: NOW + DAY, lives, planned: [] },
    document: "confirmed",
    named: "k3",
    isMoving: false,
    report: { blockedBy: null },
    ...stand,
  });
}

describe("how an issuer's keys stand, in a sentence", () => {
  it.each([
    [NOW, NOW - DAY, "k3 signs; k4 takes over at the next tick; every verifier has had it since yesterday."],
    [NOW + 10 * DAY, NOW - DAY, "k3 signs; k4 takes over on 12 March; every verifier has had it since yesterday."],
    [NOW + 10 * DAY, NOW - 30 * DAY, "k3 signs; k4 takes over on 12 March; every verifier has had it since 31 January."],
    [NOW + 10 * DAY, NOW + DAY, "k3 signs; k4 takes over on 12 March; every verifier has it from tomorrow at 12:00 UTC."],
    [
      NOW + 400 * DAY,
      NOW - 3_600,
      "k3 signs; k4 takes over on 6 April 2027; every verifier has had it since today at 11:00 UTC.",
    ],
    [NOW + 3_600, undefined, "k3 signs; k4 takes over today at 13:00 UTC."],
  ])("says who takes over, and from when every verifier has it (%d, %d)", (at, knownAt, words) => {
    const next = life("k4", at, knownAt === undefined ? {} : { knownAt });
    expect(sentence([signing(), standing()], [life("k3", NOW - DAY), next])).toBe(words);
  });

  it.each([
    [
      "a key that is not made yet",
      [signing()],
      [life("new key 1", NOW + DAY, { isPlanned: true, knownAt: NOW })],
      {},
      {},
      "k3 signs; a key that is not made yet takes over tomorrow at 12:00 UTC.",
    ],
    ["rotation by hand", [signing()], [], {}, {}, "k3 signs until it is rotated by hand."],
    [
      "a standby of that",
      [signing(), standing()],
      [life("k4", null, { knownAt: NOW - DAY })],
      {},
      {},
      "k3 signs until it is rotated by hand; k4 stands by; every verifier has had it since yesterday.",
    ],
    [
      "a revocation",
      [signing("k3", { revokedAt: NOW })],
      [],
      {},
      {},
      "k3 signs, though it was revoked: it goes on until another key takes over.",
    ],
    ["an activation", [signing(), standing()], [], { activation: { id: "id-k4" } }, {}, "k3 signs; k4 is taking over."],
    [
      "uploads",
      [signing()],
      [],
      {},
      { byUpload: true },
      "k3 signs; the next one is made by your word, and signs once you have uploaded it.",
    ],
    [
      "a key to upload",
      [signing(), standing()],
      [],
      {},
      { byUpload: true },
      "k3 signs; k4 waits until you say that it was uploaded.",
    ],
    ["no key", [], [], { confirmedSequence: 0 }, {}, "No key signs: there is none."],
    [
      "a key that was revoked, and another that takes over",
      [signing("k3", { revokedAt: NOW }), standing()],
      [],
      { activation: { id: "id-k4" } },
      {},
      "k3 signs, though it was revoked; k4 is taking over.",
    ],
    [
      "the minute after a revocation",
      [record("k3", "revoked", { activatedAt: NOW - DAY, revokedAt: NOW }), standing()],
      [],
      { activation: { id: "id-k4", readBackAt: NOW } },
      {},
      "k4 is taking over from k3, which was revoked.",
    ],
    ["a key that is gone", [standing()], [], {}, {}, "No key signs: the one that did is gone, and another one has to take over."],
    [
      "a key that is due, and is not succeeded",
      [signing(), standing()],
      [life("k4", null, { knownAt: NOW - DAY })],
      {},
      { rotateEverySeconds: 3 * DAY },
      "k3 signs; it is to be succeeded on 4 March, and what keeps its successor away stands below.",
    ],
    [
      "the first key",
      [record("k1", "pending")],
      [],
      { confirmedSequence: 0 },
      {},
      "No key signs yet: the first one is being made.",
    ],
  ] as const)("tells of %s", (_, keys, lives, more, policyMore, words) => {
    expect(sentence(keys, lives, more, policyMore)).toBe(words);
  });

  it.each([
    [
      { document: "foreign", named: "x9" },
      "Which key signs is not certain: the active document names x9, which the keyring does not know.",
    ],
    [
      { document: "foreign", named: "k4" },
      "Which key signs is not certain: the active document names k4, and the keyring does not.",
    ],
    [{ document: "foreign", named: "x9", isMoving: true }, "Keys are being changed at this moment."],
    [
      { document: "stale" },
      "k3 should sign, which is not certain: the active document is older than the one that was confirmed.",
    ],
    [{ report: { blockedBy: "why" } }, "k3 signs; nothing changes until you have looked at what is below."],
  ] as const)("does not say what is not certain (%j)", (stand, words) => {
    expect(sentence([signing(), standing()], [life("k4", NOW + DAY)], {}, {}, stand)).toBe(words);
  });

  it("shortens long names to what tells them apart, and shows what hides in them", () => {
    const [one, two] = [`${"a".repeat(20)}1${"x".repeat(22)}`, `${"a".repeat(20)}2${"x".repeat(22)}`];
    expect(sentence([signing(one), standing(two)], [life(two, NOW + DAY)])).toBe(
      `${"a".repeat(20)}1… signs; ${"a".repeat(20)}2… takes over tomorrow at 12:00 UTC.`,
    );
    expect(sentence([signing("k\u202e3")])).toBe("k\\u202e3 signs until it is rotated by hand.");
  });
});
