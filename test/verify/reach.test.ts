import type { LookupAddress } from "node:dns";
import { BlockList } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { visit } from "../../src/doctor/visit.js";
import { discoverJwks, discoverJwksUrl, fetchJwks } from "../../src/verify/fetch-jwks.js";
import { followKeys } from "../../src/verify/followed-keys.js";
import { fetchJudged, judgedLookup } from "../../src/verify/judged-fetch.js";
import { judgedFetch as webFetch } from "../../src/verify/judged-fetch-web.js";
import { isPublicAddress } from "../../src/verify/public-addresses.js";
import { isWithin, type Reach, reachOfAddress, reachOfHost } from "../../src/verify/reach.js";
import { testServers } from "./serving.js";

const serving = testServers();
const init = () => ({ headers: {}, signal: new AbortController().signal });
const resolving =
  (...addresses: string[]) =>
  (_: string, __: object, callback: (error: null, found: LookupAddress[]) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

const ADDRESSES: Readonly<Record<Reach, readonly string[]>> = {
  public: [
    "8.8.8.8",
    "1.1.1.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
    "172.32.0.1",
    "100.128.0.1",
  ],
  private: [
    ...["10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "198.18.0.1", "192.0.2.1"],
    ...["fd12:3456::1", "fec0::1", "::ffff:10.0.0.5", "64:ff9b::a00:5", "2002:a00:5::1", "2001:db8::1"],
  ],
  machine: [
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.255",
    "0.0.0.0",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:0.0.0.0",
  ],
  none: [
    ...["169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"],
    ...["fd00:ec2::254", "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255", "ff02::1", "100::1", "::1:0:1"],
  ],
};
const ALL = Object.entries(ADDRESSES).flatMap(([reach, all]) => all.map((address) => [address, reach as Reach] as const));

/** The first that holds an address says what it is. */
const NETWORKS: readonly (readonly [Reach, readonly string[]])[] = [
  ["none", ["169.254.0.0/16", "224.0.0.0/3", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32"]],
  ["none", ["fd00:ec2::254/128", "fd20:ce::254/128"]],
  ["machine", ["0.0.0.0/8", "127.0.0.0/8", "::/127"]],
  ["private", ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"]],
  ["private", ["192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"]],
  ["private", ["fc00::/7", "fec0::/10", "64:ff9b:1::/48", "2001::/23", "2001:db8::/32", "3fff::/20"]],
  ["public", ["0.0.0.0/0", "2000::/3"]],
];

function isIn(address: string, network: string): boolean {
  const [prefix = "", bits] = network.split("/");
  const list = new BlockList();
  list.addSubnet(prefix, Number(bits), prefix.includes(":") ? "ipv6" : "ipv4");
  return prefix.includes(":") === address.includes(":") && list.check(address, address.includes(":") ? "ipv6" : "ipv4");
}

/** The first and the last address of a network, and those before and after it. */
function edgesOf(network: string): string[] {
  const [prefix = "", bits] = network.split("/");
  const isSix = prefix.includes(":");
  const [size, width, groupBits] = isSix ? [128, 8, 16] : [32, 4, 8];
  const [head = "", tail = ""] = prefix.split("::");
  const groups = (text: string) =>
    text === "" ? [] : text.split(isSix ? ":" : ".").map((group) => Number.parseInt(group, isSix ? 16 : 10));
  const all = [...groups(head), ...Array(width - groups(head).length - groups(tail).length).fill(0), ...groups(tail)];
  const first = all.reduce((sum: bigint, group: number) => (sum << BigInt(groupBits)) + BigInt(group), 0n);
  const last = first + (1n << BigInt(size - Number(bits))) - 1n;
  return [first - 1n, first, last, last + 1n]
    .filter((value) => value >= 0n && value < 1n << BigInt(size))
    .map((value) =>
      Array.from({ length: width }, (_, at) => (value >> BigInt((width - 1 - at) * groupBits)) & ((1n << BigInt(groupBits)) - 1n))
        .map((group) => group.toString(isSix ? 16 : 10))
        .join(isSix ? ":" : "."),
    );
}

describe("an address", () => {
  it.each(ALL)("%s is %s", (address, reach) => {
    expect(reachOfAddress(address)).toBe(reach);
    // What /decode takes for public is public here as well; it is the stricter of the two.
    if (isPublicAddress(address)) expect(reach).toBe("public");
  });

  it("is what the networks say, as registries write them, at both ends of each and beside it", () => {
    const edges = NETWORKS.flatMap(([, networks]) => networks.flatMap(edgesOf));
    expect(edges.length).toBeGreaterThan(100);
    for (const address of edges) {
      const reach = NETWORKS.find(([, networks]) => networks.some((network) => isIn(address, network)))?.[0] ?? "none";
      expect([address, reachOfAddress(address)]).toStrictEqual([address, reach]);
      if (address.includes(":")) continue;
      const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
      const six = `2002:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::1`;
      for (const embedded of [`::ffff:${address}`, `64:ff9b::${address}`, six]) expect(reachOfAddress(embedded)).toBe(reach);
    }
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "localhost",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "::1.2.3",
    "g::",
  ])("is not %j", (text) => {
    expect(reachOfAddress(text)).toBeUndefined();
  });

  it.each([
    ["http://localhost", "machine"],
    ["http://localhost.", "machine"],
    ["https://a.b.localhost./x", "machine"],
    ["http://127.1", "machine"],
    ["http://0x7f.1", "machine"],
    ["http://2130706433", "machine"],
    ["https://[::ffff:127.0.0.1]", "machine"],
    ["https://0", "machine"],
    ["https://10.0.0.5.", "private"],
    ["https://issuer.example", undefined],
  ])("is judged however a URL writes it: %s", (url, reach) => {
    expect(reachOfHost(new URL(url).hostname)).toBe(reach);
  });

  it("may be connected to where it is no more private than the issuer", () => {
    const reaches: Reach[] = ["public", "private", "machine"];
    const allowed = reaches.flatMap((issuer) =>
      [...reaches, "none" as const].filter((reach) => isWithin(reach, issuer)).map((reach) => `${issuer} > ${reach}`),
    );
    expect(allowed).toStrictEqual([
      "public > public",
      "private > public",
      "private > private",
      "machine > public",
      "machine > private",
      "machine > machine",
    ]);
  });
});

describe("the discovery document of a public issuer", () => {
  const issuer = "https://issuer.example";
  const told = (jwks_uri: string) => async () => new Response(JSON.stringify({ issuer, jwks_uri }));

  it.each([
    ["https://10.0.0.5/jwks", "in a private network"],
    ["https://localhost./jwks", "on this machine"],
    ["https://127.0.0.2/jwks", "on this machine"],
    ["https://[::ffff:127.0.0.1]/jwks", "on this machine"],
    ["https://0.0.0.0/jwks", "on this machine"],
    ["https://169.254.169.254/latest", "metadata"],
    ["https://[fd00:ec2::254]/latest", "metadata"],
  ])("leads not to %s", async (url, words) => {
    const refusal = { code: "jwks_misconfigured", message: expect.stringContaining(words) };
    await expect(discoverJwksUrl(issuer, { fetch: told(url) })).rejects.toMatchObject(refusal);
    // By the address that was connected to, whatever the name says.
    const judged = async () => ({ answer: await told(url)(), reach: "public" as const });
    await expect(discoverJwksUrl(issuer, { judged })).rejects.toMatchObject(refusal);
  });

  it("leads to no name whose address is more private, as it is when the keys are fetched", async () => {
    const jwks = "https://keys.example/jwks";
    for (const addresses of [["10.0.0.5"], ["127.0.0.1"], ["169.254.169.254"], ["::ffff:10.0.0.5", "fe80::1"]]) {
      const asked: string[] = [];
      const keys = followKeys(
        issuer,
        {
          judged: async (url, given, issuers) => {
            asked.push(url);
            if (url !== jwks) return { answer: await told(jwks)(), reach: "public" };
            return fetchJudged(url, given, issuers, resolving(...addresses));
          },
        },
        (found) => found,
      );
      await expect(keys.ready()).rejects.toMatchObject({
        code: "jwks_misconfigured",
        message: expect.stringMatching(/^https:\/\/keys\.example\/jwks: its address is (in a|on this|link)/),
      });
      expect(asked).toStrictEqual([`${issuer}/.well-known/openid-configuration`, jwks]);
    }
  });
});

describe("the look-up of a connection", () => {
  const found = (url: string, issuers: Reach, ...addresses: string[]) =>
    new Promise<unknown>((resolve) => {
      const look = judgedLookup(url, (reach) => isWithin(reach, issuers), resolving(...addresses));
      look("keys.example", { all: true }, (error, all) =>
        resolve(error ?? (all as LookupAddress[]).map(({ address }) => address)),
      );
    });

  it("hands out the addresses that may be connected to, and no other", async () => {
    expect(await found("https://keys.example", "public", "10.0.0.5", "8.8.8.8", "::1", "2606:4700::1111")).toStrictEqual([
      "8.8.8.8",
      "2606:4700::1111",
    ]);
    expect(await found("https://keys.example", "private", "10.0.0.5", "127.0.0.1")).toStrictEqual(["10.0.0.5"]);
    expect(await found("https://keys.example", "machine", "169.254.169.254")).toMatchObject({ code: "jwks_misconfigured" });
    expect(await found("https://keys.example", "machine")).toMatchObject({ code: "jwks_misconfigured" });
  });
});

describe("an issuer on this machine", () => {
  it("goes on working: its keys are found, and may be anywhere but at a metadata service", async () => {
    const url = await serving(({ url: path = "" }, answer) => {
      const base = `http://${"127.0.0.1"}:${(answer.socket as { localPort?: number }).localPort}`;
      answer.end(JSON.stringify(path.includes("openid") ? { issuer: base, jwks_uri: `${base}/keys` } : { keys: [] }));
    });
    const found = await discoverJwks(url);
    expect(found).toStrictEqual({ url: `${url}/keys`, issuersReach: "machine", allowInsecureIssuer: false });
    expect(await fetchJwks(found.url, found)).toStrictEqual({ keys: [] });
    // Elsewhere the same place is refused.
    await expect(fetchJwks(found.url, { issuersReach: "private" })).rejects.toMatchObject({ code: "jwks_misconfigured" });
    const answered = () => new Response(JSON.stringify({ issuer: url, jwks_uri: "https://169.254.169.254/keys" }));
    await expect(discoverJwks(url, { judged: async () => ({ answer: answered(), reach: "machine" }) })).rejects.toMatchObject({
      message: expect.stringContaining("metadata"),
    });
  });

  it("is asked over http by no name that leads elsewhere", async () => {
    await expect(fetchJudged("http://localname.example/", init(), undefined, resolving("10.0.0.5"))).rejects.toMatchObject({
      code: "jwks_misconfigured",
    });
  });

  it("is asked over http wherever its name leads, where that was allowed", async () => {
    const stop = new AbortController();
    const resolve: Parameters<typeof fetchJudged>[3] = (_name, _options, callback) => {
      callback(null, [{ address: "10.0.0.5", family: 4 }]);
      // Whatever becomes of the connection, it was begun.
      setImmediate(() => stop.abort(new Error("it was let through")));
    };
    const asked = { headers: {}, signal: stop.signal, allowInsecureIssuer: true };
    await expect(fetchJudged("http://signet.internal/", asked, undefined, resolve)).rejects.not.toMatchObject({
      code: "jwks_unavailable",
    });
    await expect(fetchJudged("http://signet.internal/", asked, "public", resolving("10.0.0.5"))).rejects.toThrow();
  });

  it("may answer packed, whatever it was asked for", async () => {
    const url = await serving((_, answer) => answer.setHeader("content-encoding", "gzip").end(gzipSync('{"keys":[]}')));
    expect(await fetchJwks(url)).toStrictEqual({ keys: [] });
    const bomb = await serving((_, answer) => answer.setHeader("content-encoding", "gzip").end(gzipSync(" ".repeat(1_000_000))));
    await expect(fetchJwks(bomb)).rejects.toMatchObject({ message: expect.stringContaining("larger than 153600 bytes") });
  });
});

describe("where there is no Node", () => {
  it("the URL's text is judged", async () => {
    const url = await serving((_, answer) => answer.end("{}"));
    expect((await webFetch(url, init(), undefined)).reach).toBe("machine");
    await expect(webFetch(url, init(), "public")).rejects.toMatchObject({ code: "jwks_misconfigured" });
  });
});

describe("doctor", () => {
  it("visits no address that is more private than the issuer's", async () => {
    const url = await serving((_, answer) => answer.end("{}"));
    expect(await visit(url)).toMatchObject({ status: 200, reach: "machine" });
    expect(await visit(url, {}, "public")).toMatchObject({ failure: "ADDRESS_REFUSED" });
    expect(await visit(url.replace("127.0.0.1", "localhost"), {}, "private")).toMatchObject({ failure: "ADDRESS_REFUSED" });
    expect(await visit("http://169.254.169.254/latest")).toMatchObject({ failure: "ADDRESS_REFUSED" });
  });
});
