import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { isObject } from "../encoding/object-schema.js";
import { readBounded } from "../encoding/read-bounded.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError } from "../errors.js";
import { assertWithin } from "../verify/judged-by-text.js";
import { judgedLookup, unpacked } from "../verify/judged-fetch.js";
import { isWithin, type Reach, reachOfAddress, reachOfHost } from "../verify/reach.js";

/** What one GET of a public document showed. */
export interface Visit {
  readonly url: string;
  /** Why there was no answer: a word of Node's such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. */
  readonly failure?: string;
  readonly status?: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  /** Until the last byte. */
  readonly milliseconds: number;
  /** Who can reach the address that it came from. */
  readonly reach?: Reach;
  /** When the certificate ends, in milliseconds since 1970; absent over http. */
  readonly certificateEnds?: number;
  /** The body, where it is a JSON object. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Why it is none. */
  readonly jsonFault?: string;
}

/** Asks for a document as a verifier does. It follows no redirect. */
export type Visitor = (url: string, headers?: Readonly<Record<string, string>>, issuersReach?: Reach) => Promise<Visit>;

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 5 * 1_024 * 1_024;

/** Visits a URL. It never throws: what went wrong is what a doctor wants to know. */
export const visit: Visitor = (url, headers = {}, issuersReach = undefined) => {
  const began = performance.now();
  const nothing = { url, headers: {}, bytes: 0 };
  const since = (): number => Math.round(performance.now() - began);
  return new Promise((resolve) => {
    const failed = (error: unknown): void => resolve({ ...nothing, failure: wordOf(error), milliseconds: since() });
    let asked: ClientRequest;
    try {
      const reach = reachOfHost(new URL(url).hostname);
      if (reach !== undefined) assertWithin(url, reach, issuersReach);
      const send = url.startsWith("https:") ? requestHttps : requestHttp;
      asked = send(url, {
        agent: false,
        lookup: judgedLookup(url, (reach) => isWithin(reach, issuersReach ?? "machine")),
        headers: { accept: "application/json", "accept-encoding": "identity", ...headers },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      return failed(error);
    }
    asked.on("error", failed);
    // An answer 101 is neither an answer nor an error to node:http: it closes the connection, and says nothing more.
    let isAnswered = false;
    asked.on("close", () => isAnswered || failed(Object.assign(new Error("no answer"), { code: "NO_ANSWER" })));
    asked.on("response", (incoming) => {
      isAnswered = true;
      const certificateEnds = endOf(incoming.socket as TLSSocket);
      const reach = reachOfAddress(incoming.socket.remoteAddress ?? "");
      read(incoming).then(
        (body) =>
          resolve({
            url,
            status: incoming.statusCode ?? 0,
            headers: flat(incoming),
            bytes: body.length,
            milliseconds: since(),
            ...(reach !== undefined && { reach }),
            ...(certificateEnds !== undefined && { certificateEnds }),
            ...parsed(body),
          }),
        failed,
      );
    });
    asked.end();
  });
};

async function read(incoming: IncomingMessage): Promise<Uint8Array> {
  const body = await readBounded(Readable.toWeb(unpacked(incoming)) as ReadableStream<Uint8Array>, MAX_BYTES);
  if (body === undefined) throw Object.assign(new Error("too large"), { code: "ANSWER_TOO_LARGE" });
  return body;
}

function parsed(body: Uint8Array): Pick<Visit, "json" | "jsonFault"> {
  if (body.length === 0) return { jsonFault: "it is empty" };
  try {
    const value = parseStrictJson(body, "it");
    return isObject(value) ? { json: value } : { jsonFault: "it is no JSON object" };
  } catch (error) {
    return { jsonFault: isSignetError(error, "invalid_json") ? "it is no valid JSON" : "it names a member twice" };
  }
}

function flat({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function endOf(socket: TLSSocket): number | undefined {
  const end = typeof socket.getPeerCertificate === "function" ? Date.parse(socket.getPeerCertificate().valid_to) : Number.NaN;
  return Number.isNaN(end) ? undefined : end;
}

function wordOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "TIMEOUT";
  if (isSignetError(error)) return "ADDRESS_REFUSED";
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name ?? "UNKNOWN";
}
