const LOOPBACK = ["localhost", "127.0.0.1", "[::1]", "::1"];

/** Tells whether a name is one of this machine's own, that no name server has a say in. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host);
}

/** A URL's host as resolvers and sockets take it: an IPv6 address without its brackets. */
export function addressIn(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}
