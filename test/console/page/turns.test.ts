import { describe, expect, it } from "vitest";
import { turnsOf } from "../../../src/console/page/turns.js";
import { life, NOW } from "../../look/lives.js";

const LANE = life(
  "k3",
  [
    ["pending", -30, -23],
    ["ready", -23, -10],
    ["active", -10, 20],
    ["retired", 20, 21],
  ],
  { end: "removed" },
);

describe("the turns of a key's life", () => {
  it("begin with the present one, and go round", () => {
    expect(turnsOf(LANE, NOW)).toStrictEqual([
      "active from 17 November (10 days ago); until 17 December, 30 days",
      "retired from 17 December (in 20 days); until 18 December, 1 day",
      "removed 18 December (in 21 days)",
      "pending from 28 October (30 days ago); until 4 November, 7 days",
      "every verifier has it from 4 November (23 days ago); until 17 November, 13 days",
    ]);
  });

  it("say where no end is planned", () => {
    expect(turnsOf(life("k4", [["pending", -1, 30]]), NOW)).toStrictEqual([
      "pending from 26 November, 08:15 UTC (1 day ago); no end is planned",
    ]);
  });

  it("say when a key was revoked that signs on", () => {
    const revoked = life("k3", [["active", -10, 30]], { end: "revoked", revokedAt: NOW - 86_400 });
    expect(turnsOf(revoked, NOW)).toStrictEqual([
      "active from 17 November (10 days ago); until 27 December, 40 days",
      "revoked 26 November, 08:15 UTC (1 day ago)",
    ]);
  });

  it("are those of the change that is shown", () => {
    const ghost = life("k3", [["active", -10, 0]], { end: "revoked" });
    expect(turnsOf({ ...LANE, ghost }, NOW).at(-1)).toBe("revoked 27 November, 08:15 UTC (now)");
  });
});
