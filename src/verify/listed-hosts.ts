import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import * as http from "node:http";
import * as https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { Readable } from "node:stream";
import { addressIn, isLoopback } from "../encoding/loopback-host.js";
import { urlOf } from "../encoding/url-of.js";
import { SignetError } from "../errors.js";
import { isPublicAddress } from "./public-addresses.js";

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

function fetchOnce(url: string, { headers, signal }: RequestInit, checkedLookup: LookupFunction): Promise<Response> {
  const { request } = /^https:/i.test(url) ? https : http;
  const options: https.RequestOptions = {
    // Node's own agent would hand out a connection that other code has opened, to an address that was not checked.
    agent: false,
    lookup: checkedLookup,
    headers: { ...Object.fromEntries(new Headers(headers)), "accept-encoding": "identity" },
    ...(signal && { signal }),
  };
  return new Promise((resolve, reject) => {
    request(url, options, (incoming) => {
      const { statusCode = 500, headers: answered } = incoming;
      const init = { status: statusCode, headers: { ...(answered.etag && { etag: answered.etag }) } };
      if (statusCode === 200) return resolve(new Response(Readable.toWeb(incoming) as ReadableStream, init));
      // The rest is not read, so how it ends does not matter.
      incoming.on("error", () => undefined).destroy();
      // Response knows no other status without a body.
      resolve(new Response(null, { ...init, status: statusCode >= 200 && statusCode <= 599 ? statusCode : 500 }));
    })
      .on("error", (error) => reject(signal?.aborted === true ? signal.reason : error))
      // An answer 101 is neither an answer nor an error to node:http: it closes the connection, and says nothing more.
      .on("close", () => reject(new Error("the connection was closed without an answer")))
      .end();
  });
}

function refused(why: string): SignetError {
  return new SignetError("jwks_url_refused", `no keys are fetched from this URL: ${why}`, { field: "jwksUri" });
}
