import { describe, expect, it } from "vitest";
import { findMismatch, readMembers } from "../../src/trust/matching.js";

const matches = (rule: object, claims: object) =>
  findMismatch(claims as Readonly<Record<string, unknown>>, readMembers(rule, "claims")) === undefined;

describe("a claim of a rule", () => {
  /** [the rule, claims that match, claims that do not] */
  const cases: readonly (readonly [object, readonly object[], readonly object[]])[] = [
    [
      { id: "1" },
      [{ id: "1" }, { id: "1", more: 2 }],
      [{ id: 1 }, { id: ["1"] }, { id: { 1: "1" } }, { id: "1 " }, { id: null }, {}],
    ],
    [{ id: 1 }, [{ id: 1 }], [{ id: "1" }, { id: true }, { id: 1.5 }, { id: [1] }]],
    [{ ok: true }, [{ ok: true }], [{ ok: "true" }, { ok: 1 }, { ok: false }]],
    [{ ref: ["a", "b"] }, [{ ref: "a" }, { ref: "b" }], [{ ref: "c" }, { ref: ["a", "b"] }, { ref: "a,b" }]],
    [
      { sub: { prefix: "repo:acme/" } },
      [{ sub: "repo:acme/app" }, { sub: "repo:acme/" }],
      [
        { sub: "repo:acme" },
        { sub: "repo:acmex" },
        { sub: "repo:acmex/app" },
        { sub: "xrepo:acme/app" },
        { sub: ["repo:acme/app"] },
      ],
    ],
    [{ sub: ["a", { prefix: "b:" }] }, [{ sub: "a" }, { sub: "b:c" }], [{ sub: "a:c" }, { sub: "b" }, { sub: { prefix: "b:" } }]],
    [
      { k8s: { namespace: "prod", account: { name: "api" } } },
      [{ k8s: { namespace: "prod", account: { name: "api", uid: "1" }, pod: {} } }],
      [
        { k8s: { namespace: "prod" } },
        { k8s: { namespace: "prod", account: "api" } },
        { k8s: { namespace: "dev", account: { name: "api" } } },
        { k8s: [{ namespace: "prod", account: { name: "api" } }] },
        { namespace: "prod", account: { name: "api" } },
        { "k8s.namespace": "prod" },
      ],
    ],
    [
      { k8s: [{ ns: "a" }, { ns: "b", pod: "x" }] },
      [{ k8s: { ns: "a" } }, { k8s: { ns: "b", pod: "x" } }],
      [{ k8s: { ns: "b" } }],
    ],
    [
      { event: { not: ["pull_request_target", { prefix: "fork/" }] } },
      [{ event: "push" }, { event: 1 }],
      [{ event: "pull_request_target" }, { event: "fork/x" }, {}, { event: ["push"] }, { event: null }, { event: {} }],
    ],
    [{ constructor: "x" }, [{ constructor: "x" }], [{}, { constructor: "y" }]],
    [JSON.parse('{"__proto__": {"a": "b"}}') as object, [JSON.parse('{"__proto__": {"a": "b"}}') as object], [{}, { a: "b" }]],
  ];
  it.each(cases)("%j matches by value and type", (rule, right, wrong) => {
    expect([right.map((claims) => matches(rule, claims)), wrong.map((claims) => matches(rule, claims))]).toStrictEqual([
      right.map(() => true),
      wrong.map(() => false),
    ]);
  });

  it("is no inherited one", () => {
    expect(matches({ sub: "a" }, Object.create({ sub: "a" }) as object)).toBe(false);
    expect(matches({ toString: { name: "toString" } }, {})).toBe(false);
  });

  it.each<[string, unknown, RegExp]>([
    ["no object", [], /must be an object of claims/],
    ["nothing at all", {}, /is empty/],
    ["null", { sub: null }, /claims\.sub expected a text, a number/],
    ["an empty text", { sub: "" }, /empty text/],
    ["an empty list", { sub: [] }, /empty list/],
    ["an empty object", { sub: {} }, /claims\.sub is empty/],
    ["a list within a list", { sub: [["a"]] }, /expected a text/],
    ["a hole in a list", { sub: Array(2) }, /expected a text/],
    ["a prefix without its end", { sub: { prefix: "repo:acme" } }, /claims\.sub\.prefix must end in \/ or :/],
    ["a prefix that is only an end", { sub: { prefix: "/" } }, /must end in/],
    ["a prefix that is no text", { sub: { prefix: 1 } }, /must end in/],
    ["a prefix beside something else", { sub: ["a", { prefix: "a:", x: 1 }] }, /expected a text/],
    [
      "a prefix and an exclusion",
      { ref: { prefix: "refs/heads/", not: ["refs/heads/wip/"] } },
      /claims\.ref expected .*of prefix and not it takes one/,
    ],
    ["an exclusion beside something else", { ref: { not: ["a"], x: 1 } }, /of prefix and not it takes one/],
    [
      "a prefix beside a member",
      { k8s: { pod: { prefix: "a:", name: "x" } } },
      /claims\.k8s\.pod .*of prefix and not it takes one/,
    ],
    ["a pattern", { sub: "repo:acme/*" }, /no patterns/],
    ["a pattern in a prefix", { sub: { prefix: "repo:*/" } }, /no patterns/],
    ["a number that has lost digits", { id: 2 ** 53 }, /lost digits/],
    ["an exclusion of nothing", { event: { not: [] } }, /empty list/],
    ["an exclusion of an object", { event: { not: { a: 1 } } }, /expected a text/],
    [
      "more values than a config needs",
      { sub: Array.from({ length: 1_001 }, (_, index) => `a${index}`) },
      /more than 1000 values/,
    ],
    ["a nest of objects", JSON.parse(`${'{"a":'.repeat(5_000)}"b"${"}".repeat(5_000)}`), /nests deeper than 8 objects/],
  ])("that is %s is refused", (_what, claims, words) => {
    expect(() => readMembers(claims, "claims")).toThrow(words);
    expect(() => readMembers(claims, "claims")).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });
});
