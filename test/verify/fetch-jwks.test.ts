import { describe, expect, it } from "vitest";
import { discoverJwksUrl, fetchJwks } from "../../src/verify/fetch-jwks.js";
import { testServers } from "./serving.js";

const serving = testServers();

const answering = (text: string) => serving((_, answer) => answer.end(text));
const KEY = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", kid: "a", alg: "EdDSA" };

describe("a JWKS that is fetched", () => {
  it("is what the URL answers", async () => {
    expect(await fetchJwks(await answering(JSON.stringify({ keys: [KEY] })))).toStrictEqual({ keys: [KEY] });
  });

  it.each([
    ["nonsense", "cannot be read|is not valid JSON|JSON"],
    ['{"keys":[],"keys":[]}', "twice|keys"],
    ["[]", 'no list "keys"'],
    ["null", "no JSON object"],
    ['{"keys":{}}', 'no list "keys"'],
  ])("is refused where the answer is %s", async (text, words) => {
    const failure = fetchJwks(await answering(text));
    await expect(failure).rejects.toMatchObject({ code: "jwks_misconfigured", message: expect.stringMatching(words) });
  });

  it("is missing in words that repeat no more than 64 characters of its URL", async () => {
    const long = `https://h.example/${"x".repeat(9_000)}`;
    const failing = { fetch: async () => new Response(null, { status: 500 }) };
    for (const failure of [fetchJwks(long, failing), discoverJwksUrl(long, failing), fetchJwks(`ftp:${long}`)])
      await expect(failure).rejects.toMatchObject({ message: expect.not.stringMatching(/.{160}/) });
  });

  it("is asked for once: a redirect is not followed", async () => {
    const asked: (string | undefined)[] = [];
    const url = await serving(({ url: path }, answer) => {
      asked.push(path);
      answer.writeHead(302, { location: "/elsewhere" }).end();
    });
    await expect(fetchJwks(`${url}/keys`)).rejects.toMatchObject({ message: expect.stringContaining("redirect") });
    expect(asked).toStrictEqual(["/keys"]);
  });

  it("is read no further than its bound, and waited for no longer than its time", async () => {
    let written = 0;
    const endless = await serving((_, answer) => {
      const more = () => {
        written += 16_384;
        if (!answer.destroyed) answer.write("x".repeat(16_384), () => setImmediate(more));
      };
      more();
    });
    await expect(fetchJwks(endless)).rejects.toMatchObject({ message: expect.stringContaining("larger than 153600 bytes") });
    expect(written).toBeLessThan(10_000_000);
    const slow = await serving((_, answer) => answer.write('{"keys":'));
    await expect(fetchJwks(slow, { timeoutMs: 150 })).rejects.toMatchObject({ message: expect.stringContaining("150 ms") });
  });

  it("is missing where the server is in trouble, or there is none", async () => {
    const broken = await serving((_, answer) => answer.writeHead(500).end("{}"));
    await expect(fetchJwks(broken)).rejects.toMatchObject({ message: expect.stringContaining("500") });
    const cut = await serving((_, answer) => answer.writeHead(200, { "content-length": 100 }).write("{", () => answer.destroy()));
    await expect(fetchJwks(cut)).rejects.toMatchObject({ code: "jwks_unavailable" });
    const switching = "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    const other = await serving((_, answer) => answer.socket?.end(switching));
    await expect(fetchJwks(other)).rejects.toMatchObject({ code: "jwks_unavailable" });
    await expect(fetchJwks("http://127.0.0.1:1")).rejects.toMatchObject({ code: "jwks_unavailable" });
  });

  it.each(["http://issuer.example/jwks", "file:///etc/passwd", "ftp://127.0.0.1/jwks", "http://127.0.0.1.example/", "nonsense"])(
    "is never fetched from %s",
    async (url) => {
      const fetch = () => expect.unreachable();
      await expect(fetchJwks(url, { fetch })).rejects.toMatchObject({ code: "jwks_misconfigured" });
    },
  );

  it("is not fetched by a URL with a password, which no error tells", async () => {
    const failure = await fetchJwks("https://user:hunter2@issuer.example/jwks").catch((error: Error) => error);
    expect(failure).toMatchObject({ code: "jwks_misconfigured" });
    expect((failure as Error).message).not.toContain("hunter2");
  });
});

describe("an issuer's discovery document", () => {
  const told = (document: object) => ({ fetch: async () => new Response(JSON.stringify(document)) });
  const issuer = "https://issuer.example/tenant";
  const jwks = "https://keys.example/jwks";

  it("is looked for below the issuer's path, and leads to the keys", async () => {
    const asked: unknown[] = [];
    const fetch = async (url: unknown) => {
      asked.push(url);
      return new Response(JSON.stringify({ issuer, jwks_uri: jwks }));
    };
    expect(await discoverJwksUrl(issuer, { fetch })).toBe(jwks);
    expect(asked).toStrictEqual([`${issuer}/.well-known/openid-configuration`]);
  });

  it("puts nothing on a terminal but a URL", async () => {
    const found = await discoverJwksUrl(issuer, told({ issuer, jwks_uri: "https://keys.example/\u001b[2Jjwks" }));
    expect(found).toBe("https://keys.example/%1B[2Jjwks");
  });

  it.each([
    [{ issuer: "https://other.example", jwks_uri: jwks }, "another issuer"],
    [{ issuer: `${issuer}/`, jwks_uri: jwks }, "another issuer"],
    [{ issuer }, "no jwks_uri"],
    [{ issuer, jwks_uri: "\u001b[2J" }, "no jwks_uri"],
    [{ issuer, jwks_uri: "http://127.0.0.1:8080/jwks" }, "on this machine"],
  ])("leads nowhere where it is %j", async (document, words) => {
    const failure = discoverJwksUrl(issuer, told(document));
    await expect(failure).rejects.toMatchObject({ code: "jwks_misconfigured", message: expect.stringContaining(words) });
  });
});
