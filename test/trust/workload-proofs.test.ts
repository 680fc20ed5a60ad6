import { beforeAll, describe, expect, it } from "vitest";
import { explainProof } from "../../src/trust/explain-proof.js";
import { createKeySources } from "../../src/trust/key-sources.js";
import { testServers } from "../verify/serving.js";
import type { TestKey } from "../verify/tokens.js";
import { WORKLOAD_TOKENS, type WorkloadToken } from "../world/workload-tokens.js";
import { answering, answerTo, type Callers, jwksOf, keyOf, NOW, proofBy, proofsOf, US } from "./fixture.js";

const serve = testServers();
let es256: TestKey;
let rs256: TestKey;
beforeAll(async () => {
  es256 = await keyOf("ES256");
  rs256 = await keyOf("RS256");
});

// Entra's keys are RSA and name no alg; those of a trust domain have a use of their own.
function trusting({ rule }: WorkloadToken): { readonly key: TestKey; readonly callers: Callers } {
  const key = rule.preset === "azure" ? rs256 : es256;
  const { alg: _, ...jwk } = jwksOf(key).keys[0] ?? {};
  const use = rule.preset === "spiffe" && rule.issuer === undefined ? "jwt-svid" : "sig";
  return { key, callers: { ci: { trusts: [{ maxAgeSeconds: 3_600, ...rule, jwks: { keys: [{ ...jwk, use }] } }] } } };
}

function tokenOf({ claims, header = {} }: WorkloadToken, key: TestKey, off: object = {}): string {
  return proofBy(key, { iss: undefined, sub: undefined, ...claims, ...off }, { typ: "JWT", ...header });
}

const explained = (callers: Callers, token: string) =>
  explainProof(token, { callers, issuer: US, clock: () => NOW, sources: createKeySources({ clock: () => NOW }) });

describe("a workload's token", () => {
  it.each(WORKLOAD_TOKENS)("of $name proves its caller, and one claim off it does not", async (token) => {
    const { key, callers } = trusting(token);
    const proofs = proofsOf(callers);
    expect(await answerTo(proofs, tokenOf(token, key))).toBe("ci trusts.0");
    expect(await explained(callers, tokenOf(token, key))).toMatchObject([{ misses: [] }]);
    for (const [name, value] of Object.entries(token.off)) {
      const other = tokenOf(token, key, { [name]: value });
      expect([name, await answerTo(proofs, other)]).toStrictEqual([name, "proof_refused"]);
      const [rule] = await explained(callers, other);
      expect(rule?.misses.map(({ what }) => what.startsWith(name))).toContain(true);
    }
  });

  it.each(WORKLOAD_TOKENS)("of $name proves nothing for another audience, or for two", async (token) => {
    const { key, callers } = trusting(token);
    const proofs = proofsOf(callers);
    for (const aud of ["sts.amazonaws.com", `${US}/`, [US, "https://attacker.example"]])
      expect(await answerTo(proofs, tokenOf(token, key, { aud }))).toBe("proof_refused");
  });
});

describe("an explanation", () => {
  it("says each claim that does not match, what it must say and what it says, and tells numbers from texts", async () => {
    const jwks = jwksOf(es256);
    const claims = {
      sub: "a",
      n: "1",
      event: { not: ["x", "y"] },
      path: { prefix: "p/" },
      k: { in: { ner: [1, 2] } },
      gone: "g",
    };
    const trusts = [{ maxAgeSeconds: 3_600, issuer: "https://idp.example", jwks, claims }];
    const token = proofBy(es256, { sub: "b", n: 1, event: "y", path: "q/", k: { in: { ner: 3 } }, aud: [US, "x"] });
    const [rule] = await explained({ ci: { trusts } }, token);
    expect(rule?.misses).toStrictEqual([
      { what: "aud", expected: `"${US}" alone`, found: `["${US}","x"]` },
      { what: "sub", expected: '"a"', found: '"b"' },
      { what: "n", expected: '"1"', found: "1" },
      { what: "event", expected: 'anything but "x" and "y"', found: '"y"' },
      { what: "path", expected: 'what begins with "p/"', found: '"q/"' },
      { what: "k.in.ner", expected: "1 or 2", found: "3" },
      { what: "gone", expected: '"g"' },
    ]);
  });

  it("fetches keys of the token's issuer alone, once for all of its rules, and says where they are not to be had", async () => {
    const issuer = (path: string) => `${origin}${path}`;
    const { listener, asked } = answering((path) => {
      if (path === "/a/.well-known/openid-configuration") return { issuer: issuer("/a"), jwks_uri: issuer("/a/jwks") };
      return path === "/a/jwks" ? jwksOf(es256) : undefined;
    });
    const origin = await serve(listener);
    const trusts = (path: string, sub: string) => [
      { maxAgeSeconds: 60, issuer: issuer(path), claims: { sub }, privateNetwork: true },
    ];
    const callers: Callers = {
      a: { trusts: trusts("/a", "x") },
      b: { trusts: trusts("/b", "x") },
      c: { trusts: trusts("/a", "y") },
    };
    const [a, b, c] = await explained(callers, proofBy(es256, { iss: issuer("/a"), sub: "x" }));
    expect([a?.misses, b?.isOfIssuer, c?.misses.map(({ what }) => what)]).toStrictEqual([[], false, ["sub"]]);
    expect(asked).toStrictEqual(["/a/.well-known/openid-configuration", "/a/jwks"]);
    const [, down] = await explained(callers, proofBy(es256, { iss: issuer("/b"), sub: "x" }));
    expect(down?.misses.map(({ what }) => what)).toStrictEqual(["keys"]);
  });

  it("looks at keys of the token's issuer alone, and at the caller's own", async () => {
    const other = await keyOf("ES256", "other");
    const trusts = (issuer: string, claims: Readonly<Record<string, unknown>>) => [
      { maxAgeSeconds: 60, issuer, claims, jwks: jwksOf(es256) },
    ];
    const callers: Callers = {
      a: { trusts: trusts("https://idp.example", { sub: "x" }) },
      b: { trusts: trusts("https://else.example", { sub: "x" }) },
      c: { keys: { jwks: jwksOf(other) } },
      d: { trusts: [{ ...trusts("https://idp.example", { sub: "x" })[0], disabled: true, maxAgeSeconds: 60 }] },
    };
    const forged = await explained(callers, proofBy(other, { sub: "x" }, { kid: es256.header.kid }));
    expect(forged.map(({ caller, misses }) => [caller, misses.map(({ what }) => what)])).toStrictEqual([
      ["a", ["signature"]],
      ["b", ["iss"]],
      ["c", ["rule"]],
      ["d", ["signature"]],
    ]);
    const old = await explained(callers, proofBy(es256, { sub: "x", iat: NOW - 600 }));
    expect(old[0]?.misses).toStrictEqual([{ what: "rule", why: "it is older than maxAgeSeconds" }]);
    const own = await explained(callers, proofBy(other, { iss: "c", sub: "c" }));
    expect(own.map(({ misses, isDisabled }) => [misses.length, isDisabled])).toStrictEqual([
      [2, false],
      [2, false],
      [0, false],
      [2, true],
    ]);
  });
});
