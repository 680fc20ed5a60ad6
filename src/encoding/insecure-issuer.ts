import { isLoopback } from "./loopback-host.js";

/** What an issuer's URL of http costs, in words behind the name of the issuer. */
export const PRICE_OF_HTTP =
  "goes over http: an attacker between it and a verifier can give other keys, and sign what the verifier then takes for this issuer's tokens";

/** Tells whether what is fetched from a URL goes over http from beyond this machine. */
export function isInsecureUrl(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !isLoopback(hostname);
}
