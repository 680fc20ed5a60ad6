import { describe, expect, it } from "vitest";
import { spokenOf } from "../../../src/console/page/stage.js";

const preview = { sentences: ["would revoke k3", "k4 takes over"], tokensAtRisk: { words: "tokens at risk" } } as never;

describe("what is said of a change", () => {
  it("is what would be done, with what it breaks", () => {
    expect(spokenOf({ at: "shown", preview, isNew: false })).toBe("would revoke k3 k4 takes over tokens at risk");
  });

  it("is the last step, then what was done", () => {
    expect(spokenOf({ at: "doing", steps: [] })).toBe("at work");
    expect(spokenOf({ at: "doing", steps: ["one", "two"] })).toBe("two");
    expect(spokenOf({ at: "done", sentences: ["done", "k4 signs"] })).toBe("done k4 signs");
  });

  it("is nothing where something else speaks", () => {
    expect(spokenOf({ at: "asking" })).toBe("");
    expect(spokenOf({ at: "failed", error: new Error("why"), steps: ["one"] })).toBe("");
  });
});
