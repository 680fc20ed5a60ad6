import { describe, expect, it } from "vitest";
import { searchHistory } from "../../src/operator/audit-search.js";
import type { AuditEntry } from "../../src/rotation/plan/audit-entry.js";

const HISTORY = Array.from(
  { length: 250 },
  (_, index): AuditEntry => ({
    number: index + 1,
    at: 1_900_000_000 + index,
    actor: index % 2 === 0 ? "user alice" : "function signet",
    event: index === 100 ? "key.revoked" : "key.published",
    keys: [`k${index + 1}`],
    ...(index === 100 && { why: "it LEAKED" }),
    previous: "",
  }),
);
const found = (search: object, most = 100) => searchHistory(HISTORY, search, most);

describe("the audit log, searched", () => {
  it("answers the newest first, as many as are wanted, and says whether there are older ones", () => {
    expect(found({}).entries.map(({ number }) => number)).toStrictEqual(Array.from({ length: 100 }, (_, index) => 250 - index));
    expect(found({}).more).toBe(true);
    expect(found({ before: 151 }).entries.at(0)?.number).toBe(150);
    expect(found({ before: 51 })).toMatchObject({ more: false });
    expect(found({ before: 51 }).entries).toHaveLength(50);
    expect(found({ before: 101 }).more).toBe(false);
    expect(found({ before: 102 }).more).toBe(true);
  });

  it.each([
    ["leaked", [101]],
    ["KEY.REVOKED", [101]],
    ["a key was revoked", [101]],
    ["k250", [250]],
    ["no such thing", []],
  ])("finds %s in any of its members", (search, numbers) => {
    expect(found({ search }).entries.map(({ number }) => number)).toStrictEqual(numbers);
  });

  it("shows events of a later version by their names", () => {
    const later = { ...HISTORY[0], event: "key.teleported" } as unknown as AuditEntry;
    expect(searchHistory([later], {}, 1).entries).toMatchObject([
      { event: "key.teleported", words: "key.teleported", why: null },
    ]);
    const odd = { ...HISTORY[0], event: "__proto__" } as unknown as AuditEntry;
    expect(searchHistory([odd], {}, 1).entries).toMatchObject([{ words: "__proto__" }]);
  });
});
