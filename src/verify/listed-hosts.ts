import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { addressIn, isLoopback } from "../encoding/loopback-host.js";
import { urlOf } from "../encoding/url-of.js";
import { SignetError } from "../errors.js";
import { requestOnce } from "./judged-fetch.js";
import { isPublicAddress } from "./public-addresses.js";

/** So long an answer is waited for where the caller has not said how long. */
const MAX_WAIT_MS = 30_000;

/** From where something may be fetched for a caller who names the URL. */
export interface ListedHostsOptions {
  /** `idp.example.com`, or with another port than https has, `idp.example.com:8443`. */
  readonly hosts: readonly string[];
  /** Lets listed names of this machine (`localhost`, 127.0.0.1, ::1) be fetched from, over http too: for development. */
  readonly allowLoopback?: boolean | undefined;
  /** Default: this machine's resolver. */
  readonly resolve?: Resolve | undefined;
}

/** All addresses of a name, as `dns.lookup` answers them. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Fetches from listed hosts alone. */
export interface ListedHosts {
  /**
   * Checks a URL before anything is fetched.
   *
   * @returns the URL as it is written
   * @throws SignetError `jwks_url_refused`, which says why
   */
  checked(url: string): string;
  /**
   * `fetch` for checked URLs: it asks for a name's addresses, refuses the name if one of them is not public, and connects to an
   * address that it has just checked. It follows no redirect.
   *
   * @throws SignetError `jwks_url_refused`
   */
  readonly fetch: typeof globalThis.fetch;
}

/** Makes a `fetch` that cannot be sent to a place that is not listed, nor into a private network (server-side request forgery). */
export function listedHosts({ hosts, allowLoopback = false, resolve = lookup }: ListedHostsOptions): ListedHosts {
  // As a URL has it: in small letters, and without the port that goes without saying.
  const listed = new Set(hosts.map((host) => host.toLowerCase().replace(/:443$/, "")));

  function checked(text: string): string {
    const url = urlOf(text);
    if (url === undefined) throw refused("it is no URL");
    const isLocal = allowLoopback && isLoopback(url.hostname);
    if (url.protocol !== "https:" && !(isLocal && url.protocol === "http:")) throw refused("it must begin with https://");
    if (url.username !== "" || url.password !== "") throw refused("a URL with a password is not fetched");
    if (!listed.has(url.host)) throw refused("its host is not on the list of those that keys are fetched from");
    const name = addressIn(url.hostname);
    // An address is never looked up, so it is checked here.
    if (isIP(name) !== 0 && !isLocal && !isPublicAddress(name)) throw refused("its address is not a public one");
    return url.href;
  }

  const checkedLookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const isLocal = allowLoopback && isLoopback(hostname);
      const [first] = addresses;
      const areRight = addresses.every(({ address }) => (isLocal ? isLoopback(address) : isPublicAddress(address)));
      if (first === undefined || !areRight) return callback(refused("its host has an address that is not a public one"), []);
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };

  return Object.freeze({
    checked,
    fetch: (input: string | URL | Request, init?: RequestInit) => fetchOnce(checked(String(input)), init ?? {}, checkedLookup),
  });
}

async function fetchOnce(url: string, { headers, signal }: RequestInit, lookup: LookupFunction): Promise<Response> {
  const init = { headers: Object.fromEntries(new Headers(headers)), signal: signal ?? AbortSignal.timeout(MAX_WAIT_MS) };
  return (await requestOnce(url, init, { lookup })).answer;
}

function refused(why: string): SignetError {
  return new SignetError("jwks_url_refused", `no keys are fetched from this URL: ${why}`, { field: "jwksUri" });
}
