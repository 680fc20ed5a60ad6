import { expect, it } from "vitest";
import { livesOf } from "../../../src/rotation/forecast/key-lives.js";
import type { AuditEntry } from "../../../src/rotation/plan/audit-entry.js";
import { keyringFor } from "../../contracts/keyring-fixture.js";

const HOUR = 3_600;

/** The log of an issuer whose keys sign for an hour each, and are removed an hour later. */
function logOf(keys: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  const add = (at: number, event: AuditEntry["event"], kid: string) =>
    entries.push({ number: entries.length + 1, at, actor: "tick", event, keys: [kid], previous: "" });
  for (let number = 0; number < keys; number++) {
    const at = number * HOUR;
    if (number > 1) add(at, "key.removed", `k${number - 2}`);
    add(at + 1, "key.made", `k${number}`);
    add(at + 2, "key.published", `k${number}`);
    add(at + 3, "key.activated", `k${number}`);
  }
  return entries;
}

it("draws the keys that are gone lately, at a cost that grows with the log alone", () => {
  const keys = 4_000;
  const now = keys * HOUR;
  let looks = 0;
  const entries = logOf(keys).map((entry) => ({
    ...entry,
    get event() {
      looks += 1;
      return entry.event;
    },
  }));
  const { lives } = livesOf(keyringFor([]), [], entries, now);
  // Each removal had looked at the log once more.
  expect(looks / entries.length).toBeLessThan(10);
  const gone = lives.filter(({ name }) => name.startsWith("k"));
  expect(gone.length).toBeGreaterThan(0);
  expect(gone.at(-1)).toMatchObject({ name: `k${keys - 3}`, end: "removed" });
  const last = (keys - 3) * HOUR;
  expect(gone.at(-1)?.spans.at(-1)).toStrictEqual({ phase: "retired", from: last + HOUR + 3, to: last + 2 * HOUR });
});
