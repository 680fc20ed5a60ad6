import { describe, expect, it } from "vitest";
import { readAliasCallers } from "../../src/issue/alias-callers.js";
import { readCallers } from "../../src/issue/callers-json.js";
import { checkCallers, proofDoubts } from "../../src/operator/stack-change.js";

const RULE = { issuer: "https://idp.example", claims: { sub: "repo:acme/app" } };

describe("callers that are aliases", () => {
  it("have rules, keys and exchanges as in signet.json", () => {
    const ci = { limits: { maxTtlSeconds: 300 }, trusts: [RULE], keys: { jwksUrl: "https://ci.example/jwks.json" } };
    const [read] = readCallers({ ci });
    expect(read).toMatchObject({ name: "ci", trusts: [{ ...RULE, maxAgeSeconds: 3_600 }], keys: ci.keys });
    expect(readCallers({ chat: {} })).toStrictEqual([{ name: "chat", limits: {} }]);
  });

  it.each<[string, object, RegExp]>([
    [
      "a misspelt member of a rule",
      { ci: { trusts: [{ ...RULE, isuer: "x" }] } },
      /callers\.ci\.trusts\.0\.isuer is not a member.*issuer/,
    ],
    ["a rule that is none", { ci: { trusts: ["x"] } }, /callers\.ci\.trusts must be a list of rules/],
    ["a secret", { ci: { secrets: [] } }, /callers\.ci\.secrets is not a member/],
    ["a file", { ci: { trusts: [{ ...RULE, caFile: "ca.pem" }] } }, /caFile names a file.*jwks/],
    ["a file of an exchange", { ci: { keys: {}, exchanges: [{ ...RULE, audiences: ["a"], caFile: "ca.pem" }] } }, /caFile/],
    ["an alias that two would have", { ci: { trusts: [RULE] }, "ci-proof": {} }, /"ci-proof" must have another name/],
    ["an alias that the route's role would reach", { ci: { keys: {} }, "chat-proof": {} }, /"chat-proof" must have another name/],
    ["an alias that is too long", { ["c".repeat(123)]: { trusts: [RULE] } }, /at most 122 characters/],
  ])("have not %s", (_, callers, message) => {
    expect(() => readCallers(callers)).toThrow(message);
  });

  it.each([
    ["a list", { ...RULE, claimsFromProof: ["repository"] }],
    ["a name that is no text", { ...RULE, claimsFromProof: { repository: 1 } }],
    ["null", { ...RULE, claimsFromProof: null }],
    ["a prefix that is no text", { ...RULE, subjectPrefix: 1 }],
  ])("are refused where what tokens get from their proofs is %s, by the function that signs too", (_, rule) => {
    for (const member of ["trusts", "exchanges"]) {
      const message = new RegExp(`callers\\.ci\\.${member} must be a list of rules`);
      expect(() => readAliasCallers({ ci: { [member]: [rule] } })).toThrow(message);
      expect(() => readCallers({ ci: { [member]: [rule] } })).toThrow(message);
    }
  });

  it("keep the function that signs from nothing by other faults of their rules", () => {
    const ci = { trusts: [{ ...RULE, isuer: "x" }] };
    expect(readAliasCallers({ ci, chat: {} }).map(({ name }) => name)).toStrictEqual(["ci", "chat"]);
    expect(() => readAliasCallers({ ci, "chat-proof": {} })).toThrow(/"chat-proof" must have another name/);
  });

  it("may be called so where no caller proves itself, as in older stacks", () => {
    expect(readCallers({ "chat-proof": {}, ["c".repeat(128)]: {} })).toHaveLength(2);
  });
});

describe("what signet deploy says of a stack's callers", () => {
  it("refuses a rule that would let no one in, or everybody", () => {
    const check = (rule: object) => () => checkCallers(JSON.stringify({ ci: { trusts: [rule] } }), "https://us.example");
    expect(check(RULE)).not.toThrow();
    expect(check({ preset: "github-actions", claims: { repository_id: "1234", ref: "refs/heads/main" } })).not.toThrow();
    expect(check({ issuer: RULE.issuer })).toThrow(/the parameter Callers: callers\.ci\.trusts\.0/);
    expect(check({ ...RULE, issuer: "https://us.example" })).toThrow(/this issuer itself/);
    expect(check({ preset: "github-action", claims: {} })).toThrow(/github-actions/);
  });

  it("tells that rules prove nothing without the route", () => {
    const doubts = (parameters: Record<string, string>) => proofDoubts((name) => parameters[name] ?? "");
    const Callers = JSON.stringify({ ci: { trusts: [RULE] }, chat: {} });
    expect(doubts({ Callers })).toStrictEqual([expect.stringMatching(/of ci prove nothing .* TokenRoute=on/)]);
    expect(doubts({ Callers, TokenRoute: "on" })).toStrictEqual([]);
    expect(doubts({})).toStrictEqual([]);
  });
});
