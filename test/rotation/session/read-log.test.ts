import { describe, expect, it } from "vitest";
import type { AuditHead } from "../../../src/keyring/keyring.js";
import { nextHead, verifyAudit } from "../../../src/rotation/session/audit.js";
import { judgedLog, type ReadLog } from "../../../src/rotation/session/read-log.js";
import type { AuditStore } from "../../../src/storage/contract.js";

/** A log in memory that keeps from where it was read, and the keyring's head. */
function logOf(count: number) {
  const lines: string[] = [];
  const readFrom: number[] = [];
  let audit: AuditHead = { count: 0, head: "", entry: "" };
  const grow = (by: number, event: "key.made" | "audit.begun" = "key.made") => {
    for (let each = 0; each < by; each++) {
      audit = nextHead(audit, { event, keys: [`k${audit.count + 1}`] }, 1_000 + audit.count, "a person");
      lines.push(audit.entry);
    }
  };
  const store: AuditStore = {
    append: async () => undefined,
    async *read(after = 0) {
      readFrom.push(after);
      yield* lines.slice(after);
    },
  };
  grow(count);
  return { lines, readFrom, grow, stores: { audit: store }, keyring: () => ({ audit }) };
}

const readLog = (stores: { audit: AuditStore }, keyring: { audit: AuditHead }, known?: ReadLog) =>
  judgedLog(stores, keyring, 1_000, known);

describe("a log that was whole when it was read before", () => {
  it("is not read where nothing was added, and only from there on where something was", async () => {
    const { readFrom, grow, stores, keyring } = logOf(30);
    const first = await readLog(stores, keyring());
    expect(await readLog(stores, keyring(), first)).toBe(first);
    grow(3);
    const then = await readLog(stores, keyring(), first);
    expect(readFrom).toStrictEqual([0, 30]);
    expect(then).toStrictEqual(await readLog(stores, keyring()));
    expect(then.history.map(({ number }) => number)).toStrictEqual(Array.from({ length: 33 }, (_, index) => index + 1));
  });

  it("may have its last entry in the keyring alone", async () => {
    const { lines, grow, stores, keyring } = logOf(5);
    lines.pop();
    const first = await readLog(stores, keyring());
    expect(first.verdict.isIntact).toBe(true);
    lines.push(keyring().audit.entry);
    grow(2);
    lines.pop();
    const then = await readLog(stores, keyring(), first);
    expect(then.verdict).toMatchObject({ isIntact: true, count: 7 });
    expect(then.history).toHaveLength(7);
  });

  it.each([
    ["was altered", (lines: string[]) => void lines.splice(6, 1, (lines[6] as string).replace("k7", "k8"))],
    ["is missing", (lines: string[]) => void lines.splice(6, 1)],
    ["is no entry", (lines: string[]) => void lines.splice(6, 1, "x")],
    [
      "continues another log",
      (lines: string[]) => void lines.splice(5, 1, (lines[5] as string).replace(/"previous":"./, '"previous":"_')),
    ],
  ])("is judged anew, as a whole, where a line that was added %s", async (_, harm) => {
    const { lines, readFrom, grow, stores, keyring } = logOf(5);
    const first = await readLog(stores, keyring());
    grow(4);
    harm(lines);
    const { verdict } = await readLog(stores, keyring(), first);
    expect(readFrom).toStrictEqual([0, 5, 0]);
    expect(verdict).toStrictEqual(await verifyAudit(stores, keyring()));
    expect(verdict.isIntact).toBe(false);
  });

  it("is read as a whole where a new chain was begun, and where the keyring is an old one", async () => {
    const { readFrom, grow, stores, keyring } = logOf(5);
    const old = keyring();
    const first = await readLog(stores, old);
    grow(1, "audit.begun");
    const begun = await readLog(stores, keyring(), first);
    expect(begun.verdict).toMatchObject({ isIntact: true, count: 6 });
    expect((await readLog(stores, old, begun)).verdict.isIntact).toBe(false);
    expect(readFrom.filter((from) => from === 0)).toHaveLength(3);
  });
});
