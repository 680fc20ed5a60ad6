import type { KeyLife, KeyLives, Phase } from "../../src/rotation/forecast/key-lives.js";

export const DAY = 86_400;
/** 2026-11-27 08:15 UTC. */
export const NOW = 1_795_767_300;

type SpanInDays = readonly [phase: Phase, from: number, to: number];

/** A life whose phases begin and end so many days from now. */
export function life(name: string, spans: readonly SpanInDays[], more: Partial<KeyLife> = {}): KeyLife {
  return {
    name,
    alg: "ES256",
    spans: spans.map(([phase, from, to]) => ({ phase, from: NOW + from * DAY, to: NOW + to * DAY })),
    end: null,
    isPlanned: false,
    ...more,
  };
}

/** Lives that are looked at from 60 days ago to 60 days from now. */
export function livesOf(...lives: readonly KeyLife[]): KeyLives {
  return { now: NOW, from: NOW - 60 * DAY, until: NOW + 60 * DAY, lives, planned: [] };
}

/** A key that signs, the one that follows it on day 15, and the one that will be made. */
export const ORDINARY = livesOf(
  life("old", [["active", -58, -40]], { end: "revoked" }),
  life(
    "signing",
    [
      ["pending", -45, -41],
      ["ready", -41, -40],
      ["active", -40, 15],
      ["retired", 15, 23],
    ],
    { end: "removed" },
  ),
  life("next", [
    ["pending", -14, -7],
    ["ready", -7, 15],
    ["active", 15, 60],
  ]),
  life(
    "new key 1",
    [
      ["pending", 16, 23],
      ["ready", 23, 60],
    ],
    { isPlanned: true },
  ),
);

/** `ORDINARY`, but that the key that signs is revoked at once. */
export const REVOKED = livesOf(
  ...ORDINARY.lives.slice(0, 1),
  life(
    "signing",
    [
      ["pending", -45, -41],
      ["ready", -41, -40],
      ["active", -40, 0],
    ],
    { end: "revoked" },
  ),
  life("next", [
    ["pending", -14, -7],
    ["ready", -7, 0],
    ["active", 0, 60],
  ]),
  ...ORDINARY.lives.slice(3),
);
