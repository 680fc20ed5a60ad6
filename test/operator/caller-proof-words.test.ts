import { describe, expect, it } from "vitest";
import { oldKeysOf } from "../../src/operator/caller-proof-words.js";
import type { ListedCaller } from "../../src/operator/callers.js";

const NOW = 1_800_000_000;
const DAY = 86_400;
const pasted = (jwksPastedAt?: number, more: object = {}) => ({
  issuer: "https://idp.example",
  jwks: { keys: [] },
  jwksPastedAt,
  ...more,
});

describe("keys that were pasted", () => {
  it("are warned of after thirty days, those of exchanges too, and not where the rule is switched off", () => {
    const rules = [pasted(NOW - 31 * DAY), pasted(NOW - 29 * DAY), pasted(), pasted(NOW - 99 * DAY, { disabled: true }), {}];
    const caller = { name: "gate", trusts: rules, exchanges: [{}, ...rules] } as unknown as ListedCaller;
    const words = (rule: string, age: string) => `the keys of gate ${rule} were pasted ${age}: they are renewed by hand alone`;
    expect(oldKeysOf(caller, NOW)).toStrictEqual([
      words("trusts.0", "31 days ago"),
      words("trusts.2", "at a time that is not known"),
      words("exchanges.1", "31 days ago"),
      words("exchanges.3", "at a time that is not known"),
    ]);
  });
});
