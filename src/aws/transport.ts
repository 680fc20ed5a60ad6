import { setTimeout as wait } from "node:timers/promises";
import { parseJson } from "../encoding/json-names.js";
import { isObject } from "../encoding/object-schema.js";
import { type Environment, endpointOf, type Service } from "./endpoint.js";
import { type Again, type CalledAction, crowdedOut, kindOf, refusal, unavailable, untrusted } from "./failure.js";
import type { AwsAnswer } from "./http-answer.js";
import { type Credentials, canonicalQuery, signedHeaders } from "./sigv4.js";
import { createTurns } from "./turns.js";
import { createWires, type Endpoint, NoAnswer, partsOf, send, type Wires } from "./wire.js";

/** What calls go out with. */
export interface TransportOptions {
  readonly region: string;
  /** Asked before each try; the provider caches them while they are good. */
  readonly credentials: () => Credentials | Promise<Credentials>;
  /** Where endpoints may be configured. Default `process.env`. */
  readonly env?: Environment | undefined;
  /** How long a call may take with all its tries, in milliseconds. Default 10,000. */
  readonly deadlineMs?: number | undefined;
  /** How long one try may wait for its connection, and then for its answer, in milliseconds. Default 3,000. */
  readonly attemptMs?: number | undefined;
  /** Until when the answers of calls are waited for, in milliseconds since 1970; asked anew for each call. Default: always. */
  readonly endsBy?: (() => number) | undefined;
  /** Of calls that pay, or do, anew each time: what may have been carried out is not sent again, and no connection is used that may be dead. */
  readonly isOnce?: boolean | undefined;
  /** Told of each call that is made once more. */
  readonly onRetry?: ((action: string) => void) | undefined;
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

/** Carries calls to AWS and brings answers back. */
export interface Transport {
  readonly region: string;
  /** @throws AwsFailure that says what to do */
  call(request: AwsRequest): Promise<AwsAnswer>;
  /** Opens a connection that the next call to a service takes; where it cannot be opened, that call tries by itself. */
  connect(service: Service): Promise<void>;
  /** Closes the connections that stand open. */
  close(): void;
}

/** OpenSSL's and Node's codes for a certificate that is not believed: no further try will change it. */
const UNTRUSTED = /CERT|UNABLE_TO_VERIFY|ERR_TLS/;
const NEVER = Number.POSITIVE_INFINITY;
const NO_TIME: Again = { waitMs: NEVER, awsCode: "", cause: new Error("no time was left") };
const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 5_000;
/** A connection that was idle for longer may be dead, as after a freeze: Node's own servers close theirs after five seconds. */
const MAX_IDLE_MS = 4_000;
/**
 * So many calls to KMS are under way at once in a process, over all transports: a connection takes a descriptor, a handshake and the memory
 * for both, and KMS's quota is the account's. 32 bring about its default of 1,000 signatures a second.
 */
const MAX_KMS_CALLS = 32;
const kmsTurns = /* @__PURE__ */ createTurns(MAX_KMS_CALLS);

/** Makes a transport. Connections stay open between calls. */
export function createTransport(options: TransportOptions): Transport {
  const { region, deadlineMs = 10_000, now = Date.now } = options;
  const wires = createWires();
  const attempt = attempts(options, wires, now);
  // How far the service's clock is ahead of this machine's, once it has refused a signature for it.
  let [aheadMs, isClosed] = [0, false];

  /** @returns the answer, or what to do about it: how long to wait before the next try */
  async function tried(request: AwsRequest, tries: number, leftMs: number): Promise<AwsAnswer | Again> {
    let answer: AwsAnswer;
    try {
      answer = await attempt(request, { tries, leftMs, aheadMs });
    } catch (error) {
      assertNoAnswer(error, { ...request, region });
      wires.closeIdle();
      return { waitMs: waitMsWithout(error, tries, options), awsCode: "", cause: error };
    }
    if (answer.status < 300 || request.accepts?.includes(answer.status)) return answer;
    const { awsCode, message } = failureIn(answer);
    const kind = kindOf(answer.status, awsCode, message);
    if (kind === "skew" && tries < 2) {
      aheadMs = Date.parse(answer.headers.date ?? "") - now() || 0;
      return { waitMs: 0, awsCode };
    }
    if (kind === "refused" || kind === "skew") throw refusal({ ...request, region }, awsCode, message, answer.status);
    return { waitMs: waitMsAfter(answer, kind === "throttled", tries, options), status: answer.status, awsCode };
  }

  // A turn is one try's: the wait before the next one keeps no other call from its own. A signature that comes too late would be paid for.
  async function triedInTurn(request: AwsRequest, tries: number, endsAt: number): Promise<AwsAnswer | Again> {
    if (request.service !== "kms") return tried(request, tries, endsAt - now());
    const turn = kmsTurns.take();
    try {
      if (turn !== undefined) await turn;
      const leftMs = isClosed ? 0 : endsAt - now();
      if (leftMs <= 0 && turn !== undefined) throw crowdedOut({ ...request, region }, MAX_KMS_CALLS);
      return leftMs > 0 ? await tried(request, tries, leftMs) : NO_TIME;
    } finally {
      kmsTurns.give();
    }
  }

  return Object.freeze({
    region,
    async call(request: AwsRequest) {
      const endsAt = Math.min(now() + deadlineMs, options.endsBy?.() ?? Number.POSITIVE_INFINITY);
      for (let tries = 0, telling: Again | undefined; ; tries++) {
        const outcome = await triedInTurn(request, tries, endsAt);
        if (!("waitMs" in outcome)) return outcome;
        // The last try may be cut short by the deadline: what was answered before it says more.
        if (telling === undefined || outcome.status) telling = outcome;
        if (isClosed || now() + outcome.waitMs >= endsAt) throw unavailable({ ...request, region }, telling);
        options.onRetry?.(request.action);
        if (outcome.waitMs > 0) await wait(outcome.waitMs);
      }
    },
    connect: (service: Service) => wires.connect(partsOf(endpointOf(service, region, options.env ?? process.env))),
    close() {
      isClosed = true;
      wires.close();
    },
  });
}

/** When a try is made: after how many others, how long before the end, and how far the service's clock is ahead. */
interface Moment {
  readonly tries: number;
  readonly leftMs: number;
  readonly aheadMs: number;
}

type Attempt = (request: AwsRequest, moment: Moment) => Promise<AwsAnswer>;

/** Signs and sends. @throws NoAnswer */
function attempts(options: TransportOptions, wires: Wires, now: () => number): Attempt {
  const { region, isOnce, env = process.env, attemptMs = 3_000 } = options;
  const endpoints = new Map<Service, Endpoint>();
  let usedAt = isOnce ? now() : 0;
  return async (request, { tries, leftMs, aheadMs }) => {
    const { service, method, query, headers = {}, body = "" } = request;
    const endpoint = endpoints.get(service) ?? partsOf(endpointOf(service, region, env));
    endpoints.set(service, endpoint);
    const path = endpoint.base + request.path;
    const unsigned = { method, host: endpoint.host, path, query, headers, body };
    const signed = signedHeaders(unsigned, await options.credentials(), { service, region, time: now() + aheadMs });
    const search = canonicalQuery(query);
    if (isOnce && now() - usedAt > MAX_IDLE_MS) wires.closeIdle();
    const answer = await send(
      await wires.to(endpoint),
      { method, path: search === "" ? path : `${path}?${search}`, headers: signed, body },
      { attemptMs, leftMs, isFirst: tries === 0 && !isOnce },
    );
    if (isOnce) usedAt = now();
    return answer;
  };
}

/** Asserts that a try has ended without an answer where the next one may get one. */
function assertNoAnswer(error: unknown, called: CalledAction): asserts error is NoAnswer {
  if (!(error instanceof NoAnswer)) throw error;
  const { code = "" } = error.cause as { readonly code?: string };
  if (UNTRUSTED.test(code)) throw untrusted(called, code);
}

// "Full jitter": everything between nothing and the exponential bound, so that a thousand callers do not come back together.
function backoff(tries: number, random = Math.random): number {
  return 1 + random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** tries);
}

function waitMsWithout({ wasOpen, wasSent }: NoAnswer, tries: number, { isOnce, random }: TransportOptions): number {
  if (isOnce && wasSent) return NEVER;
  return wasOpen && tries === 0 ? 0 : backoff(tries, random);
}

function waitMsAfter({ headers }: AwsAnswer, isThrottled: boolean, tries: number, { isOnce, random }: TransportOptions): number {
  if (!isThrottled) return isOnce ? NEVER : backoff(tries, random);
  const leastMs = Number(headers["x-amz-retry-after"]) || Number(headers["retry-after"]) * 1_000 || 0;
  return Math.max(leastMs, backoff(tries + 1, random));
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
