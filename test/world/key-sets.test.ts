import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { cp, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import { findingsOf } from "../../src/doctor/checks.js";
import { examine } from "../../src/doctor/evidence.js";
import { verdictsOf } from "../../src/doctor/verdicts.js";
import { isSignetError } from "../../src/errors.js";
import { createAuthorizer } from "../../src/lambda/authorizer/authorizer.js";
import { readJwks } from "../../src/operator/jwks-source.js";
import { createManager, type Manager } from "../../src/rotation/manager.js";
import { createFileStores } from "../../src/storage/file/stores.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { createDecoder } from "../../src/verify/decoder.js";
import { createVerifier as createWebVerifier } from "../../src/verify/web/web-verifier.js";
import { HAS_ML_DSA } from "../contracts/ml-dsa.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { SETTINGS } from "../rotation/settings-fixture.js";

const rsa = rsaPair(2_048).privateKey;
const other = rsaPair(2_048).privateKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const ed = generateKeyPairSync("ed25519").privateKey;
const jwkOf = (key: KeyObject, more: object = {}): Record<string, unknown> => {
  const { d, p, q, dp, dq, qi, ...jwk } = key.export({ format: "jwk" });
  return { ...jwk, ...more };
};
const good = (more: object = {}) => jwkOf(rsa, { kid: "good", alg: "RS256", use: "sig", ...more });
const without = (jwk: Record<string, unknown>, name: string) => ({ ...jwk, [name]: undefined });
const k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
const weak = generateKeyPairSync("rsa", { modulusLength: 1_024 }).privateKey;
/** As SubjectPublicKeyInfo writes a number: with a zero before it where its first bit is set. */
const zeroBefore = (n: unknown) => Buffer.concat([Buffer.of(0), Buffer.from(n as string, "base64url")]).toString("base64url");

type TokenName = "good" | "nokid" | "e1" | "d1" | "enc1";
type Signed = readonly [key: KeyObject, header: { readonly alg: string; readonly kid?: unknown }];
const SIGNED: Record<TokenName, Signed> = {
  good: [rsa, { alg: "RS256", kid: "good" }],
  nokid: [rsa, { alg: "RS256" }],
  e1: [ec, { alg: "ES256", kid: "e1" }],
  d1: [ed, { alg: "EdDSA", kid: "e1" }],
  enc1: [rsa, { alg: "RS256", kid: "enc1" }],
};

interface Case {
  /** The public report, or who writes such sets. */
  readonly from: string;
  readonly keys: readonly unknown[];
  /** The text, where it is not just JSON. */
  readonly text?: (json: string) => string;
  /** The token that names the key; `good` by default. */
  readonly token?: TokenName;
  /** The code by which verifiers refuse it; verified by default. */
  readonly refused?: string;
  /** The doors that want a kid all the same. */
  readonly onlyWithKid?: readonly string[];
  /** What is told of a set by which nothing can be verified. */
  readonly unusable?: RegExp;
  /** What an operator's `algorithms` make of it. */
  readonly withAlgorithms?: "verified";
  /** Which keys an import publishes, and what it says of the others. */
  readonly imported: readonly string[];
  readonly skipped?: readonly (readonly [name: string | undefined, words: RegExp])[];
  /** The rules of doctor that are broken, of those that look at keys. */
  readonly broken?: readonly string[];
}

const stranger = (from: string, words: RegExp, ...keys: readonly Record<string, unknown>[]): Case => ({
  from,
  keys: [...keys, good()],
  imported: ["good"],
  skipped: keys.map(({ kid }) => [kid as string, words] as const),
});

const CASES: Record<string, Case> = {
  plain: { from: "RFC 7517", keys: [good()], imported: ["good"] },
  dupsame: { from: "jose#392", keys: [good(), good()], imported: ["good"], broken: [] },
  dupother: {
    from: "authlib#785",
    keys: [good(), jwkOf(other, { kid: "good", alg: "RS256", use: "sig" }), jwkOf(ec, { kid: "e1", use: "sig", alg: "ES256" })],
    token: "e1",
    imported: ["e1"],
    skipped: [
      ["good", /another key of this set has the same kid/],
      ["good", /another key of this set has the same kid/],
    ],
    broken: ["kid"],
  },
  "dupother, and a token that names them": {
    from: "authlib#785",
    keys: [good(), jwkOf(other, { kid: "good", alg: "RS256", use: "sig" }), jwkOf(ec, { kid: "e1", use: "sig", alg: "ES256" })],
    refused: "config_invalid",
    imported: ["e1"],
    broken: ["kid"],
  },
  dupkidalg: {
    from: "RFC 7517 section 4.5",
    keys: [good(), jwkOf(ec, { kid: "good", alg: "ES256", use: "sig" })],
    imported: [],
    broken: ["kid"],
  },
  unnamedtwo: {
    from: "jwcrypto#268",
    keys: [good(), jwkOf(ec, { alg: "ES256", use: "sig" }), jwkOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)],
    imported: ["good"],
    skipped: [
      [undefined, /has no kid/],
      [undefined, /has no kid/],
    ],
    broken: ["kid"],
  },
  nullkey: { from: "jwcrypto#268", keys: [null, good()], imported: ["good"], skipped: [[undefined, /no object/]] },
  "entries of every kind": {
    from: "the same",
    keys: [null, "key", 7, true, [], {}, { kty: null }, good()],
    imported: ["good"],
  },
  usenull: { from: "Abblix#263", keys: [good({ use: null, key_ops: null })], imported: ["good"] },
  algnull: {
    from: "Abblix#263",
    keys: [good({ alg: null })],
    refused: "invalid_key",
    unusable: /does not name its alg/,
    withAlgorithms: "verified",
    imported: [],
  },
  kidnull: { from: "Abblix#263", keys: [good({ kid: null })], imported: [] },
  kidnum: { from: "Abblix#263", keys: [good({ kid: 42 })], refused: "token_key_unknown", imported: [] },
  "kidnum beside another": {
    from: "Abblix#263",
    keys: [good({ kid: 42 }), jwkOf(ec, { kid: "e1", alg: "ES256" })],
    token: "e1",
    imported: ["e1"],
    skipped: [[undefined, /kid is not a text/]],
    broken: ["kid"],
  },
  withenc: stranger("pyjwt#722, keycloak#28494", /for encryption/, jwkOf(other, { kid: "encid", alg: "RSA-OAEP", use: "enc" })),
  encnoalg: stranger("keycloak#28494", /for encryption/, jwkOf(other, { kid: "encid", use: "enc" })),
  x25519: stranger("go-oidc#499", /type or curve/, jwkOf(generateKeyPairSync("x25519").privateKey, { kid: "x" })),
  k1: stranger("go-oidc#499", /type or curve/, jwkOf(k1, { kid: "k1", alg: "ES256K" }), jwkOf(k1, { kid: "k1b" })),
  oct: {
    ...stranger("pyjwt#722", /secret/, { kty: "oct", k: "c2VjcmV0", kid: "h", alg: "HS256" }),
    broken: ["private-members"],
  },
  unkty: stranger("go-oidc#499", /type or curve/, { kty: "LWE", kid: "q", alg: "X", pub: "abc" }),
  akp: {
    from: "RFC 9964",
    keys: [{ kty: "AKP", kid: "pq", alg: "ML-DSA-65", pub: "AAAA" }, good()],
    imported: ["good"],
    skipped: [["pq", /ML-DSA-65/]],
    // Where this Node has the algorithm the key is seen to be none.
    broken: HAS_ML_DSA ? ["usable-keys"] : [],
  },
  rsa1024: {
    from: "pyjwt#722",
    keys: [jwkOf(weak, { kid: "old", alg: "RS256" }), good()],
    imported: ["good"],
    skipped: [["old", /1024 bits/]],
    broken: ["usable-keys"],
  },
  noalg: {
    from: "Entra, envoy#9426",
    keys: [without(good({ x5t: "a", x5c: ["MIIC"], issuer: "https://x" }), "alg")],
    refused: "invalid_key",
    unusable: /does not name its alg/,
    withAlgorithms: "verified",
    imported: [],
  },
  ecnoalg: {
    from: "PingFederate, fastify-jwt-jwks#16",
    keys: [jwkOf(ec, { kid: "e1", use: "sig" })],
    token: "e1",
    imported: ["e1"],
  },
  ednoalg: { from: "PingFederate", keys: [jwkOf(ed, { kid: "e1", use: "sig" })], token: "d1", imported: ["e1"] },
  "a token without kid": { from: "pyjwt#1072", keys: [good()], token: "nokid", onlyWithKid: ["the decoder"], imported: ["good"] },
  "a token without kid, and a stranger beside its key": {
    from: "pyjwt#1072",
    keys: [jwkOf(other, { kid: "encid", alg: "RSA-OAEP", use: "enc" }), null, good()],
    token: "nokid",
    onlyWithKid: ["the decoder"],
    imported: ["good"],
  },
  "a token without kid, and two keys": {
    from: "pyjwt#1072",
    keys: [good(), jwkOf(ec, { kid: "e1", alg: "ES256" })],
    token: "nokid",
    refused: "token_kid_missing",
    imported: ["good", "e1"],
  },
  nokid: { from: "pyjwt#1072", keys: [without(good(), "kid")], token: "nokid", imported: [] },
  "useenc-rs": {
    from: "an issuer that signs with its key for encryption",
    keys: [good({ kid: "enc1", use: "enc" })],
    token: "enc1",
    refused: "config_invalid",
    imported: [],
    broken: ["usable-keys", "use"],
  },
  usesignature: {
    from: "an issuer with a use of its own",
    keys: [good({ use: "signature" })],
    refused: "config_invalid",
    imported: [],
    broken: ["usable-keys"],
  },
  keyopsempty: {
    from: "a serializer that writes empty lists",
    keys: [good({ key_ops: [] })],
    refused: "config_invalid",
    imported: [],
    broken: ["usable-keys"],
  },
  bom: { from: "canvas-lms#2639", keys: [good()], text: (json) => `\ufeff${json}`, imported: ["good"] },
  padn: {
    from: "IdentityServer3#732",
    keys: [good({ n: `${good().n as string}==` })],
    refused: "invalid_key",
    unusable: /"n" is missing or not base64url/,
    imported: [],
    broken: ["usable-keys"],
  },
  stdn: {
    from: "IdentityServer3#732",
    keys: [good({ n: `+/${(good().n as string).slice(2)}` })],
    refused: "invalid_key",
    unusable: /"n" is missing or not base64url/,
    imported: [],
    broken: ["usable-keys"],
  },
  "a zero before n": {
    from: "identitymodel#977, openidconnect-rs#53",
    keys: [good({ n: zeroBefore(good().n) })],
    imported: ["good"],
    broken: ["octets"],
  },
};

const textOf = ({ keys, text = (json) => json }: Case) => text(JSON.stringify({ keys }));
const path = (name: string) => encodeURIComponent(name);

let server: Server;
let base: string;
beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    const [, name = "", file = ""] = (incoming.url ?? "").split("/");
    const found = CASES[decodeURIComponent(name)] as Case;
    outgoing.setHeader("content-type", "application/json");
    if (file === "jwks.json") return void outgoing.end(textOf(found));
    const issuer = `${base}/${name}`;
    const algorithms = ["RS256", "ES256", "EdDSA"];
    const discovery = { issuer, jwks_uri: `${issuer}/jwks.json`, id_token_signing_alg_values_supported: algorithms };
    outgoing.end(`\ufeff${JSON.stringify(discovery)}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const NOW = 1_800_000_000;
const clock = () => NOW;
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const tokens = new Map<string, string>();
function tokenOf(name: string): string {
  const token = tokens.get(name) ?? signedFor(name);
  tokens.set(name, token);
  return token;
}

function signedFor(name: string): string {
  const [key, header] = SIGNED[CASES[name]?.token ?? "good"];
  const claims = { iss: `${base}/${path(name)}`, aud: "api", sub: "alice", iat: NOW, exp: NOW + 600 };
  const input = `${part({ ...header, typ: "JWT" })}.${part(claims)}`;
  const digest = header.alg === "EdDSA" ? null : "sha256";
  return `${input}.${sign(digest, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

const scratch = scratchDirectories();
let cwd: string;
beforeAll(async () => {
  cwd = await scratch();
});

/** Each front door that takes a key set and tells whether a token is good by it. */
const DOORS: Record<string, (name: string, algorithms?: readonly "RS256"[]) => unknown> = {
  "createVerifier with keys": (name, algorithms) => {
    const { keys } = CASES[name] as Case;
    const issuer = `${base}/${path(name)}`;
    return createVerifier({ keys: { keys: keys as [] }, issuer, audience: "api", clock, algorithms }).verify(tokenOf(name));
  },
  "createVerifier by URL": (name, algorithms) =>
    createVerifier({ issuer: `${base}/${path(name)}`, audience: "api", clock, algorithms }).verify(tokenOf(name)),
  "verify/web with keys": (name, algorithms) => {
    const { keys } = CASES[name] as Case;
    const issuer = `${base}/${path(name)}`;
    return createWebVerifier({ keys: { keys: keys as [] }, issuer, audience: "api", clock, algorithms }).verify(tokenOf(name));
  },
  "verify/web by URL": (name, algorithms) =>
    createWebVerifier({ issuer: `${base}/${path(name)}`, audience: "api", clock, algorithms }).verify(tokenOf(name)),
  "the command's --jwks": async (name, algorithms) => {
    await writeFile(join(cwd, "jwks.json"), textOf(CASES[name] as Case));
    const keys = await readJwks({ cwd, env: {}, self: "signet" }, "jwks.json");
    return createVerifier({ keys, issuer: null, audience: null, clock, algorithms }).verify(tokenOf(name));
  },
};

const TAKE_NO_ALGORITHMS: typeof DOORS = {
  "the decoder": (name) =>
    createDecoder({ issuer: "http://localhost:1", hosts: [new URL(base).host], clock })(
      `${base}/${path(name)}/jwks.json`,
      tokenOf(name),
    ),
};

// A fault of the keys that were fetched stands behind the word that they cannot be used.
const codeOf = (error: unknown): string => {
  if (!isSignetError(error)) throw error;
  return isSignetError(error.cause) ? codeOf(error.cause) : error.code;
};

const answered = async (ask: () => unknown): Promise<string> => {
  try {
    await ask();
    return "verified";
  } catch (error) {
    return codeOf(error);
  }
};

/** What each door answers. */
async function answersOf(doors: typeof DOORS, name: string, algorithms?: readonly "RS256"[]): Promise<object> {
  const asked = Object.entries(doors).map(async ([door, ask]) => [door, await answered(() => ask(name, algorithms))] as const);
  return Object.fromEntries(await Promise.all(asked));
}

const all = (doors: typeof DOORS, answer: string) => Object.fromEntries(Object.keys(doors).map((door) => [door, answer]));

describe.each(Object.entries(CASES))("a key set as people publish it: %s", (name, found) => {
  it(`is judged alike by every front door (${found.from})`, async () => {
    const doors = { ...DOORS, ...TAKE_NO_ALGORITHMS };
    const strict = (found.onlyWithKid ?? []).map((door) => [door, "token_kid_missing"] as const);
    const expected = { ...all(doors, found.refused ?? "verified"), ...Object.fromEntries(strict) };
    expect(await answersOf(doors, name)).toStrictEqual(expected);
    if (found.withAlgorithms === undefined) return;
    expect(await answersOf(DOORS, name, ["RS256"])).toStrictEqual(all(DOORS, "verified"));
  });

  if (found.unusable !== undefined) {
    it("is refused in words that say what to do", async () => {
      await expect(async () => DOORS["createVerifier with keys"]?.(name)).rejects.toThrow(found.unusable);
    });
  }

  it("is judged alike by the authorizer", async () => {
    const authorized = async (more: Record<string, string> = {}) => {
      const env = { SIGNET_ISSUER: `${base}/${path(name)}`, SIGNET_AUDIENCE: "api", AWS_LAMBDA_LOG_FORMAT: "JSON", ...more };
      const handler = createAuthorizer(env, () => undefined, { clock });
      const routeArn = "arn:aws:execute-api:eu-central-1:111122223333:abc123/prod/GET/";
      const event = { version: "2.0", type: "REQUEST", routeArn, routeKey: "GET /" };
      return handler({ ...event, headers: { authorization: `Bearer ${tokenOf(name)}` } }, { awsRequestId: "r" });
    };
    if (found.refused === undefined) await expect(authorized()).resolves.toMatchObject({ isAuthorized: true });
    else await expect(authorized()).rejects.toThrow();
    if (found.withAlgorithms === undefined) return;
    await expect(authorized({ SIGNET_KEY_ALGORITHMS: "RS256" })).resolves.toMatchObject({ isAuthorized: true });
  });

  it("is judged by doctor as verifiers judge it", async () => {
    const addresses = async () => ["127.0.0.1"];
    const token = tokenOf(name);
    const evidence = await examine(`${base}/${path(name)}`, { addresses, now: () => NOW * 1_000, token });
    const findings = findingsOf(evidence);
    const rules = ["private-members", "usable-keys", "octets", "kid", "use"];
    const broken = findings.filter(({ rule, level }) => rules.includes(rule) && level === "broken").map(({ rule }) => rule);
    expect(broken).toStrictEqual(found.broken ?? []);
    const said = findings.find(({ rule }) => rule === "token");
    expect(said?.level).toBe(found.refused === undefined || found.withAlgorithms ? "good" : "broken");
    expect(verdictsOf(evidence).length).toBeGreaterThan(10);
  });
});

describe("an import of another issuer's keys", () => {
  let origin: string;
  const managerAt = (directory: string): Manager =>
    createManager({
      stores: createFileStores(directory),
      custodians: { file: createFileCustodian({ directory: join(directory, "keys") }) },
      settings: SETTINGS,
      clock,
      sleep: async () => undefined,
    });
  beforeAll(async () => {
    origin = await scratch();
    await managerAt(origin).tick({ createKeyring: true });
  });

  const outcome = async (directory: string, { keys }: Case, dryRun: boolean) =>
    managerAt(directory)
      .importForeignKeys({ keys, tokensExpireBy: NOW + 600, dryRun })
      .then(
        ({ actions, skipped }) => ({
          imported: actions.filter(({ kind }) => kind === "import").map(({ words }) => /key (\S+) as/.exec(words)?.[1]),
          skipped,
        }),
        (error: unknown) => ({ imported: [], refused: codeOf(error), words: (error as Error).message, skipped: [] }),
      );

  it.each(Object.entries(CASES))("publishes of %s what verifiers use, and says why it skips the rest", async (_name, found) => {
    const { imported, skipped, ...failure } = await outcome(origin, found, true);
    if ("words" in failure) expect(failure.words).toMatch(/^no key of this set can be published: (?:good|enc1|e1|key \d): /);
    expect(imported).toStrictEqual(found.imported);
    if (found.imported.length === 0) expect(failure).toHaveProperty("refused");
    if (found.skipped === undefined) return;
    expect(skipped.map(({ kid }) => kid)).toStrictEqual(found.skipped.map(([kid]) => kid));
    found.skipped.forEach(([, words], at) => {
      expect(skipped[at]?.words).toMatch(words);
    });
  });

  it.each(["dupsame", "dupother", "entries of every kind", "useenc-rs"])("does with %s what its dry run says", async (name) => {
    const directory = await scratch();
    await cp(origin, directory, { recursive: true });
    const found = CASES[name] as Case;
    const before = await outcome(directory, found, true);
    expect(await outcome(directory, found, false)).toStrictEqual(before);
    const published = (await createFileStores(directory).publicDocuments.read())?.jwks.keys ?? [];
    expect(published.filter(({ kid }) => kid === "good" || kid === "e1").map(({ kid }) => kid)).toStrictEqual(found.imported);
    // The second time there is nothing left to do, which is no failure.
    if (found.imported.length > 0) expect(await outcome(directory, found, false)).toMatchObject({ imported: [] });
  });

  it("skips a key whose kid the keyring has for another one, and fails where that is all", async () => {
    const directory = await scratch();
    await cp(origin, directory, { recursive: true });
    await managerAt(directory).importForeignKeys({ keys: [good()], tokensExpireBy: NOW + 600 });
    const twin = jwkOf(other, { kid: "good", alg: "RS256" });
    const importing = (keys: readonly unknown[]) =>
      managerAt(directory).importForeignKeys({ keys, dryRun: true, tokensExpireBy: NOW + 600 });
    const { actions, skipped } = await importing([twin, jwkOf(ec, { kid: "e1" })]);
    expect(actions.map(({ kind }) => kind)).toContain("import");
    expect(skipped).toMatchObject([{ index: 0, kid: "good", words: expect.stringContaining("another key under its kid") }]);
    await expect(importing([twin])).rejects.toMatchObject({ code: "plan_refused" });
  });

  it("takes the keys that are named, and no other", async () => {
    const named = (kids: readonly string[], more: object = {}) =>
      managerAt(origin).importForeignKeys({ keys: [...found.keys, good({ kid: "two" })], kids, dryRun: true, ...more });
    const found = CASES.withenc as Case;
    const { actions, skipped } = await named(["two"]);
    expect(actions.filter(({ kind }) => kind === "import").map(({ words }) => words)).toStrictEqual([
      "import the public key two as retired",
    ]);
    expect(skipped).toStrictEqual([]);
    await expect(named(["encid"])).rejects.toMatchObject({
      code: "invalid_key",
      message: expect.stringMatching(/for encryption/),
    });
    await expect(named(["two", "three"])).rejects.toMatchObject({
      code: "key_not_found",
      message: expect.stringMatching(/no key three; it has encid, good, two$/),
    });
  });

  it("takes RSA keys without alg where their algorithm is told", async () => {
    const { keys } = CASES.noalg as Case;
    const told = (algorithm: "RS256" | "ES256") => managerAt(origin).importForeignKeys({ keys, algorithm, dryRun: true });
    expect((await told("RS256")).actions).toContainEqual(expect.objectContaining({ kind: "import" }));
    await expect(told("ES256")).rejects.toMatchObject({ code: "invalid_key", field: "alg" });
  });
});
