import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDecoder } from "../../src/verify/decoder.js";
import { listedHosts, type Resolve } from "../../src/verify/listed-hosts.js";
import { isPublicAddress } from "../../src/verify/public-addresses.js";

const TOKEN = "e30.e30.c2ln";

/** A resolver that answers one list after the other, and the last one from then on. */
function resolver(...answers: readonly string[][]) {
  let asked = 0;
  const resolve: Resolve = (_, options, callback) => {
    expect(options.all).toBe(true);
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  return Object.assign(resolve, { asked: () => asked });
}

describe("an address", () => {
  it.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.9.9.9",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.170",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "",
    "localhost",
    "2130706433",
    "0x7f000001",
    "127.1",
    "8.8.8.8 ",
    "8.8.8.8.",
  ])("is not for everybody: %s", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    "8.8.8.8",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
  ])("is for everybody: %s", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe("a URL that a caller names", () => {
  const hosts = [
    "idp.example",
    "idp.example:8443",
    "auth.example:443",
    "127.0.0.1",
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "localhost",
  ];
  const { checked } = listedHosts({ hosts });

  it.each([
    "https://other.example/jwks.json",
    "https://idp.example.evil.example/",
    "https://evil.example/idp.example",
    "https://evil.example#idp.example",
    "https://idp.example@evil.example/",
    "https://idp.example:444/",
    "https://idp.example./",
    "https://sub.idp.example/",
    "http://idp.example/jwks.json",
    "https://alice:secret@idp.example/",
    "file:///etc/passwd",
    "ftp://idp.example/",
    "data:application/json,{}",
    "blob:https://idp.example/1",
    "gopher://idp.example/",
    "//idp.example/jwks.json",
    "idp.example",
    "",
    // Listed, and still not for everybody.
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:169.254.169.254]/",
  ])("is refused: %s", (url) => {
    expect(() => checked(url)).toThrowError(expect.objectContaining({ code: "jwks_url_refused", field: "jwksUri" }));
  });

  it.each([
    ["https://IDP.example/jwks.json", "https://idp.example/jwks.json"],
    ["https://idp.example:443/a?p=b", "https://idp.example/a?p=b"],
    ["https://idp.example:8443/", "https://idp.example:8443/"],
    ["https://auth.example/", "https://auth.example/"],
  ])("is fetched: %s", (url, written) => {
    expect(checked(url)).toBe(written);
  });
});

describe("a name", () => {
  const url = "https://idp.example/jwks.json";
  const fetchBy = (resolve: Resolve) => listedHosts({ hosts: ["idp.example", "localhost"], resolve }).fetch(url);

  it.each([[["127.0.0.1"]], [["8.8.8.8", "10.0.0.1"]], [["2606:4700:4700::1111", "::ffff:169.254.169.254"]], [[]]])(
    "that has the addresses %j is refused before anything is sent",
    async (addresses) => {
      await expect(fetchBy(resolver(addresses))).rejects.toMatchObject({ code: "jwks_url_refused" });
    },
  );

  it("of this machine is refused where that was not allowed", async () => {
    const { fetch } = listedHosts({ hosts: ["localhost:1"], resolve: resolver(["127.0.0.1"]) });
    await expect(fetch("https://localhost:1/")).rejects.toMatchObject({ code: "jwks_url_refused" });
  });
});

describe("a listed server", () => {
  let server: Server;
  let base: string;
  const seen: string[] = [];

  beforeAll(async () => {
    server = createServer((incoming, outgoing) => {
      seen.push(`${incoming.url} ${incoming.headers["accept-encoding"]}`);
      if (incoming.url === "/redirect") return outgoing.writeHead(302, { location: "/good" }).end();
      if (incoming.url === "/missing") return outgoing.writeHead(404).end("x".repeat(1_000_000));
      if (incoming.url === "/drip") {
        return void outgoing.write(" ");
      }
      if (incoming.url === "/switch")
        return outgoing.socket?.end("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
      if (incoming.url === "/huge") return outgoing.end("x".repeat(200_000));
      if (incoming.url === "/cut") {
        outgoing.writeHead(200, { "content-length": "100" });
        return void outgoing.write("{", () => outgoing.destroy());
      }
      return outgoing.writeHead(200, { etag: '"1"' }).end('{"keys":[]}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  const decoder = (more = {}) =>
    createDecoder({ issuer: "http://localhost:1", hosts: [new URL(base).host], clock: () => 0, ...more });

  it.each([
    ["/redirect", "a redirect is not followed", "jwks_misconfigured"],
    ["/missing", "answers 404", "jwks_misconfigured"],
    ["/huge", "larger than", "jwks_misconfigured"],
    ["/cut", "cannot be reached", "jwks_unavailable"],
    ["/switch", "cannot be reached", "jwks_unavailable"],
    ["/good", "cannot be used", "jwks_misconfigured"],
  ])("that answers %s gives no keys, and it says why", async (path, why, code) => {
    await expect(decoder()(`${base}${path}`, TOKEN)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(why),
    });
    expect(seen.at(-1)).toBe(`${path} identity`);
  });

  it("that never comes to an end is left in time", async () => {
    const { fetch } = listedHosts({ hosts: [new URL(base).host], allowLoopback: true });
    const time = new AbortController();
    const answer = await fetch(`${base}/drip`, { signal: time.signal });
    const text = answer.text();
    time.abort();
    await expect(text).rejects.toThrow();
  });

  it("is connected to at the address that was checked: each connection looks it up once, and refuses it where it has changed", async () => {
    const resolve = resolver(["127.0.0.1"], ["169.254.169.254"]);
    const decode = decoder({ resolve });
    const before = seen.length;
    await expect(decode(`${base}/good`, TOKEN)).rejects.toMatchObject({ code: "jwks_misconfigured" });
    expect([resolve.asked(), seen.length - before]).toStrictEqual([1, 1]);
    await expect(decode(`${base}/good?again`, TOKEN)).rejects.toMatchObject({ code: "jwks_url_refused" });
    expect([resolve.asked(), seen.length - before]).toStrictEqual([2, 1]);
  });

  it("is asked for no more than 32 places a minute", async () => {
    let now = 0;
    const decode = decoder({ elapsed: () => now });
    const ask = (place: number) => decode(`${base}/good?${place}`, TOKEN).catch(({ code }: { code: string }) => code);
    const before = seen.length;
    const codes = new Set<unknown>();
    for (let place = 0; place < 40; place++) codes.add(await ask(place));
    expect([...codes]).toStrictEqual(["jwks_misconfigured", "rate_exceeded"]);
    expect(seen.length - before).toBe(32);
    now = 61;
    expect(await ask(40)).toBe("jwks_misconfigured");
  });

  it("is asked for one caller whatever another one has asked for", async () => {
    const decode = decoder({ elapsed: () => 0 });
    const ask = (caller: string, place: string) =>
      decode(`${base}/good?${place}`, TOKEN, caller).catch(({ code }: { code: string }) => code);
    for (const greedy of ["a", "b", "c"]) {
      for (let place = 0; place < 40; place++) await ask(greedy, `${greedy}${place}`);
      expect(await ask(greedy, "one-more")).toBe("rate_exceeded");
    }
    expect(await ask("modest", "1")).toBe("jwks_misconfigured");
    // What it had fetched stays, although the others have more than there is room for.
    const before = seen.length;
    for (let place = 0; place < 32; place++) await ask("d", `d${place}`);
    expect(seen.length - before).toBe(32);
    await ask("modest", "1");
    expect(seen.length - before).toBe(32);
  });
});
