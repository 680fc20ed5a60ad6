import { urlOf } from "../encoding/url-of.js";

/**
 * Who can reach an address, from the most to the least: everybody, a private network, this machine; `none` is for addresses that keys
 * are never fetched from, because what answers there (the credentials of a machine in a cloud) trusts every client.
 */
export type Reach = "public" | "private" | "machine" | "none";

/** Tells whether an address may be connected to where an issuer of this reach leads: it must be no more private than the issuer. */
export function isWithin(reach: Reach, issuers: Reach): boolean {
  return reach !== "none" && REACHES.indexOf(reach) >= REACHES.indexOf(issuers);
}

/**
 * What an address begins with, in hexadecimal: `4` and 8 digits, or `6` and 32. The first rule that fits decides. They are IANA's
 * registries of special-purpose addresses (RFC 6890), and the metadata services of clouds that lie elsewhere; `test/verify/reach.test.ts`
 * holds them against the networks as they are usually written. What no rule knows is unassigned.
 */
const RULES: Readonly<Record<Reach, readonly [rule: RegExp, words: string]>> = {
  // 169.254.0.0/16, 224.0.0.0/3, 168.63.129.16, 100.100.100.200, 192.0.0.192; fd00:ec2::254, fd20:ce::254.
  none: [
    /^(4(a9fe|[ef]|a83f8110|646464c8|c00000c0)|6fd(000ec2|2000ce)0{21}254)/,
    "link-local, a cloud's metadata service or unassigned",
  ],
  // 0.0.0.0/8, 127.0.0.0/8; ::/127.
  machine: [/^(4(00|7f)|60{31}[01])/, "on this machine"],
  // 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.0.0.0/24, 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15,
  // 198.51.100.0/24, 203.0.113.0/24; fc00::/7, fec0::/10, 64:ff9b:1::/48, 2001::/23, 2001:db8::/32, 3fff::/20.
  private: [
    /^(4(0a|64[4-7]|ac1|c0000[02]|c05863|c0a8|c61[23]|c63364|cb0071)|6(f[cd]|fe[c-f]|0064ff9b0001|20010(db8|[01])|3fff0))/,
    "in a private network",
  ],
  // All the rest of IPv4; 2000::/3.
  public: [/^(4|6[23])/, "public"],
};

/** What an address is called where it is refused. */
export function reachInWords(reach: Reach): string {
  return RULES[reach][1];
}

/** From the least to the most. */
const REACHES = Object.keys(RULES) as Reach[];

/** Addresses that stand for one of IPv4: ::ffff:0:0/96, 64:ff9b::/96, 2002::/16. */
const EMBEDDED = /^6(0{20}ffff|0064ff9b0{16}|2002)(.{8}).*/;

/** Who can reach an address in text form, without brackets; `undefined` for what is no address. */
export function reachOfAddress(address: string): Reach | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    return address.split(".").some((byte) => Number(byte) > 255) ? undefined : reachOfHost(address);
  }
  // A zone (fe80::1%eth0) belongs to link-local addresses alone.
  if (address.includes("%")) return "none";
  const url = `http://[${address}]`;
  const host = /^[\da-f:.]+$/i.test(address) && urlOf(url)?.hostname;
  return host ? reachOfHost(host) : undefined;
}

/**
 * Who can reach a host of a URL, as far as its text tells; `undefined` where only a resolver knows.
 *
 * @param hostname as URLs have it: it writes each address in one way
 */
export function reachOfHost(hostname: string): Reach | undefined {
  // RFC 6761 section 6.3.
  if (/(^|\.)localhost\.?$/.test(hostname)) return "machine";
  const digits = hostname.startsWith("[") ? digitsOf6(hostname.slice(1, -1)) : /^[\d.]+$/.test(hostname) && digitsOf4(hostname);
  return digits ? (REACHES.find((reach) => RULES[reach][0].test(digits)) ?? "none") : undefined;
}

function digitsOf4(address: string): string {
  return `4${address.replace(/\d+\.?/g, (byte) => Number.parseInt(byte, 10).toString(16).padStart(2, "0"))}`;
}

function digitsOf6(address: string): string {
  const [head = "", tail = ""] = address
    .split("::")
    .map((part) => part.replace(/\w+:?/g, (group) => group.replace(":", "").padStart(4, "0")));
  return `6${head}${tail.padStart(32 - head.length, "0")}`.replace(EMBEDDED, "4$2");
}
