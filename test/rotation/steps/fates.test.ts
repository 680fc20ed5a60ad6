import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../../../src/rotation/plan/audit-entry.js";
import { requestAfter } from "../../../src/rotation/steps/fates.js";

const entry = (event: AuditEntry["event"], ...keys: string[]): AuditEntry => ({
  number: 1,
  at: 7,
  actor: "test",
  previous: "",
  event,
  ...(keys.length > 0 && { keys }),
});
const asked = entry("rotation.requested");

describe("a rotation that was asked for, by the log after a keyring", () => {
  it.each([
    [
      "stands where the key that signs was activated again, under other limits",
      [asked, entry("key.activated", "a")],
      { requestedAt: 7 },
    ],
    ["is over where another one was", [asked, entry("key.activated", "b")], null],
    ["is another one after that", [asked, entry("key.activated", "b"), asked, entry("key.activated", "b")], { requestedAt: 7 }],
    ["is over where it was withdrawn", [asked, entry("rotation.withdrawn")], null],
  ])("%s", (_, entries, request) => {
    expect(requestAfter(null, entries, "a")).toStrictEqual(request);
  });
});
