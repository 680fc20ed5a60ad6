import { type LookupAddress, lookup } from "node:dns";
import * as http from "node:http";
import * as https from "node:https";
import type { LookupFunction } from "node:net";
import { pipeline, Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { ownMember } from "../encoding/own-member.js";
import { assertWithin, type FetchInit, type JudgedAnswer, type JudgedFetch, judgedByText, tooPrivate } from "./judged-by-text.js";
import type { Resolve } from "./listed-hosts.js";
import { isWithin, type Reach, reachOfAddress, reachOfHost } from "./reach.js";

/**
 * Node's way to the address that is connected to: it is judged in the look-up that the connection itself makes, so that a name server
 * cannot answer otherwise in between. Behind a proxy, which finds the address, the URL's text is judged.
 */
export const judgedFetch: JudgedFetch = (url, init, issuers) =>
  process.env.NODE_USE_ENV_PROXY === "1" ? judgedByText(globalThis.fetch)(url, init, issuers) : fetchJudged(url, init, issuers);

/** The look-up of a connection: of a name's addresses it answers those that may be connected to. */
export function judgedLookup(url: string, isRight: (reach: Reach) => boolean, resolve: Resolve = lookup): LookupFunction {
  const mayConnect = ({ address }: LookupAddress): boolean => isRight(reachOfAddress(address) ?? "none");
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const right = addresses.filter(mayConnect);
      const [first] = right;
      if (first === undefined) return callback(tooPrivate(url, reachOfAddress(addresses[0]?.address ?? "") ?? "none"), []);
      return options.all === true ? callback(null, right) : callback(null, first.address, first.family);
    });
  };
}

/** Fetches with a look-up that judges. An address in the URL is never looked up, so it is judged here. */
export async function fetchJudged(
  url: string,
  init: FetchInit,
  issuers: Reach | undefined,
  resolve?: Resolve,
  more?: RequestOptions,
): Promise<JudgedAnswer> {
  const { allowInsecureIssuer = false } = init;
  // http is for this machine alone, whatever a name server says of its names, unless its price was accepted.
  const isRight = (reach: Reach) =>
    isWithin(reach, issuers ?? "machine") && (reach === "machine" || allowInsecureIssuer || /^https:/i.test(url));
  const literal = reachOfHost(new URL(url).hostname);
  if (literal !== undefined) assertWithin(url, literal, issuers);
  return requestOnce(url, init, { lookup: judgedLookup(url, isRight, resolve), ...more });
}

/** What a request is made with. */
export type RequestOptions = Pick<https.RequestOptions, "agent" | "lookup" | "ca" | "createConnection">;

/** Asks once, over a connection of its own. Node's own agent would hand out one that other code has opened, to an address that was not judged. */
export function requestOnce(url: string, { headers, signal }: FetchInit, more: RequestOptions): Promise<JudgedAnswer> {
  const { request } = /^https:/i.test(url) ? https : http;
  const options = { agent: false, headers: { ...headers, "accept-encoding": "identity" }, signal, ...more };
  return new Promise((resolve, reject) => {
    request(url, options, (incoming) => {
      const reach = reachOfAddress(incoming.socket.remoteAddress ?? "") ?? "none";
      resolve({ answer: responseOf(incoming), reach });
    })
      .on("error", (error) => reject(signal.aborted ? signal.reason : error))
      // An answer 101 is neither an answer nor an error to node:http: it closes the connection, and says nothing more.
      .on("close", () => reject(new Error("the connection was closed without an answer")))
      .end();
  });
}

function responseOf(incoming: http.IncomingMessage): Response {
  const { statusCode = 500, headers } = incoming;
  const init = { status: statusCode, headers: { ...(headers.etag && { etag: headers.etag }) } };
  if (statusCode === 200) return new Response(Readable.toWeb(unpacked(incoming)) as ReadableStream, init);
  // The rest is not read, so how it ends does not matter.
  incoming.on("error", () => undefined).destroy();
  // Response knows no other status without a body.
  return new Response(null, { ...init, status: statusCode >= 200 && statusCode <= 599 ? statusCode : 500 });
}

const UNPACKERS: Readonly<Record<string, () => Transform>> = Object.freeze({
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
});

/** The body of an answer: a file that was stored packed is answered so, whatever was asked for. */
export function unpacked(incoming: http.IncomingMessage): Readable {
  const encoding = incoming.headers["content-encoding"] ?? "";
  const unpack = ownMember(UNPACKERS, encoding);
  if (unpack === undefined) return incoming;
  // How it ends is told by the stream that is read.
  return pipeline(incoming, unpack(), () => undefined);
}
