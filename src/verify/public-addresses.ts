import { BlockList, isIP } from "node:net";

// IANA's registries of special-purpose addresses (RFC 6890): whatever is not for everybody. 169.254.169.254, where clouds keep the
// credentials of a machine, is in one of them.
const SPECIAL_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  // Azure's, for its own machines; no registry has it.
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];

// Of IPv6 only global unicast (2000::/3) is for everybody, without what stands for an IPv4 address (6to4, Teredo) or for examples.
// What lies outside, IPv4-mapped addresses and NAT64 among it, is refused as a whole.
const GLOBAL_IPV6 = "2000::/3";
const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];

const special = listOf(SPECIAL_IPV4, "ipv4");
const global6 = listOf([GLOBAL_IPV6], "ipv6");
const special6 = listOf(SPECIAL_IPV6, "ipv6");

/**
 * Tells whether an address is one that everybody on the Internet can reach: not this machine's, not a private network's, not
 * link-local, not one that only stands for another address.
 *
 * @param address in text form, without brackets; anything else is no public address
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, "ipv4");
  // A zone (fe80::1%eth0) belongs to link-local addresses alone.
  if (family === 6) return !address.includes("%") && global6.check(address, "ipv6") && !special6.check(address, "ipv6");
  return false;
}

function listOf(subnets: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = "", bits] = subnet.split("/");
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}
