import { expect, it } from "vitest";
import { createPassedTime } from "../../src/trust/passed-time.js";

it("The time that has passed counts sleeps, no noise, and never goes back", () => {
  let [now, elapsed] = [1_800_000_000_000, 5_000];
  const passed = createPassedTime(
    () => now,
    () => elapsed,
  );
  const after = (nowMs: number, elapsedMs: number): number => {
    now += nowMs;
    elapsed += elapsedMs;
    return passed();
  };
  expect(after(0, 0)).toBe(5);
  expect(after(10_900, 10_000)).toBe(15);
  // It sleeps for an hour.
  expect(after(3_600_000, 0)).toBe(3_615.9);
  // The clock is put back, and to where it was.
  expect(after(-600_000, 1_000)).toBe(3_616.9);
  expect(after(601_000, 1_000)).toBe(3_617.9);
});
