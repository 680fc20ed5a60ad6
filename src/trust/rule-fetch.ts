import * as http from "node:http";
import * as https from "node:https";
import { isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { addressIn } from "../encoding/loopback-host.js";
import {
  assertWithin,
  type FetchInit,
  type JudgedAnswer,
  type JudgedFetch,
  judgedByText,
  misconfigured,
} from "../verify/judged-by-text.js";
import { fetchJudged, type RequestOptions, requestOnce } from "../verify/judged-fetch.js";
import type { Resolve } from "../verify/listed-hosts.js";
import { isWithin, type Reach, reachOfHost } from "../verify/reach.js";

/** How the keys of a rule are reached. */
export interface Reaching {
  /** Addresses that are not public are taken as well: a private network's, this machine's; never a cloud's metadata. */
  readonly privateNetwork?: boolean | undefined;
  /** Certificates (PEM) that the server's is checked with, instead of the system's: a file's path. */
  readonly caFile?: string | undefined;
  /** The HTTP proxy that connects to it. */
  readonly proxy?: string | undefined;
}

/** What stands around fetching. */
export interface FetchSurroundings {
  /** Reads certificates. Absent where there are no files. */
  readonly readCa?: ((path: string) => Promise<string | undefined>) | undefined;
  /** Default: this machine's resolver. */
  readonly resolve?: Resolve | undefined;
}

/**
 * Makes what fetches the keys of a rule. Unless the rule says `privateNetwork`, it connects to public addresses alone, wherever the URL comes from:
 * discovery, a name server, the rule itself. The address is judged in the look-up that the connection makes. A proxy finds the address by
 * itself, so there the URL's text is judged.
 */
export function ruleFetch({ privateNetwork = false, caFile, proxy }: Reaching, around: FetchSurroundings = {}): JudgedFetch {
  const allowed: Reach = privateNetwork ? "machine" : "public";
  // The certificates are read for each fetch: they are renewed in their place, as a cluster does it.
  const isPlain = caFile === undefined && proxy === undefined && !privateNetwork;
  return async (url, init, issuers) => {
    const reach = narrower(issuers, allowed);
    // The environment's proxy is for what is outside; Node's fetch knows how it is reached.
    if (isPlain && process.env.NODE_USE_ENV_PROXY === "1") return judgedByText(globalThis.fetch)(url, init, reach);
    const ca = caFile === undefined ? undefined : await certificates(url, caFile, around);
    if (proxy === undefined) return fetchJudged(url, init, reach, around.resolve, ca === undefined ? {} : { ca });
    return fetchThrough(proxy, url, init, reach, ca);
  };
}

async function certificates(url: string, path: string, { readCa }: FetchSurroundings): Promise<string> {
  try {
    const found = await readCa?.(path);
    if (found !== undefined) return found;
  } catch (cause) {
    throw misconfigured(url, "the certificates of caFile cannot be read", { cause });
  }
  throw misconfigured(url, "the file of caFile is not there");
}

function narrower(issuers: Reach | undefined, allowed: Reach): Reach {
  return issuers !== undefined && isWithin(issuers, allowed) ? issuers : allowed;
}

async function fetchThrough(
  proxy: string,
  url: string,
  init: FetchInit,
  reach: Reach,
  ca: string | undefined,
): Promise<JudgedAnswer> {
  const { protocol, hostname, port } = new URL(url);
  const found = reachOfHost(hostname) ?? "public";
  assertWithin(url, found, reach);
  const isSecure = protocol === "https:";
  const socket = await tunnel(proxy, `${hostname}:${port || (isSecure ? 443 : 80)}`, init.signal);
  const host = addressIn(hostname);
  const servername = isIP(host) === 0 ? host : "";
  const options: RequestOptions = {
    // Beside an agent Node passes over createConnection.
    agent: undefined,
    createConnection: () => (isSecure ? connectTls({ socket, servername, host, ca, ALPNProtocols: ["http/1.1"] }) : socket),
  };
  try {
    const { answer } = await requestOnce(url, init, options);
    return { answer, reach: found };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** A connection to a host that a proxy has made (RFC 9110 section 9.3.6). */
function tunnel(proxy: string, target: string, signal: AbortSignal): Promise<Socket> {
  const { request } = /^https:/i.test(proxy) ? https : http;
  return new Promise((resolve, reject) => {
    const asked = request(proxy, { method: "CONNECT", path: target, headers: { host: target }, agent: false, signal });
    asked
      .on("connect", ({ statusCode = 0 }, socket: Socket, head) => {
        if (statusCode >= 200 && statusCode < 300 && head.length === 0) return resolve(socket);
        socket.destroy();
        reject(new Error(`the proxy answers ${statusCode}`));
      })
      .on("response", ({ statusCode }) => {
        asked.destroy();
        reject(new Error(`the proxy answers ${statusCode}`));
      })
      .on("error", (error) => reject(signal.aborted ? signal.reason : error))
      .on("close", () => reject(new Error("the proxy closed the connection without an answer")))
      .end();
  });
}
