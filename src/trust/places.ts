import { addressIn, isLoopback } from "../encoding/loopback-host.js";
import { webUrlOf } from "../encoding/url-of.js";
import { reachInWords, reachOfHost } from "../verify/reach.js";
import { wrongMember } from "./wrong-member.js";

/** As much of a rule as says where its keys are. */
interface Place {
  readonly jwksUrl?: string | undefined;
  readonly jwks?: unknown;
  readonly privateNetwork?: boolean | undefined;
  readonly proxy?: string | undefined;
}

/**
 * Judges from where keys are fetched, as far as texts tell; each connection is judged again.
 *
 * @param where the rule's path, for errors
 * @param own the issuer's own URL
 * @throws SignetError `config_invalid`
 */
export function assertPlace({ jwksUrl, jwks, privateNetwork, proxy }: Place, where: string, own: string | undefined): void {
  if (jwksUrl !== undefined && jwks !== undefined) throw wrongMember(where, "has jwksUrl and jwks; keep one");
  if (proxy !== undefined) assertProxy(proxy, `${where}.proxy`);
  if (jwksUrl === undefined) return;
  assertFetched(jwksUrl, `${where}.jwksUrl`, privateNetwork);
  // Each caller that gets a token from us could show it to us as a proof.
  if (own !== undefined && isBelow(jwksUrl, own)) throw wrongMember(`${where}.jwksUrl`, "leads to this issuer's own keys");
}

/**
 * Judges a URL that something is fetched from.
 *
 * @throws SignetError `config_invalid`
 */
export function assertFetched(text: string, field: string, privateNetwork = false): void {
  const url = webUrlOf(text);
  if (url === undefined) throw wrongMember(field, "is no URL; expected one that begins with https://");
  const { protocol, hostname, username, password } = url;
  if (username !== "" || password !== "") throw wrongMember(field, "has a password; expected a URL without one");
  if (protocol === "http:" && !isLoopback(hostname)) {
    throw wrongMember(
      field,
      "begins with http://, which anybody on the way can answer; expected https:// (http on this machine)",
    );
  }
  const reach = reachOfHost(hostname);
  if (reach === "none") throw wrongMember(field, `is ${reachInWords(reach)}, and nothing is fetched from there`);
  if (reach !== undefined && reach !== "public" && !privateNetwork) {
    throw wrongMember(
      field,
      `is ${reachInWords(reach)} (${addressIn(hostname)}); privateNetwork: true (--private-network) allows that`,
    );
  }
}

function assertProxy(text: string, field: string): void {
  const url = webUrlOf(text);
  const { username = "", password = "", pathname = "", search = "" } = url ?? {};
  if (url !== undefined && username === "" && password === "" && pathname === "/" && search === "") return;
  throw wrongMember(field, "must be the URL of a proxy without user and path, such as http://proxy.example:3128");
}

/** Tells whether a URL is below another one. */
function isBelow(text: string, base: string): boolean {
  const [url, own] = [webUrlOf(text), webUrlOf(base)];
  const below = `${own?.pathname.replace(/\/$/, "")}/.well-known/`;
  return url !== undefined && url.origin === own?.origin && url.pathname.startsWith(below);
}
