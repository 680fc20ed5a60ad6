import { beforeAll, describe, expect, it } from "vitest";
import type { CallerKeys } from "../../src/settings/trusts.js";
import { testServers } from "../verify/serving.js";
import type { TestKey } from "../verify/tokens.js";
import { answering, answerTo, jwksOf, keyOf, NOW, proofsOf, reasonFor, US } from "./fixture.js";

const serve = testServers();
let a: TestKey;
let b: TestKey;
let otherKind: TestKey;
beforeAll(async () => {
  [a, b, otherKind] = [await keyOf("ES256", "a"), await keyOf("ES256", "b"), await keyOf("EdDSA", "c")];
});

const withoutKid = (...keys: readonly TestKey[]) => jwksOf(...keys).keys.map(({ kid: _, ...jwk }) => jwk);

/** A caller with keys of its own at a URL, which can be swapped, and how often they were asked for. */
async function callerOf(...keys: readonly object[]) {
  const served = { keys, seconds: 100 };
  const { listener, asked } = answering(() => ({ keys: served.keys }));
  const jwksUrl = await serve(listener);
  const own = { jwksUrl, privateNetwork: true } satisfies CallerKeys;
  const proofs = proofsOf({ web: { keys: own } }, { elapsed: () => served.seconds });
  const prove = (key: TestKey, header: object = {}) => answerTo(proofs, assertion(key, header));
  return { served, asked, prove, proofs };
}

let made = 0;
function assertion(key: TestKey, header: object = {}): string {
  const claims = { iss: "web", sub: "web", aud: US, iat: NOW, exp: NOW + 60, jti: `${made++}` };
  return key.token({ alg: key.header.alg, ...header }, claims);
}

describe("a key that was not chosen by its kid", () => {
  it.each<[string, () => readonly object[], () => readonly object[], () => TestKey, object]>([
    ["a lone key without name", () => withoutKid(a), () => withoutKid(b), () => b, {}],
    ["a lone key without name, of tokens that name theirs", () => withoutKid(a), () => withoutKid(b), () => b, { kid: "b" }],
    ["a lone key with a name, of tokens that name none", () => jwksOf(a).keys, () => jwksOf(b).keys, () => b, {}],
    ["a lone key by one of another algorithm", () => withoutKid(a), () => withoutKid(otherKind), () => otherKind, {}],
    ["several keys by one", () => jwksOf(a, otherKind).keys, () => withoutKid(b), () => b, {}],
  ])("is looked for once more where its issuer has replaced %s", async (_what, before, after, key, header) => {
    const { served, asked, prove } = await callerOf(...before());
    expect(await prove(b, { kid: "unknown" })).toBe("proof_refused");
    served.keys = after();
    served.seconds += 11;
    expect(await prove(key(), header)).toBe("web keys");
    expect(asked).toHaveLength(2);
  });

  it("is fetched once in ten seconds, however many signatures are made up", async () => {
    const { served, asked, prove, proofs } = await callerOf(...withoutKid(a));
    expect(await prove(a)).toBe("web keys");
    served.seconds += 11;
    for (let count = 0; count < 5; count++) expect(await prove(b)).toBe("proof_refused");
    expect(asked).toHaveLength(2);
    expect(await reasonFor(proofs, assertion(b))).toContain("names no key that its issuer publishes");
    expect(await prove(a)).toBe("web keys");
    served.seconds += 10;
    expect(await prove(b)).toBe("proof_refused");
    expect(asked).toHaveLength(3);
  });

  it("is not looked for where the token names the key that refuses it", async () => {
    const { served, asked, prove } = await callerOf(...jwksOf(a, b).keys);
    served.seconds += 11;
    expect(await prove(a, { kid: "a" })).toBe("web keys");
    served.seconds += 11;
    expect(await prove(a, { kid: "b" })).toBe("proof_refused");
    expect(asked).toHaveLength(1);
  });
});

describe("a trust domain's keys", () => {
  it("are fetched once more for a token without kid that none of them has signed", async () => {
    const bundle = (...keys: readonly TestKey[]) => ({ keys: withoutKid(...keys).map((jwk) => ({ ...jwk, use: "jwt-svid" })) });
    let [present, seconds] = [bundle(a, otherKind), 100];
    const jwksUrl = await serve(answering(() => present).listener);
    const sub = "spiffe://example.org/ns/prod/sa/api";
    const rule = { preset: "spiffe", jwksUrl, privateNetwork: true, claims: { sub }, maxAgeSeconds: 3_600 } as const;
    const proofs = proofsOf({ api: { trusts: [rule] } }, { elapsed: () => seconds });
    const svid = (key: TestKey) => key.token({ alg: key.header.alg }, { sub, aud: [US], iat: NOW - 10, exp: NOW + 290 });
    expect(await answerTo(proofs, svid(a))).toBe("api trusts.0");
    present = bundle(b, otherKind);
    seconds += 11;
    expect(await answerTo(proofs, svid(b))).toBe("api trusts.0");
    expect(await answerTo(proofs, svid(a))).toBe("proof_refused");
  });
});
