import { isLoopback } from "./loopback-host.js";
import { urlOf } from "./url-of.js";

/** What an issuer's URL of http costs, in words behind the name of the issuer. */
export const PRICE_OF_HTTP =
  "goes over http: an attacker between it and a verifier can give other keys, and sign what the verifier then takes for this issuer's tokens";

/** Tells whether a text is a URL from which what is fetched goes over http, from beyond this machine. */
export function isInsecureUrl(text: string): boolean {
  const url = urlOf(text);
  return url?.protocol === "http:" && !isLoopback(url.hostname);
}
