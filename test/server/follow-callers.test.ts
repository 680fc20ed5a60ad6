import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { followCallers } from "../../src/server/follow-callers.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Callers by the number of times that the config was looked at. */
function followed(look: (count: number) => unknown = (count) => ({ count })) {
  let looks = 0;
  const failures: string[] = [];
  const installation = {
    config: {},
    callers: (named: unknown) => named ?? "the first",
    proofs: (named: unknown) => named,
  };
  const changed = async () => {
    const callers = await look(++looks);
    return callers === undefined ? undefined : { callers };
  };
  const { present, lookAgain } = followCallers(installation as never, changed as never, (dependency) =>
    failures.push(dependency),
  );
  return { present, lookAgain, looks: () => looks, failures };
}

describe("looking again for a caller", () => {
  it("is done once for all who ask in the meantime", async () => {
    const { present, lookAgain, looks } = followed();
    await Promise.all(Array.from({ length: 1_000 }, () => lookAgain()));
    expect([looks(), present()]).toStrictEqual([1, { count: 1 }]);
  });

  it("is done anew for who asks once a look has begun", async () => {
    let begun: () => void = () => undefined;
    let end: () => void = () => undefined;
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    const { lookAgain, looks, present } = followed((count) => {
      if (count > 1) return { count };
      begun();
      return new Promise((resolve) => (end = () => resolve(undefined)));
    });
    const first = lookAgain();
    await isBegun;
    vi.advanceTimersByTime(1_000);
    const second = lookAgain();
    end();
    await Promise.all([first, second]);
    expect([looks(), present()]).toStrictEqual([2, { count: 2 }]);
  });

  it("brings what proves callers along, and keeps both as they were where one of them cannot be made", async () => {
    const failures: string[] = [];
    const answers: unknown[] = [{ callers: "an edit" }, { callers: "a bad one" }];
    const installation = {
      config: {},
      callers: (config: unknown = "the first") => `callers of ${config}`,
      proofs(config: unknown = "the first") {
        if (config === "a bad one") throw new Error("bad");
        return `proofs of ${config}`;
      },
    };
    const followed = followCallers(installation as never, (async () => answers.shift()) as never, (what) => failures.push(what));
    const seen = () => [followed.present(), followed.proofs()];
    expect(seen()).toStrictEqual(["callers of the first", "proofs of the first"]);
    await followed.read();
    expect(seen()).toStrictEqual(["callers of an edit", "proofs of an edit"]);
    await expect(followed.read()).rejects.toThrow("bad");
    expect(seen()).toStrictEqual(["callers of an edit", "proofs of an edit"]);
  });

  it("brings along what tokens call keys, and nothing else of what tokens are", async () => {
    const first = { iss: "APP", exp: false, kids: { a: "A" } };
    const edits: unknown[] = [
      { callers: "an edit", tokens: { iss: "OTHER", kids: { a: "A", b: "B" }, certificates: { k: "x" } } },
      { callers: "another" },
    ];
    const installation = {
      config: { tokens: first },
      callers: (...of: unknown[]) => of,
      proofs: () => undefined,
    };
    const followed = followCallers(installation as never, (async () => edits.shift()) as never, () => undefined);
    expect([followed.present(), followed.tokens()]).toStrictEqual([[], first]);
    await followed.read();
    const named = { iss: "APP", exp: false, kids: { a: "A", b: "B" }, certificates: { k: "x" } };
    expect([followed.present(), followed.tokens()]).toStrictEqual([["an edit", named], named]);
    await followed.read();
    const plain = { iss: "APP", exp: false };
    expect([followed.present(), followed.tokens()]).toStrictEqual([["another", plain], plain]);
  });

  it("keeps the callers that were, and says so, where the config cannot be read", async () => {
    const { lookAgain, present, failures } = followed(() => Promise.reject(new Error("gone")));
    await lookAgain();
    expect([present(), failures]).toStrictEqual(["the first", ["config"]]);
  });
});
