import { describe, expect, it } from "vitest";
import { simulate } from "./simulation/simulate.js";
import { DAY } from "./simulation/timeline.js";

describe("a third of a year of rotations and a revocation, among slow caches and wrong clocks", () => {
  it("breaks no token under Signet, and some under policies that swap", async () => {
    const { runs, svg } = await simulate(120 * DAY, 7);
    const refused = new Map(runs.map(([{ name }, outcome]) => [name, outcome.refused]));
    expect(refused.get("Signet")).toBe(0);
    expect(refused.get("swaps at once")).toBeGreaterThan(0);
    expect(refused.get("replaces the only key")).toBeGreaterThan(500);
    // The revocation itself is felt: without it the zero above would say little.
    const [signet] = runs;
    expect(signet?.[1].revokedRefused).toBeGreaterThan(100);
    expect(signet?.[0].active.length).toBeGreaterThanOrEqual(5);
    expect(svg).toContain("none refused");
  });
});
