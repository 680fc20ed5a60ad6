import { describe, expect, it } from "vitest";
import { createPatientClock } from "../../src/storage/file/once-clock.js";

/** A clock that goes, and one that is put beside it: what is believed, in seconds since the start. */
function clocks() {
  const clock = { seconds: 0, putBySeconds: 0 };
  const believed = createPatientClock(
    () => (1_800_000_000 + clock.seconds + clock.putBySeconds) * 1_000,
    () => (5 + clock.seconds) * 1_000,
  );
  return { clock, believed: () => believed() / 1_000 - 1_800_000_000 };
}

describe("the clock that uses are forgotten by", () => {
  it("goes with one that is never set", () => {
    const { clock, believed } = clocks();
    clock.seconds = 86_400;
    expect(believed()).toBe(86_400);
  });

  it("follows one that is put forward when it has stayed so for an hour, and not one that is put back before", () => {
    const { clock, believed } = clocks();
    clock.putBySeconds = 20_000;
    expect(believed()).toBe(0);
    clock.seconds = 3_599;
    expect(believed()).toBe(3_599);
    clock.putBySeconds = 0;
    expect(believed()).toBe(3_599);
    clock.putBySeconds = 20_000;
    expect(believed()).toBe(3_599);
    clock.seconds = 7_199;
    expect(believed()).toBe(27_199);
  });

  it("follows one that is put back at once", () => {
    const { clock, believed } = clocks();
    clock.putBySeconds = -500;
    expect(believed()).toBe(-500);
  });
});
