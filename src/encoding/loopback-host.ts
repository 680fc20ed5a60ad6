const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]", "::1"]);

/** Tells whether a name is one of this machine's own, that no name server has a say in. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}
