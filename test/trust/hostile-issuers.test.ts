import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { TrustRule } from "../../src/settings/trusts.js";
import { createKeySources } from "../../src/trust/key-sources.js";
import { testServers } from "../verify/serving.js";
import type { TestKey } from "../verify/tokens.js";
import { answering, answerTo, jwksOf, keyOf, NOW, proofBy, proofsOf, reasonFor } from "./fixture.js";

const serve = testServers();
let key: TestKey;
let other: TestKey;
beforeAll(async () => {
  [key, other] = [await keyOf("ES256"), await keyOf("ES256", "other")];
});

/** A rule for an issuer on this machine. */
function ruleFor(issuer: string, more: Partial<Omit<TrustRule, "issuer">> = {}): TrustRule & { readonly issuer: string } {
  return { issuer, privateNetwork: true, claims: { sub: { prefix: "repo:acme/" } }, maxAgeSeconds: 3_600, ...more };
}

/** An issuer with discovery, and what was asked of it. */
async function issuerOf(...keys: readonly TestKey[]) {
  const served = answering((path) =>
    path.startsWith("/.well-known/") ? { issuer: url, jwks_uri: `${url}/jwks` } : jwksOf(...keys),
  );
  const url: string = await serve(served.listener);
  return { url, asked: served.asked };
}

describe("keys of an issuer", () => {
  it("are found by discovery, fetched when a proof needs them, and kept", async () => {
    const { url, asked } = await issuerOf(key);
    const proofs = proofsOf({ ci: { trusts: [ruleFor(url)] } });
    expect(asked).toStrictEqual([]);
    for (let count = 0; count < 3; count++) expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("ci trusts.0");
    expect(asked).toStrictEqual(["/.well-known/openid-configuration", "/jwks"]);
  });

  it("are not fetched for an issuer in no rule, nor for claims that match no rule", async () => {
    const { url, asked } = await issuerOf(key);
    const proofs = proofsOf({ ci: { trusts: [ruleFor(url)] } });
    const strangers = [
      { iss: `${url}/x` },
      { iss: url, sub: "repo:evil/app" },
      { iss: url, aud: "x" },
      { iss: url, sub: undefined },
    ];
    for (const claims of strangers) expect(await answerTo(proofs, proofBy(key, claims))).toBe("proof_refused");
    expect(asked).toStrictEqual([]);
  });

  it("are fetched once in ten seconds for kids that they do not have, however many", async () => {
    const { url, asked } = await issuerOf(key);
    let elapsed = 100;
    const proofs = proofsOf({ ci: { trusts: [ruleFor(url)] } }, { elapsed: () => elapsed });
    const tryKids = async (count: number) => {
      const tokens = Array.from({ length: count }, (_, kid) => proofBy(other, { iss: url }, { kid: `${kid}` }));
      return new Set(await Promise.all(tokens.map((token) => answerTo(proofs, token))));
    };
    expect(await tryKids(1)).toStrictEqual(new Set(["proof_refused"]));
    const first = asked.length;
    elapsed += 9;
    expect(await tryKids(20)).toStrictEqual(new Set(["proof_refused"]));
    expect(asked.length).toBe(first);
    elapsed += 2;
    expect(await tryKids(20)).toStrictEqual(new Set(["proof_refused"]));
    expect(asked.length).toBe(first + 1);
  });

  it("are found once more for a key that the issuer has just published", async () => {
    const keys = [key];
    const served = answering(() => jwksOf(...keys));
    const url = await serve(served.listener);
    let elapsed = 100;
    const proofs = proofsOf({ ci: { trusts: [ruleFor(url, { jwksUrl: `${url}/jwks` })] } }, { elapsed: () => elapsed });
    expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("ci trusts.0");
    keys.push(other);
    elapsed += 11;
    expect(await answerTo(proofs, proofBy(other, { iss: url }))).toBe("ci trusts.0");
  });

  it.each([
    ["they cannot be fetched any more", undefined],
    ["the answer has none", { keys: [] }],
  ])("are used for 3,900 seconds where %s, and no longer", async (_why, bad) => {
    let isUp = true;
    const served = answering(() => (isUp ? jwksOf(key) : bad));
    const url = await serve(served.listener);
    let elapsed = 100;
    const proofs = proofsOf({ ci: { trusts: [ruleFor(url, { jwksUrl: `${url}/jwks` })] } }, { elapsed: () => elapsed });
    expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("ci trusts.0");
    isUp = false;
    elapsed += 301;
    expect(await answerTo(proofs, proofBy(other, { iss: url }))).toBe("proof_refused");
    elapsed += 3_599;
    expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("ci trusts.0");
    elapsed += 1;
    expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("jwks_unavailable");
  });

  it("are waited for once they are due where the process stands still between requests, and nothing is fetched behind an answer", async () => {
    let [elapsed, present, asked]: [number, object | undefined, number] = [100, jwksOf(key), 0];
    const { listener } = answering(() => {
      asked += 1;
      return present;
    });
    const url = await serve(listener);
    const own = { graceSeconds: 0, elapsed: () => elapsed };
    const proofs = proofsOf({ ci: { trusts: [ruleFor(url, { jwksUrl: `${url}/jwks` })] } }, own);
    const prove = (by: TestKey) => answerTo(proofs, proofBy(by, { iss: url }));
    expect(await prove(key)).toBe("ci trusts.0");
    elapsed += 300;
    expect([await prove(key), asked]).toStrictEqual(["ci trusts.0", 1]);
    [present, elapsed] = [jwksOf(other), elapsed + 1];
    expect([await prove(key), asked]).toStrictEqual(["proof_refused", 2]);
    // Where the issuer cannot be reached the last ones are used, and it is asked again when they would be due again.
    [present, elapsed] = [undefined, elapsed + 301];
    expect([await prove(other), asked]).toStrictEqual(["ci trusts.0", 3]);
    elapsed += 300;
    expect([await prove(other), asked]).toStrictEqual(["ci trusts.0", 3]);
    [present, elapsed] = [jwksOf(key), elapsed + 1];
    expect([await prove(other), asked]).toStrictEqual(["proof_refused", 4]);
  });

  it("are not used after a sleep of hours, in which the clock that is never set stood still", async () => {
    let isUp = true;
    const served = answering(() => (isUp ? jwksOf(key) : undefined));
    const url = await serve(served.listener);
    const proofs = proofsOf({ ci: { trusts: [ruleFor(url, { jwksUrl: `${url}/jwks` })] } });
    expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("ci trusts.0");
    isUp = false;
    const wake = Date.now() + 4 * 3_600_000;
    const clock = vi.spyOn(Date, "now").mockImplementation(() => wake);
    onTestFinished(() => clock.mockRestore());
    expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("jwks_unavailable");
  });

  it("outlive an edit of the config, and are another rule's own where its source is another", async () => {
    const { url, asked } = await issuerOf(key);
    const sources = createKeySources({ clock: () => NOW });
    const proved = async (rule: TrustRule) =>
      answerTo(proofsOf({ ci: { trusts: [rule] } }, { sources }), proofBy(key, { iss: url }));
    expect(await proved(ruleFor(url))).toBe("ci trusts.0");
    expect(await proved(ruleFor(url, { claims: { sub: "repo:acme/app:ref:refs/heads/main" } }))).toBe("ci trusts.0");
    expect(asked.length).toBe(2);
    expect(await proved(ruleFor(url, { jwksUrl: `${url}/other` }))).toBe("ci trusts.0");
    expect(asked.length).toBe(3);
  });
});

/** An issuer that turns hostile: how it answers, and what the log says. */
type Hostile = readonly [string, (url: string) => RequestListener, RegExp];

const json = (body: unknown) => (_: unknown, response: ServerResponse) => void response.end(JSON.stringify(body));
const HOSTILE: readonly Hostile[] = [
  ["redirects", () => (_, response) => void response.writeHead(302, { location: "/jwks" }).end(), /answers 302; a redirect/],
  [
    "answers without end",
    () => (_, response) => void response.end(`{"keys":[${"{},".repeat(60_000)}{}]}`),
    /larger than 153600 bytes/,
  ],
  ["answers more than 100 keys", () => json({ keys: Array(101).fill({}) }), /has 101 keys; at most 100/],
  ["answers no JSON", () => (_, response) => void response.end("<html>"), /not valid JSON/],
  ["answers a list", () => json([]), /no list "keys"/],
  ["answers keys that are none", () => json({ keys: { length: 1 } }), /no list "keys"/],
  ["answers no key", () => json({ keys: [] }), /cannot be used: .*no key that verifies/],
  ["answers keys that none can use", () => json({ keys: [{ kty: "oct", k: "AAAA" }, {}] }), /cannot be used: .*no key/],
  ["is in trouble", () => (_, response) => void response.writeHead(500).end(), /answers 500/],
  ["hangs up", () => (request) => void request.socket.destroy(), /cannot be reached/],
  ["hangs up in the middle", () => (_, response) => void response.writeHead(200).write("{", () => response.destroy()), /reached/],
];

describe("an issuer that turns hostile", () => {
  it.each(HOSTILE)("and %s reaches its own callers alone", async (_what, listenerOf, reason) => {
    const good = await issuerOf(key);
    const url: string = await serve((request, response) => listenerOf(url)(request, response));
    const bad = ruleFor(url, { jwksUrl: `${url}/jwks` });
    const proofs = proofsOf({ ci: { trusts: [ruleFor(good.url)] }, bad: { trusts: [bad] } });
    expect(await reasonFor(proofs, proofBy(key, { iss: url }))).toMatch(reason);
    expect(await answerTo(proofs, proofBy(key, { iss: good.url }))).toBe("ci trusts.0");
    const again = proofsOf({ bad: { trusts: [bad] } });
    expect(await answerTo(again, proofBy(key, { iss: url }))).toBe("jwks_unavailable");
  });

  it("and never answers keeps none waiting but its own callers", async () => {
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const held: ServerResponse[] = [];
    const slow = await serve((_, response) => {
      held.push(response);
      asked();
    });
    const good = await issuerOf(key);
    const proofs = proofsOf({ ci: { trusts: [ruleFor(good.url)] }, slow: { trusts: [ruleFor(slow)] } });
    const waiting = answerTo(proofs, proofBy(key, { iss: slow }));
    await isAsked;
    expect(await answerTo(proofs, proofBy(key, { iss: good.url }))).toBe("ci trusts.0");
    for (const response of held) response.destroy();
    expect(await waiting).toBe("jwks_unavailable");
  });

  it("and fails slowly is waited for once in ten seconds from its failure, by tokens that anybody makes up", async () => {
    let [elapsed, isUp, asked] = [100, false, 0];
    const url = await serve((_, response) => {
      asked += 1;
      if (isUp) return void response.end(JSON.stringify(jwksOf(key)));
      elapsed += 5;
      response.destroy();
    });
    const proofs = proofsOf({ slow: { trusts: [ruleFor(url, { jwksUrl: `${url}/jwks` })] } }, { elapsed: () => elapsed });
    const refusal = { code: "jwks_unavailable", retryAfterSeconds: 10 };
    for (let count = 0; count < 5; count++) {
      await expect(proofs.prove(proofBy(other, { iss: url }), {})).rejects.toMatchObject(refusal);
      elapsed += count === 0 ? 0 : 2.5;
    }
    expect(asked).toBe(1);
    isUp = true;
    expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("slow trusts.0");
    [isUp, elapsed] = [false, elapsed + 11];
    for (const kid of ["made", "up", "too"]) {
      expect(await answerTo(proofs, proofBy(other, { iss: url }, { kid }))).toBe("proof_refused");
      elapsed += 3;
    }
    expect(asked).toBe(3);
  });

  it("keeps no caller waiting whose rule has another source for the same name", async () => {
    const held: ServerResponse[] = [];
    const slow = await serve((_, response) => void held.push(response));
    const good = await issuerOf(key);
    const rule = ruleFor("cluster", { jwksUrl: `${good.url}/jwks` });
    const proofs = proofsOf({ west: { trusts: [{ ...rule, jwksUrl: slow }] }, east: { trusts: [rule] } });
    expect(await answerTo(proofs, proofBy(key, { iss: "cluster" }))).toBe("east trusts.0");
    for (const response of held) response.destroy();
  });

  it("and gives another issuer's discovery document is refused", async () => {
    const good = await issuerOf(key);
    const url = await serve(json({ issuer: good.url, jwks_uri: `${good.url}/jwks` }));
    const proofs = proofsOf({ bad: { trusts: [ruleFor(url)] } });
    expect(await reasonFor(proofs, proofBy(key, { iss: url }))).toMatch(/document of another issuer/);
    expect(good.asked).toStrictEqual([]);
  });

  it("and publishes another issuer's key proves only its own callers by it", async () => {
    const [good, bad] = [await issuerOf(key), await issuerOf(key, other)];
    const proofs = proofsOf({ ci: { trusts: [ruleFor(good.url)] }, bad: { trusts: [ruleFor(bad.url)] } });
    expect(await answerTo(proofs, proofBy(other, { iss: bad.url }))).toBe("bad trusts.0");
    expect(await answerTo(proofs, proofBy(other, { iss: good.url }))).toBe("proof_refused");
    expect(await answerTo(proofs, proofBy(key, { iss: good.url }))).toBe("ci trusts.0");
  });

  it("and has an RSA key of more than 4,096 bits, or a broken one, loses that key alone", async () => {
    const n = Buffer.alloc(1_024, 0xff).toString("base64url");
    const keys = [{ kty: "RSA", kid: "huge", alg: "RS256", n, e: "AQAB" }, { kty: "EC", kid: "odd" }, null, ...jwksOf(key).keys];
    const url = await serve(json({ keys }));
    const proofs = proofsOf({ ci: { trusts: [ruleFor(url, { jwksUrl: url })] } });
    expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("ci trusts.0");
    expect(await answerTo(proofs, proofBy(key, { iss: url }, { kid: "huge", alg: "RS256" }))).toBe("proof_refused");
  });

  it("is told to a stranger by no name", async () => {
    const url = await serve((_, response) => void response.writeHead(500).end());
    const proofs = proofsOf({ bad: { trusts: [ruleFor(url)] } });
    const refused = proofs.prove(proofBy(key, { iss: url }), {});
    await expect(refused).rejects.toMatchObject({ code: "jwks_unavailable", status: 503, retryAfterSeconds: 10 });
    await expect(refused).rejects.not.toThrow(/127|bad/);
  });
});

describe("an address that is not public", () => {
  const resolving = (address: string) => (_name: string, _options: object, answer: (error: null, found: object[]) => void) =>
    answer(null, [{ address, family: 4 }]);

  it.each([
    ["127.0.0.1", /on this machine/],
    ["10.0.0.5", /private network/],
    ["169.254.169.254", /metadata/],
    ["192.168.1.1", /private network/],
  ])("%s is not connected to, whatever name leads there", async (address, reason) => {
    const rule = {
      issuer: "https://rebound.example",
      claims: { sub: "repo:acme/app:ref:refs/heads/main" },
      maxAgeSeconds: 3_600,
    };
    const proofs = proofsOf({ ci: { trusts: [rule] } }, { resolve: resolving(address) as never });
    expect(await reasonFor(proofs, proofBy(key, { iss: rule.issuer }))).toMatch(reason);
  });

  it("is never a cloud's metadata service, with privateNetwork too", async () => {
    const rule = { ...ruleFor("https://rebound.example"), jwksUrl: "https://rebound.example/jwks" };
    const proofs = proofsOf({ ci: { trusts: [rule] } }, { resolve: resolving("169.254.169.254") as never });
    expect(await reasonFor(proofs, proofBy(key, { iss: rule.issuer }))).toMatch(/metadata/);
  });
});

describe("a proxy", () => {
  const proxies: { close(): void }[] = [];
  afterEach(() => {
    for (const proxy of proxies.splice(0)) proxy.close();
  });

  /** A proxy that leads to one place, whatever it is asked for. */
  async function proxyOf(answer: string, place = "http://127.0.0.1:9") {
    const targets: string[] = [];
    const server = createHttpServer().on("connect", ({ url = "" }, client) => {
      targets.push(url);
      client.write(`HTTP/1.1 ${answer}\r\n\r\n`);
      if (!answer.startsWith("200")) return void client.end();
      const there = connect(Number(new URL(place).port), "127.0.0.1");
      client.pipe(there).pipe(client);
      client.on("error", () => there.destroy());
      there.on("error", () => client.destroy());
    });
    proxies.push(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, targets };
  }

  it("connects to where the keys of its rule are, and nothing else does", async () => {
    const { listener, asked } = answering(() => jwksOf(key));
    const proxy = await proxyOf("200 Connected", await serve(listener));
    // Nothing listens at this port; the proxy alone knows what is meant.
    const jwksUrl = "http://127.0.0.1:9/jwks";
    const proofs = proofsOf({ ci: { trusts: [ruleFor("idp", { jwksUrl, proxy: proxy.url })] } });
    expect(await answerTo(proofs, proofBy(key, { iss: "idp" }))).toBe("ci trusts.0");
    expect([proxy.targets, asked]).toStrictEqual([["127.0.0.1:9"], ["/jwks"]]);
  });

  it("that refuses makes the keys unavailable", async () => {
    const { url, asked } = await issuerOf(key);
    const proxy = await proxyOf("403 Forbidden");
    const proofs = proofsOf({ ci: { trusts: [ruleFor(url, { proxy: proxy.url })] } });
    expect(await answerTo(proofs, proofBy(key, { iss: url }))).toBe("jwks_unavailable");
    expect(asked).toStrictEqual([]);
  });

  it("leads to no private address that the rule does not allow", async () => {
    const proxy = await proxyOf("200 Connected");
    const rule = { ...ruleFor("https://issuer.example"), privateNetwork: false, proxy: proxy.url };
    const { ruleFetch } = await import("../../src/trust/rule-fetch.js");
    const signal = new AbortController().signal;
    const fetched = ruleFetch(rule)("https://10.0.0.5/jwks", { headers: {}, signal }, undefined);
    await expect(fetched).rejects.toMatchObject({ code: "jwks_misconfigured" });
    expect(proxy.targets).toStrictEqual([]);
  });
});
