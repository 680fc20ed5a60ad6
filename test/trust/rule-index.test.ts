import { describe, expect, it } from "vitest";
import { fixedBy, readMembers } from "../../src/trust/matching.js";
import { indexRules } from "../../src/trust/rule-index.js";
import { testServers } from "../verify/serving.js";
import { answering, answerTo, IDP, jwksOf, keyOf, proofBy, proofsOf } from "./fixture.js";

/** A rule as the index sees it. */
const indexed = (claims: object, indexedBy = IDP) => ({ indexedBy, claims, fixed: fixedBy(readMembers(claims, "claims")) });

/** Claims that count how often one of them is read. */
function counted(claims: Readonly<Record<string, unknown>>) {
  let reads = 0;
  const proxy = new Proxy(claims, {
    getOwnPropertyDescriptor(target, name) {
      reads++;
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
  return { claims: proxy, reads: () => reads };
}

describe("an index of rules", () => {
  /** [what tells the rules apart, the claims of rule N, the claims of a token for rule 7] */
  const kinds: readonly (readonly [string, (index: number) => object, Readonly<Record<string, unknown>>])[] = [
    ["an id", (index) => ({ repository_id: `${index}` }), { repository_id: "7" }],
    ["an id beside what they share", (index) => ({ owner: "acme", id: index }), { owner: "acme", id: 7 }],
    ["a prefix", (index) => ({ sub: { prefix: `repo:acme/app-${index}:` } }), { sub: "repo:acme/app-7:ref:x" }],
    ["one of several values", (index) => ({ sub: [`a${index}`, { prefix: `b${index}/` }] }), { sub: "b7/x" }],
    ["a nested claim", (index) => ({ k8s: { namespace: `n${index}` } }), { k8s: { namespace: "n7", pod: {} } }],
    ["a choice beside an exclusion", (index) => ({ event: { not: ["x"] }, id: `${index}` }), { event: "y", id: "7" }],
  ];
  it.each(kinds)("finds one of a thousand rules by %s, and looks at no more than of ten", (_what, claimsOf, token) => {
    const lookUp = (count: number) => {
      const find = indexRules(Array.from({ length: count }, (_, index) => indexed(claimsOf(index))));
      const { claims, reads } = counted(token);
      return [find(IDP, claims).map((rule) => rule.claims), reads()];
    };
    const found = lookUp(1_000);
    expect(found).toStrictEqual(lookUp(10));
    expect(found[0]).toStrictEqual([claimsOf(7)]);
  });

  it("finds nothing for another issuer, nor by what every object has", () => {
    const find = indexRules([indexed({ sub: "a" }), indexed({ sub: "a" }, "toString")]);
    expect(find("https://other.example", { sub: "a" })).toStrictEqual([]);
    expect(find("__proto__", { sub: "a" })).toStrictEqual([]);
  });

  it("answers a few for the log, where none of a thousand can match", () => {
    const find = indexRules(Array.from({ length: 1_000 }, (_, index) => indexed({ sub: `a${index}` })));
    expect(find(IDP, { sub: "b" }).length).toBe(3);
    expect(find(IDP, Object.create({ sub: "a7" })).length).toBe(3);
  });

  it("tells values of two types apart, and answers in the order of the config", () => {
    const rules = [indexed({ id: "1" }), indexed({ id: 1 }), indexed({ event: { not: "x" } }), indexed({ id: [1, "1"] })];
    const find = indexRules(rules);
    expect(find(IDP, { id: "1" }).map((rule) => rules.indexOf(rule))).toStrictEqual([0, 2, 3]);
    expect(find(IDP, { id: 1 }).map((rule) => rules.indexOf(rule))).toStrictEqual([1, 2, 3]);
  });
});

describe("a thousand rules", () => {
  const serve = testServers();

  it("prove each its own caller, by the keys that are fetched once", async () => {
    const key = await keyOf("ES256");
    const { listener, asked } = answering(() => jwksOf(key));
    const jwksUrl = await serve(listener);
    const ruleOf = (index: number) => ({
      issuer: IDP,
      jwksUrl,
      privateNetwork: true,
      claims: { sub: `a/${index}` },
      maxAgeSeconds: 60,
    });
    const callers = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`c${index}`, { trusts: [ruleOf(index)] }]));
    const proofs = proofsOf(callers);
    expect(proofs.count).toBe(1_000);
    const answers = ["a/999", "a/0", "a/1000"].map((subject) => answerTo(proofs, proofBy(key, { sub: subject })));
    expect(await Promise.all(answers)).toStrictEqual(["c999 trusts.0", "c0 trusts.0", "proof_refused"]);
    expect(asked.length).toBe(1);
  });
});
