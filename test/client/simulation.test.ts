import { describe, expect, it } from "vitest";
import { amount } from "../contracts/matrix.js";
import { play } from "./world.js";

/** `npm run proof:client` plays a hundred thousand renewals. */
const STORIES = Array.from({ length: amount(15, 40) }, (_, index) => index + 1);

describe("a source and a file, under clocks that are wrong, faults, slow answers, freezes and kills", () => {
  it("never have a token that is over, never two calls in flight, and never ask too often", async () => {
    const all = await Promise.all(STORIES.map((seed) => play(seed, 50)));
    expect(all.flatMap(({ faults }) => faults)).toStrictEqual([]);
    const sum = (name: "renewals" | "taken" | "freezes" | "jumps" | "kills" | "removed" | "restored" | "refused") =>
      all.reduce((total, each) => total + each[name], 0);
    // What did not happen proves nothing.
    for (const name of ["freezes", "jumps", "kills", "removed", "restored", "refused"] as const) {
      expect(sum(name), name).toBeGreaterThan(0);
    }
    expect(sum("renewals")).toBeGreaterThanOrEqual(STORIES.length * 50);
    expect(sum("taken")).toBeGreaterThan(1_000);
  });
});
