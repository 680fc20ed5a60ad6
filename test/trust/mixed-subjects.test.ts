import { describe, expect, it } from "vitest";
import { judgeCallers } from "../../src/trust/judge-callers.js";
import { findMixedSubjects } from "../../src/trust/mixed-subjects.js";
import { US } from "./fixture.js";

const CORP = "https://corp.example";
const PARTNER = "https://partner.example";
const rule = (issuer: string, subjectPrefix?: string, more: object = {}) => ({
  ...{ issuer, audiences: ["https://api.example"], maxAgeSeconds: 3_600, ...more },
  ...(subjectPrefix !== undefined && { subjectPrefix }),
});
const found = (exchanges: readonly object[], caller?: string) =>
  findMixedSubjects(judgeCallers({ gateway: { exchanges: exchanges as never } }, US), US, caller).map(
    ({ rule: name, otherRule }) => [name, otherRule],
  );
const FIRST = "exchanges.0";
const SECOND = "exchanges.1";

describe("subjects of exchanges of one caller", () => {
  it.each<[string, readonly object[], readonly (readonly [string, string | undefined])[]]>([
    [
      "two issuers without prefix",
      [rule(CORP), rule(PARTNER)],
      [
        [FIRST, SECOND],
        [SECOND, FIRST],
      ],
    ],
    ["one of two without prefix", [rule(CORP, "corp:"), rule(PARTNER)], [[SECOND, FIRST]]],
    [
      "one prefix for two issuers",
      [rule(CORP, "x:"), rule(PARTNER, "x:")],
      [
        [FIRST, SECOND],
        [SECOND, FIRST],
      ],
    ],
    ["a prefix that begins another issuer's", [rule(CORP, "git"), rule(PARTNER, "github:")], [[FIRST, SECOND]]],
    ["the same with a right end", [rule(CORP, "a:"), rule(PARTNER, "a:b:")], [[FIRST, SECOND]]],
    ["a prefix without an end", [rule(CORP, "corp"), rule(PARTNER, "partner:")], [[FIRST, undefined]]],
    ["a prefix without an end, alone", [rule(CORP, "corp")], [[FIRST, undefined]]],
  ])("are mixed by %s", (_what, exchanges, expected) => {
    expect(found(exchanges)).toStrictEqual(expected);
    expect(found(exchanges, "gateway")).toStrictEqual(expected);
    expect(found(exchanges, "other")).toStrictEqual([]);
  });

  it.each<[string, readonly object[]]>([
    ["an exchange alone", [rule(CORP)]],
    ["prefixes of their own", [rule(CORP, "corp:"), rule(PARTNER, "partner/")]],
    ["two rules for one issuer", [rule(CORP), rule(CORP, undefined, { claims: { groups: "x" } })]],
    ["one issuer beside our own", [rule(US), rule(CORP), rule(`${US}/`)]],
    ["a rule that is switched off", [rule(CORP), rule(PARTNER, undefined, { disabled: true })]],
  ])("are not mixed by %s", (_what, exchanges) => {
    expect(found(exchanges)).toStrictEqual([]);
  });

  it("are not compared with another caller's, whose name its tokens bear", () => {
    const callers = judgeCallers({ a: { exchanges: [rule(CORP)] }, b: { exchanges: [rule(PARTNER)] } }, US);
    expect(findMixedSubjects(callers, US)).toStrictEqual([]);
  });
});
