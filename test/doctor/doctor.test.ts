import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findingsOf, shown } from "../../src/doctor/checks.js";
import { type ExamineOptions, examine } from "../../src/doctor/evidence.js";
import { type Verdict, verdictsOf } from "../../src/doctor/verdicts.js";
import { type Visit, type Visitor, visit } from "../../src/doctor/visit.js";
import { ISSUER_PARTIES, KNOWN_TO_ALL } from "../../src/relying-parties/index.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { BROKEN_MODULI, WEAK_KEYS } from "../vectors/weak-keys.js";

const ISSUER = "https://issuer.example";
const NOW = 1_900_000_000_000;

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = rsaPair(2_048);
const ES256 = { ...ec.publicKey.export({ format: "jwk" }), kid: "e1", alg: "ES256", use: "sig" };
const RS256 = { ...rsa.publicKey.export({ format: "jwk" }), kid: "r1", alg: "RS256", use: "sig" };
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
const zeroBefore = (n: unknown) => Buffer.concat([Buffer.of(0), Buffer.from(n as string, "base64url")]).toString("base64url");
/** A key of which x begins with a zero octet (found by trying), written without it, as some serializers do. */
const shortX = {
  ...ES256,
  x: "cEr3uIYvsrYkoJMZ6pFndDrXYhFA1-xrSw-eSPjmRQ",
  y: "pEFVjI2kuljbkqbJosAcF2hKey0TLjeMrzbho0-2zJk",
};
const HEADERS = {
  "content-type": "application/json",
  "cache-control": "max-age=300",
  etag: '"1"',
  date: new Date(NOW).toUTCString(),
};

interface World {
  readonly issuer?: string;
  readonly keys?: readonly object[];
  readonly discovery?: Partial<Visit> & { readonly json?: Record<string, unknown> };
  readonly jwks?: Partial<Visit>;
  readonly headers?: Record<string, string>;
  readonly again?: number;
  readonly options?: ExamineOptions;
}

/** An issuer that has nothing wrong with it but what is said. */
async function seen({
  issuer = ISSUER,
  keys = [ES256, RS256],
  discovery,
  jwks,
  headers = HEADERS,
  again = 304,
  options,
}: World = {}) {
  const ask: Visitor = async (url, sent = {}) => {
    const base = { url, status: 200, headers, milliseconds: 5, certificateEnds: NOW + 90 * 86_400_000 };
    if (url.endsWith("/openid-configuration")) {
      const id_token_signing_alg_values_supported = ["ES256", "RS256"];
      const json = { issuer, jwks_uri: `${issuer}/jwks.json`, id_token_signing_alg_values_supported };
      return { ...base, bytes: 200, json, ...discovery };
    }
    if (sent["if-none-match"] !== undefined) return { ...base, status: again, bytes: 0, jsonFault: "it is empty" };
    return { ...base, bytes: 500, json: { keys }, ...jwks };
  };
  const evidence = await examine(issuer, { visit: ask, addresses: async () => ["8.8.8.8"], now: () => NOW, ...options });
  const findings = findingsOf(evidence);
  const verdicts = verdictsOf(evidence);
  return {
    findings,
    broken: findings.filter(({ level }) => level === "broken").map(({ rule }) => rule),
    doubtful: findings.filter(({ level }) => level === "doubtful").map(({ rule }) => rule),
    words: (rule: string) => findings.find((each) => each.rule === rule)?.words ?? "",
    of: (id: string) => verdicts.find((each) => each.id === id) as Verdict,
    verdicts,
  };
}

describe("an issuer with a key that can be taken apart", () => {
  it.each([WEAK_KEYS[0], ...BROKEN_MODULI])("is broken: $what", async (weak) => {
    const { broken, words } = await seen({ keys: [ES256, { ...weak?.jwk, kid: "weak", use: "sig" }] });
    expect(broken).toContain("usable-keys");
    expect(words("usable-keys")).toMatch(/^weak \(.*(?:small order|can be taken apart)/);
  });
});

describe("an issuer as it should be", () => {
  it("is good by every rule, and each rule names its source", async () => {
    const { findings } = await seen();
    expect(findings.filter(({ level }) => level !== "good")).toStrictEqual([]);
    expect(findings.length).toBeGreaterThan(15);
    for (const { source } of findings) expect(source).not.toBe("");
  });

  it.each([
    ["http-api", "partly", "ES256"],
    ["rest-api", "yes", "signet template authorizer"],
    ["alb", "partly", "ES256"],
    ["iam", "yes", "azp"],
    ["eks", "partly", "ES256"],
    ["kubernetes", "yes", "--oidc-signing-algs"],
    ["agentcore", "unknown", "RS256"],
    ["jose", "yes", ""],
    ["rust", "yes", ""],
  ])("is verified by %s: %s", async (id, answer, words) => {
    const { of } = await seen();
    expect(of(id)).toMatchObject({ answer });
    expect(of(id).reasons.join("; ")).toContain(words);
  });
});

describe("an issuer with a fault", () => {
  const plain = { kid: undefined };
  it.each<[string, World, string, string]>([
    ["without https", { issuer: "http://issuer.example" }, "issuer-url", "https"],
    ["with a query", { issuer: "https://issuer.example/?a=1" }, "issuer-url", "query"],
    ["that is not known", { discovery: { failure: "ENOTFOUND", json: undefined as never } }, "discovery", "ENOTFOUND"],
    ["that redirects", { discovery: { status: 302, json: undefined as never } }, "discovery", "redirects (302)"],
    ["that has no discovery", { discovery: { status: 404, json: undefined as never } }, "discovery", "answers 404"],
    [
      "whose discovery is another's",
      { discovery: { json: { issuer: `${ISSUER}/`, jwks_uri: ISSUER } } },
      "discovery-issuer",
      "to the letter",
    ],
    ["whose discovery names no keys", { discovery: { json: { issuer: ISSUER } } }, "jwks", "no jwks_uri"],
    [
      "whose keys are not https",
      { discovery: { json: { issuer: ISSUER, jwks_uri: "http://keys.example/" } } },
      "jwks-url",
      "not https",
    ],
    [
      "on this machine whose keys are elsewhere and not https",
      {
        issuer: "http://localhost:8710",
        discovery: { json: { issuer: "http://localhost:8710", jwks_uri: "http://keys.example/" } },
      },
      "jwks-url",
      "not https",
    ],
    ["whose keys redirect", { jwks: { status: 301, json: undefined as never } }, "jwks", "redirects"],
    [
      "whose certificate has ended",
      { discovery: { failure: "CERT_HAS_EXPIRED", json: undefined as never } },
      "certificate",
      "CERT_HAS_EXPIRED",
    ],
    ["with no keys", { keys: [] }, "keys", "no key"],
    ["whose JWKS is none", { jwks: { json: { key: [] } } }, "keys", "list"],
    ["that publishes a private key", { keys: [{ ...ES256, d: "AA" }] }, "private-members", "revoke it now"],
    ["with a weak key", { keys: [{ ...weak, kid: "w", alg: "RS256", use: "sig" }] }, "usable-keys", "2048"],
    ["with a damaged key", { keys: [{ ...ES256, x: "AA" }] }, "usable-keys", "cannot be used"],
    ["with a kid twice", { keys: [ES256, { ...RS256, kid: "e1" }] }, "kid", "two keys"],
    ["with a key without a kid", { keys: [ES256, { ...RS256, ...plain }] }, "kid", "no kid"],
    ["with keys for encryption", { keys: [{ ...RS256, use: "enc" }] }, "use", "signatures"],
    ["with a wrong clock", { headers: { ...HEADERS, date: new Date(NOW - 400_000).toUTCString() } }, "clock", "400 seconds"],
    ["with a kid that is a number", { keys: [ES256, { ...RS256, kid: 7 }] }, "kid", "no text"],
    ["with no key for signatures", { keys: [{ ...RS256, use: "signature" }] }, "usable-keys", "leave each one aside"],
    ["with a zero octet before n", { keys: [{ ...RS256, n: zeroBefore(RS256.n) }] }, "octets", "n begins with a zero octet"],
    ["with a short coordinate", { keys: [shortX] }, "octets", "x has 31 octets, not 32"],
    ["whose token is no token", { options: { token: "a.b" } }, "token", "three parts"],
  ])("%s is broken", async (_, world, rule, words) => {
    const found = await seen(world);
    expect(found.broken).toContain(rule);
    expect(found.words(rule)).toContain(words);
  });

  it.each<[string, World, string]>([
    ["on this machine", { issuer: "http://localhost:8710" }, "issuer-url"],
    ["that is no JSON by its type", { headers: { ...HEADERS, "content-type": "text/html" } }, "jwks"],
    ["without alg", { keys: [{ ...ES256, alg: undefined }] }, "alg"],
    ["without use", { keys: [{ ...ES256, use: undefined }] }, "use"],
    ["with key_ops", { keys: [{ ...ES256, key_ops: ["verify"] }] }, "key-ops"],
    ["with eleven keys", { keys: Array.from({ length: 11 }, (_, at) => ({ ...ES256, kid: `k${at}` })) }, "size"],
    ["that may not be kept", { headers: { ...HEADERS, "cache-control": "no-store" } }, "cache"],
    ["that may be kept for a month", { headers: { ...HEADERS, "cache-control": "max-age=2592000" } }, "cache"],
    ["that says nothing of keeping", { headers: { "content-type": "application/json" } }, "cache"],
    ["whose ETag is not looked at", { again: 200 }, "etag"],
    ["whose certificate is nearly over", { jwks: { certificateEnds: NOW + 86_400_000 } }, "certificate"],
    [
      "whose discovery lists other algorithms",
      { keys: [{ ...rsa.publicKey.export({ format: "jwk" }), kid: "p", alg: "PS256", use: "sig" }] },
      "discovery-algorithms",
    ],
    ["that lists a key twice", { keys: [ES256, ES256, RS256] }, "kid"],
    ["that is slow", { jwks: { milliseconds: 3_000 } }, "speed"],
  ])("%s is doubtful", async (_, world, rule) => {
    const found = await seen(world);
    expect(found.doubtful).toContain(rule);
  });
});

describe("keys of which none can be used", () => {
  it.each([
    ["too weak", [{ ...weak, kid: "w", alg: "RS256", use: "sig" }], "no"],
    ["damaged", [{ ...ES256, x: "AA" }], "no"],
    ["damaged, beside a good one", [{ ...ES256, x: "AA" }, RS256], "yes"],
  ])("%s: what our verifier makes of it", async (_what, keys, answer) => {
    const { of } = await seen({ keys });
    expect(of("signet").answer).toBe(answer);
    expect(of("signet").reasons.includes("none of its keys can be used")).toBe(answer === "no");
  });
});

describe("a key that is not for signatures", () => {
  const strangers = [
    [{ ...RS256, kid: "x", use: "enc", alg: "RSA-OAEP" }, "for encryption"],
    [{ ...weak, kid: "x", use: "enc" }, "for encryption"],
    [{ kty: "OKP", crv: "X25519", x: "AA", kid: "x" }, "type or curve"],
    [{ kty: "EC", crv: "secp256k1", x: "AA", y: "AA", kid: "x", alg: "ES256K" }, "type or curve"],
    [{ kty: "LWE", kid: "x", alg: "X" }, "type or curve"],
    [{ kty: "AKP", kid: "x", pub: "AA" }, '"alg"'],
    [{ ...RS256, kid: "x", key_ops: [] }, "key_ops"],
    [null, "no object"],
  ] as const;

  it.each(strangers)("is named and not judged (%#)", async (stranger, words) => {
    const found = await seen({ keys: [ES256, stranger as object, RS256] });
    expect(found.broken).toStrictEqual([]);
    expect(found.doubtful).toStrictEqual([]);
    expect(found.words("left-aside")).toContain(words);
    expect(found.of("jose").answer).toBe("yes");
  });

  it("matters to a verifier that then refuses the whole set", async () => {
    for (const stranger of [
      { kty: "LWE", kid: "x" },
      { kty: "OKP", crv: "X25519", x: "AA", kid: "x" },
    ]) {
      const reasons = (await seen({ keys: [ES256, stranger] })).of("go-jose").reasons.join();
      expect(reasons).toContain("refuse all keys");
    }
    expect((await seen({ keys: [ES256, { kty: "oct", k: "AA", kid: "h" }] })).of("go-jose").answer).toBe("yes");
  });
});

describe("a key without alg", () => {
  const { alg: _, ...open } = RS256;
  const { alg: __, ...curve } = ES256;

  it("is doubtful, and each verifier says what it does with it", async () => {
    const { of, doubtful, verdicts, broken } = await seen({ keys: [open] });
    expect(doubtful).toContain("alg");
    expect(broken).toStrictEqual([]);
    for (const { reasons } of verdicts) expect(reasons.join("; ")).toContain("of keys without alg ");
    expect(of("signet").reasons.join()).toContain("option algorithms");
    expect(of("pyjwt").reasons.join()).toContain("RS256 alone");
    expect(of("http-api").reasons.join()).toContain("nothing is documented");
  });

  it("leaves no choice where its curve decides, but to those who want alg all the same", async () => {
    const { of } = await seen({ keys: [curve, RS256] });
    expect(of("signet")).toMatchObject({ answer: "yes", reasons: [] });
    expect(of("php").reasons.join()).toContain("default algorithm");
  });

  it("verifies the sample token", async () => {
    const claims = { iss: ISSUER, exp: NOW / 1_000 + 60 };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "r1" }).sign(rsa.privateKey);
    expect((await seen({ keys: [open], options: { token } })).words("token")).toContain("signed by r1 (RS256)");
  });
});

describe("who verifies", () => {
  it.each<[string, World, string, string]>([
    ["no URL with a port", { issuer: "https://issuer.example:8443" }, "iam", "port"],
    ["no key with key_ops", { keys: [{ ...RS256, key_ops: ["verify"] }] }, "iam", "key_ops"],
    ["no eleven keys", { keys: Array.from({ length: 11 }, (_, at) => ({ ...RS256, kid: `k${at}` })) }, "alb", "takes 10 keys"],
    ["no large JWKS", { keys: [RS256], jwks: { bytes: 200_000 } }, "alb", "150000"],
    ["no long URL", { keys: [RS256], options: { jwksUrl: `${ISSUER}/${"x".repeat(256)}` } }, "alb", "256 characters"],
    ["no ES256 alone", { keys: [ES256] }, "http-api", "does not know ES256"],
    [
      "no set with ML-DSA",
      { keys: [ES256, { kty: "AKP", kid: "m", alg: "ML-DSA-65", use: "sig", pub: "AA" }] },
      "go-jose",
      "refuse all keys",
    ],
    ["no zero octet before n", { keys: [{ ...RS256, n: zeroBefore(RS256.n) }] }, "dotnet", "n begins with a zero octet"],
    ["no short coordinate", { keys: [shortX] }, "go-jose", "x has 31 octets"],
    ["no issuer without discovery", { discovery: { status: 404, json: undefined as never } }, "http-api", "discovery"],
    [
      "no private address",
      { keys: [RS256], options: { addresses: async () => ["10.0.0.1"] } },
      "http-api",
      "Internet does not reach",
    ],
    ["no issuer on this machine", { issuer: "http://localhost:8710", keys: [RS256] }, "alb", "this machine"],
  ])("takes %s", async (_, world, id, words) => {
    const { of } = await seen(world);
    expect(of(id).answer).toBe("no");
    expect(of(id).reasons.join("; ")).toContain(words);
  });

  it("is asked about the sample token: by its algorithm and its claims", async () => {
    const claims = { iss: ISSUER, sub: "alice", aud: ["a", "b"], iat: NOW / 1_000, exp: NOW / 1_000 + 60 };
    const signed = (more: object) =>
      new SignJWT({ ...claims, ...more } as never).setProtectedHeader({ alg: "RS256", kid: "r1" }).sign(rsa.privateKey);
    const of = async (more: object) => (await seen({ options: { token: await signed(more) } })).of;
    expect((await of({ aud: "a" }))("alb").answer).toBe("yes");
    expect((await of({ aud: "a" }))("iam").answer).toBe("yes");
    expect((await of({}))("iam").reasons.join()).toContain("azp");
    expect((await of({ aud: undefined, sub: undefined }))("iam").reasons).toContain("the token has no sub, aud");
    expect((await of({ iat: NOW / 1_000 - 0.5 }))("iam").reasons.join()).toContain("whole number");
    expect((await of({ iss: "https://other.example" }))("jose").reasons).toContain("the sample token is refused");
  });

  it("agrees on RS256", () => {
    expect(KNOWN_TO_ALL).toStrictEqual(["RS256"]);
  });
});

describe("what a foreign server says", () => {
  const odd = { toString: false, valueOf: null, toJSON: 1 };

  it.each<[string, World]>([
    ["an issuer that cannot become a text", { discovery: { json: { issuer: odd, jwks_uri: odd } } }],
    ["a list for an issuer", { discovery: { json: { issuer: [odd], jwks_uri: `${ISSUER}/jwks.json` } } }],
    ["no issuer", { discovery: { json: { jwks_uri: `${ISSUER}/jwks.json` } } }],
    ["odd key types and curves", { keys: [{ kty: odd, crv: odd, kid: odd, alg: odd, use: odd }] }],
    ["names that every object has", { keys: [{ kty: "constructor", crv: "toString" }, { crv: "__proto__" }] }],
    ["odd algorithms", { discovery: { json: { issuer: ISSUER, id_token_signing_alg_values_supported: [odd] } } }],
  ])("is judged with %s", async (_, world) => {
    const { findings, verdicts } = await seen(world);
    expect(findings.length).toBeGreaterThan(1);
    expect(verdicts).toHaveLength(ISSUER_PARTIES.length);
    for (const { words } of findings) expect(words).not.toMatch(/object Object|function|native code/);
  });

  it("is judged whatever it is", async () => {
    const member = fc.constantFrom("kid", "kty", "alg", "use", "crv", "x", "y", "n", "e", "key_ops", "x5c", "d");
    // What JSON can say that breaks whoever makes a text, a number or an object's member of it.
    const hostile = fc.constantFrom(odd, [odd], { toString: false }, { valueOf: false }, "__proto__", "constructor");
    const value = fc.oneof(fc.jsonValue({ maxDepth: 1 }), hostile);
    const known = fc.constantFrom<Record<string, unknown>>(ES256, RS256);
    const jwk = fc.oneof(
      fc.dictionary(member, value),
      value,
      fc.tuple(known, fc.dictionary(member, value)).map(([key, more]) => ({ ...key, ...more })),
    );
    const world = fc.record({
      keys: fc.array(jwk, { maxLength: 4 }),
      found: fc.dictionary(fc.constantFrom("issuer", "jwks_uri", "id_token_signing_alg_values_supported"), value),
      token: fc.string(),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ keys, found, token }) => {
        const json = { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks.json`, ...found };
        const { findings, verdicts } = await seen({ keys: keys as object[], discovery: { json }, options: { token } });
        expect(findings.length).toBeGreaterThan(1);
        expect(verdicts).toHaveLength(ISSUER_PARTIES.length);
        const said = [...findings.map(({ words }) => words), ...verdicts.flatMap(({ reasons }) => reasons)];
        for (const words of said) expect(words).toMatch(/^[\x20-\x7e]*$/);
      }),
      // What has failed before comes first.
      { numRuns: 150, examples: [[{ keys: [], found: { issuer: { toString: false } }, token: "" }]] },
    );
  });

  it.each([{ toString: false }, "constructor", "__proto__", ["P-256"], null])(
    "names no type and no curve that is none (%j)",
    async (odd) => {
      const keys = [
        { kty: odd, kid: "a" },
        { kty: "EC", crv: odd, kid: "b" },
      ];
      expect((await seen({ keys })).words("keys")).toBe("a (unknown), b (unknown)");
    },
  );

  it("is looked at up to a limit", async () => {
    const keys = Array.from({ length: 20_000 }, (_, at) => ({ ...ES256, kid: `k${at}` }));
    const found = await seen({ keys });
    expect(found.words("size")).toContain("20000 keys");
    expect(found.words("keys")).toMatch(/ and 240 more$/);
    expect(found.of("alb").reasons.join()).toContain("there are 20000");
  });

  it("never reaches the terminal as it is", () => {
    expect(shown("\u001b[31mred\u0007\u202e\n")).toBe("\\u001b[31mred\\u0007\\u202e\\n");
  });

  let server: Server;
  let base: string;
  beforeAll(async () => {
    server = createServer((incoming, outgoing) => {
      if (incoming.url === "/huge") return void outgoing.end("x".repeat(6 * 1_024 * 1_024));
      if (incoming.url === "/moved") return void outgoing.writeHead(301, { location: "/good" }).end();
      if (incoming.url === "/twice") return void outgoing.end('{"keys":[],"keys":[]}');
      if (incoming.url === "/list") return void outgoing.end("[]");
      if (incoming.url === "/packed")
        return void outgoing.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"keys":[]}'));
      if (incoming.url === "/other") return void outgoing.writeHead(101, { upgrade: "x", connection: "upgrade" }).end();
      if (incoming.url === "/cut") return void incoming.socket.destroy();
      outgoing.setHeader("content-type", "application/json");
      outgoing.end('{"keys":[]}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it.each([
    ["/good", { status: 200, bytes: 11, json: { keys: [] } }],
    ["/huge", { failure: "ANSWER_TOO_LARGE" }],
    ["/moved", { status: 301, jsonFault: "it is empty" }],
    ["/twice", { jsonFault: "it names a member twice" }],
    ["/list", { jsonFault: "it is no JSON object" }],
    ["/cut", { failure: "ECONNRESET" }],
    ["/packed", { status: 200, json: { keys: [] } }],
    ["/other", { failure: "NO_ANSWER" }],
  ])("is an answer whatever it is (%s)", async (path, expected) => {
    expect(await visit(`${base}${path}`)).toMatchObject(expected);
  });
});
