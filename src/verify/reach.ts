/**
 * Who can reach an address, from the most to the least: everybody, a private network, this machine; `none` is for addresses that keys
 * are never fetched from, because what answers there (the credentials of a machine in a cloud) trusts every client.
 */
export type Reach = "public" | "private" | "machine" | "none";

const ORDER: readonly Reach[] = ["public", "private", "machine"];

/** Tells whether an address may be connected to where an issuer of this reach leads: it must be no more private than the issuer. */
export function isWithin(reach: Reach, issuers: Reach): boolean {
  return reach !== "none" && ORDER.indexOf(reach) <= ORDER.indexOf(issuers);
}

/** What each kind of address is called where it is refused. */
export const REACH_WORDS: Readonly<Record<Reach, string>> = {
  public: "public",
  private: "in a private network",
  machine: "on this machine",
  none: "link-local, a cloud's metadata service or unassigned",
};

type Subnet = readonly [prefix: bigint, bits: number];

// IANA's registries of special-purpose addresses (RFC 6890), and the metadata services of clouds that lie elsewhere.
const NONE_4 = subnets("169.254.0.0/16", "224.0.0.0/3", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32");
const MACHINE_4 = subnets("0.0.0.0/8", "127.0.0.0/8");
const PRIVATE_4 = subnets(
  ...["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"],
  ...["198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
);
const MACHINE_6 = subnets("::/127");
const NONE_6 = subnets("fd00:ec2::254/128", "fd20:ce::254/128");
const PRIVATE_6 = subnets("fc00::/7", "fec0::/10", "64:ff9b:1::/48", "2001::/23", "2001:db8::/32", "3fff::/20");
/** Addresses that stand for one of IPv4: after how many bits it begins. */
const EMBEDDED_6: readonly (readonly [Subnet, number])[] = [
  [subnet("::ffff:0:0/96"), 96],
  [subnet("64:ff9b::/96"), 96],
  [subnet("2002::/16"), 16],
];
const GLOBAL_6 = subnets("2000::/3");

/** Who can reach an address in text form, without brackets; `undefined` for what is no address. */
export function reachOfAddress(address: string): Reach | undefined {
  const four = ipv4(address);
  if (four !== undefined) return reachOf4(four);
  // A zone (fe80::1%eth0) belongs to link-local addresses alone.
  if (address.includes("%")) return "none";
  const six = ipv6(address);
  return six === undefined ? undefined : reachOf6(six);
}

/** Who can reach a host of a URL, as far as its text tells; `undefined` where only a resolver knows. */
export function reachOfHost(hostname: string): Reach | undefined {
  const name = hostname.replace(/\.$/, "");
  // RFC 6761 section 6.3.
  if (name === "localhost" || name.endsWith(".localhost")) return "machine";
  return reachOfAddress(name.startsWith("[") ? name.slice(1, -1) : name);
}

function reachOf4(value: bigint): Reach {
  if (isIn(value, NONE_4, 32)) return "none";
  if (isIn(value, MACHINE_4, 32)) return "machine";
  return isIn(value, PRIVATE_4, 32) ? "private" : "public";
}

function reachOf6(value: bigint): Reach {
  const embedded = EMBEDDED_6.find(([each]) => isIn(value, [each], 128));
  if (embedded !== undefined) return reachOf4((value >> BigInt(96 - embedded[1])) & 0xffff_ffffn);
  if (isIn(value, MACHINE_6, 128)) return "machine";
  if (isIn(value, NONE_6, 128)) return "none";
  if (isIn(value, PRIVATE_6, 128)) return "private";
  return isIn(value, GLOBAL_6, 128) ? "public" : "none";
}

function isIn(value: bigint, nets: readonly Subnet[], size: number): boolean {
  return nets.some(([prefix, bits]) => (value ^ prefix) >> BigInt(size - bits) === 0n);
}

function subnets(...texts: readonly string[]): readonly Subnet[] {
  return texts.map(subnet);
}

function subnet(text: string): Subnet {
  const [network = "", bits] = text.split("/");
  return [ipv4(network) ?? ipv6(network) ?? 0n, Number(bits)];
}

function ipv4(text: string): bigint | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.some((byte) => byte > 255) ? undefined : bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

// RFC 4291 section 2.2, its three forms.
function ipv6(text: string): bigint | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const four = dotted === null ? undefined : ipv4(dotted[2] as string);
  if (dotted !== null && four === undefined) return undefined;
  const plain = four === undefined ? text : `${dotted?.[1]}${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}`;
  const [head = "", tail, ...more] = plain.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const first = groups(head);
  const last = groups(tail ?? "");
  const missing = 8 - first.length - last.length;
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  const all = [...first, ...Array.from({ length: missing }, () => "0"), ...last];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}
