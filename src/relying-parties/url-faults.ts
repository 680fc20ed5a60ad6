import { isLoopback } from "../encoding/loopback-host.js";
import { ruleValue } from "./notation.js";
import type { UrlWay } from "./relying-party.js";

/** Where an issuer's keys are, and from where they can be reached. */
export interface KeyPlace {
  /** The issuer's URL, or that of its JWKS: what is asked. */
  readonly url: string;
  /** Whether everybody can reach it. */
  readonly isPublic: boolean;
  /** Whether the price of an issuer of http was accepted. */
  readonly allowsInsecure: boolean;
}

/** Why a party does not ask a URL for keys. */
export function urlFaults(way: UrlWay, { url, isPublic, allowsInsecure }: KeyPlace): readonly string[] {
  const { protocol, hostname, port } = new URL(url);
  const [scheme, longest] = [ruleValue(way.scheme), ruleValue(way.longestUrl)];
  const isFar = ruleValue(way.reach) === "Internet";
  const isHttps = scheme === "https" || (scheme === "http-if-allowed" && !allowsInsecure);
  return [
    isFar && isLoopback(hostname) && "the issuer is on this machine",
    isFar && !isLoopback(hostname) && !isPublic && "the issuer has an address that the Internet does not reach",
    isHttps && !(isFar && isLoopback(hostname)) && protocol !== "https:" && "it asks over https alone",
    ruleValue(way.port) === "refused" && port !== "" && "it takes no URL with a port",
    typeof longest === "number" && url.length > longest && `it takes URLs up to ${longest} characters`,
  ].filter((each) => each !== false);
}
