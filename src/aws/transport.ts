import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { parseJson } from "../encoding/json-names.js";
import { isObject } from "../encoding/object-schema.js";
import { type Environment, endpointOf, type Service } from "./endpoint.js";
import { type CalledAction, kindOf, refusal, unavailable, untrusted } from "./failure.js";
import { type Credentials, canonicalQuery, signedHeaders } from "./sigv4.js";

/** What calls go out with. */
export interface TransportOptions {
  readonly region: string;
  /** Asked before each try; the provider caches them while they are good. */
  readonly credentials: () => Credentials | Promise<Credentials>;
  /** Where endpoints may be configured. Default `process.env`. */
  readonly env?: Environment | undefined;
  /** How long a call may take with all its tries, in milliseconds. Default 10,000. */
  readonly deadlineMs?: number | undefined;
  /** How long one try may take, in milliseconds. Default 3,000. */
  readonly attemptMs?: number | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Answers a number from 0 up to 1. */
  readonly random?: (() => number) | undefined;
}

/** One call. */
export interface AwsRequest extends Omit<CalledAction, "region"> {
  readonly service: Service;
  readonly method: "GET" | "PUT" | "POST" | "DELETE" | "HEAD";
  /** Percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Statuses above 299 that are answers, not failures. */
  readonly accepts?: readonly number[];
}

/** An answer. */
interface AwsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** Carries calls to AWS and brings answers back. */
export interface Transport {
  readonly region: string;
  /** @throws AwsFailure that says what to do */
  call(request: AwsRequest): Promise<AwsAnswer>;
  /** Closes the connections that stand open. */
  close(): void;
}

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** OpenSSL's and Node's codes for a certificate that is not believed: no further try will change it. */
const UNTRUSTED = /CERT|UNABLE_TO_VERIFY|ERR_TLS/;
const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 5_000;
/** How long a connection that was used before may be silent. It may have died unnoticed, as all do while a function is frozen. */
const SILENT_MS = 1_000;

/** A try that ended without an answer. */
class NoAnswer extends Error {
  constructor(
    readonly wasReused: boolean,
    cause: unknown,
  ) {
    super("no answer", { cause });
  }
}

/** Makes a transport. Connections stay open between calls. */
export function createTransport(options: TransportOptions): Transport {
  const { region, env = process.env, deadlineMs = 10_000, attemptMs = 3_000, now = Date.now, random = Math.random } = options;
  const wires = createWires();
  // How far the service's clock is ahead of this machine's, once it has refused a signature for it.
  let aheadMs = 0;

  async function attempt(request: AwsRequest, tries: number, leftMs: number): Promise<AwsAnswer> {
    const endpoint = endpointOf(request.service, region, env);
    const unsigned = {
      method: request.method,
      host: endpoint.host,
      path: endpoint.pathname.replace(/\/$/, "") + request.path,
      query: request.query,
      headers: request.headers ?? {},
      body: request.body ?? "",
    };
    const scope = { service: request.service, region, time: now() + aheadMs };
    const headers = signedHeaders(unsigned, await options.credentials(), scope);
    const query = canonicalQuery(unsigned.query);
    const path = query === "" ? unsigned.path : `${unsigned.path}?${query}`;
    const patience = patienceAt(tries, Math.max(1, Math.min(attemptMs, leftMs)));
    return send(await wires.to(endpoint), endpoint, { ...unsigned, path, headers }, patience);
  }

  /** @returns the answer, or what to do about it: how long to wait before the next try */
  async function tried(request: AwsRequest, tries: number, leftMs: number): Promise<AwsAnswer | Again> {
    let answer: AwsAnswer;
    try {
      answer = await attempt(request, tries, leftMs);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      assertTrusted(error.cause, { ...request, region });
      wires.closeIdle();
      return { waitMs: error.wasReused && tries === 0 ? 0 : backoff(tries, random), awsCode: "", cause: error.cause };
    }
    if (answer.status < 300 || request.accepts?.includes(answer.status)) return answer;
    const { awsCode, message } = failureIn(answer);
    const kind = kindOf(answer.status, awsCode, message);
    if (kind === "skew" && tries < 2) {
      aheadMs = Date.parse(answer.headers.date ?? "") - now() || 0;
      return { waitMs: 0, awsCode, cause: undefined };
    }
    if (kind === "refused" || kind === "skew") throw refusal({ ...request, region }, awsCode, message, answer.status);
    const least = kind === "throttled" ? retryAfterMs(answer) : 0;
    return { waitMs: Math.max(least, backoff(tries + (kind === "throttled" ? 1 : 0), random)), awsCode, cause: undefined };
  }

  return Object.freeze({
    region,
    async call(request: AwsRequest) {
      const endsAt = now() + deadlineMs;
      for (let tries = 0; ; tries++) {
        const outcome = await tried(request, tries, endsAt - now());
        if (!("waitMs" in outcome)) return outcome;
        if (now() + outcome.waitMs >= endsAt) throw unavailable({ ...request, region }, outcome.awsCode, outcome.cause);
        if (outcome.waitMs > 0) await wait(outcome.waitMs);
      }
    },
    close: () => wires.close(),
  });
}

/** How calls go out by one protocol, over connections that stay open. */
interface Wire {
  readonly agent: HttpAgent;
  readonly request: typeof httpRequest;
}

// TLS is loaded where it is spoken.
function createWires() {
  const wires = new Map<string, Promise<Wire>>();
  const opened: HttpAgent[] = [];

  async function open(protocol: string): Promise<Wire> {
    const { Agent, request } = protocol === "https:" ? await import("node:https") : { Agent: HttpAgent, request: httpRequest };
    const agent = new Agent({ keepAlive: true });
    opened.push(agent);
    return { agent, request };
  }

  return {
    to({ protocol }: URL): Promise<Wire> {
      const wire = wires.get(protocol) ?? open(protocol);
      wires.set(protocol, wire);
      return wire;
    },
    /** Closes what no call uses: after a freeze all of a pool's connections are dead together, and none is tried a second time. */
    closeIdle() {
      for (const agent of opened) {
        for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
      }
    },
    close() {
      for (const agent of opened) agent.destroy();
    },
  };
}

function send({ agent, request }: Wire, endpoint: URL, sent: Sent, { timeoutMs, silentMs }: Patience): Promise<AwsAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = sent;
    const outgoing = request({
      agent,
      host: endpoint.hostname.replace(/^\[|\]$/g, ""),
      port: endpoint.port,
      method,
      path,
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
    });
    const fail = (error: unknown) => reject(new NoAnswer(outgoing.reusedSocket, error));
    const giveUp = () => outgoing.destroy(new Error("timeout"));
    const timers = [setTimeout(giveUp, timeoutMs)];
    outgoing.on("error", fail);
    let isAnswered = false;
    outgoing.on("socket", () => {
      if (!outgoing.reusedSocket) return;
      // One turn more: after a freeze the time is over before what has arrived is looked at.
      timers.push(setTimeout(() => setImmediate(() => isAnswered || giveUp()), silentMs));
    });
    outgoing.on("close", () => {
      for (const timer of timers) clearTimeout(timer);
      // An answer 101 is neither a response nor an error to node:http.
      if (!isAnswered) fail(new Error("the connection was closed without an answer"));
    });
    outgoing.on("response", (incoming) => {
      isAnswered = true;
      collected(incoming).then(resolve, fail);
    });
    outgoing.end(body);
  });
}

function assertTrusted(cause: unknown, called: CalledAction): void {
  const { code = "" } = cause as { readonly code?: string };
  if (UNTRUSTED.test(code)) throw untrusted(called, code);
}

/** How long a try may take, and how long of it a connection that was used before may be silent. */
interface Patience {
  readonly timeoutMs: number;
  readonly silentMs: number;
}

// A service that is slow is given its time at the next try.
function patienceAt(tries: number, timeoutMs: number): Patience {
  return { timeoutMs, silentMs: tries === 0 ? SILENT_MS : timeoutMs };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

interface Again {
  readonly waitMs: number;
  readonly awsCode: string;
  readonly cause: unknown;
}

// "Full jitter": everything between nothing and the exponential bound, so that a thousand callers do not come back together.
function backoff(tries: number, random: () => number): number {
  return 1 + random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** tries);
}

function retryAfterMs({ headers }: AwsAnswer): number {
  return Number(headers["x-amz-retry-after"]) || Number(headers["retry-after"]) * 1_000 || 0;
}

async function collected(incoming: IncomingMessage): Promise<AwsAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  const headers = incoming.headers as AwsAnswer["headers"];
  return { status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString() };
}

// JSON services name a failure in the body or in a header, S3 in XML.
function failureIn({ headers, body, status }: AwsAnswer): { awsCode: string; message: string } {
  let answered: { __type?: unknown; message?: unknown; Message?: unknown } = {};
  try {
    const value: unknown = parseJson(body);
    if (isObject(value)) answered = value;
  } catch {
    answered = { __type: /<Code>([^<]*)/.exec(body)?.[1], message: /<Message>([^<]*)/.exec(body)?.[1] };
  }
  const named = answered.__type ?? headers["x-amzn-errortype"];
  const type = typeof named === "string" ? named : status === 403 ? "AccessDenied" : "";
  const code = type.slice(0, 256).replace(/^.*#/, "").replace(/:.*$/, "");
  // A name of AWS's: whatever else stands there would stand in logs.
  const awsCode = /^[\w.-]{1,64}$/.test(code) ? code : "";
  return { awsCode, message: [answered.message, answered.Message].find((each) => typeof each === "string") ?? "" };
}
