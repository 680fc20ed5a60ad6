import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import { failuresIn } from "../issue/batch-failures.js";
import type { KnownCaller } from "../issue/callers.js";
import { encodeRequest } from "../issue/encode.js";
import { type BatchResult, type ImmediateIssuer, type IssuedToken, publicResult } from "../issue/issuer.js";
import { checkBatch, type IssueRequest, isBatch } from "../issue/request.js";
import { privateJson } from "./answers.js";
import type { Authenticator } from "./authenticate.js";
import { beginsAsBatch, splitBatch } from "./batch-body.js";
import { assertMediaType, declaredLength, MAX_SMALL_BODY, parseJsonBody, tooLarge, withBody } from "./body.js";
import { createLargeBodies, type Slot } from "./large-bodies.js";
import type { Use } from "./prove-caller.js";
import type { Handler, RequestContext, RequestLog } from "./request-context.js";

/** The largest body of a batch, in bytes. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** The largest body of `/encode`: whatever is larger does not fit a token. */
const MAX_ENCODE_BYTES = MAX_SMALL_BODY;
/** So many requests of a large batch are worked on at a time, */
const MAX_AT_ONCE = 32;
/** and so many bytes of them: what lives longer than one turn of V8's young generation stays until it collects the old one. */
const MAX_BYTES_AT_ONCE = MAX_SMALL_BODY;

/** What the routes that issue are made of. */
export interface IssueRouteOptions {
  readonly authenticate: Authenticator;
  readonly clock: () => number;
}

/** `POST /issue`: one token, or a batch of them. */
export function issueRoute({ authenticate, clock }: IssueRouteOptions): Handler {
  const large = createLargeBodies();
  return (request, context) =>
    // Nothing is read from a client that is no caller.
    authenticate.byHeaderToIssue(request, context, (caller, use) =>
      countingRefusals(caller, clock, context, () => {
        if (context.body === undefined && mayBeLarge(request)) {
          assertBatchMayCome(request, caller, clock);
          return large.within(caller.name, context, (slot) => largeBatch(request, context, caller.issuer, slot, use));
        }
        return withBody(request, context, MAX_SMALL_BODY, (body) =>
          answerOf(caller.issuer, parseJsonBody(request, body), context.log, use),
        );
      }),
    );
}

// The stream of a body that is looked at fills itself: with what waits for its turn, that is most of a server's memory.
function mayBeLarge(request: Request): boolean {
  const length = declaredLength(request);
  if (length !== undefined) return length > MAX_SMALL_BODY;
  return request.headers.has("transfer-encoding") || request.body !== null;
}

// What can be refused by its header is not read.
function assertBatchMayCome(request: Request, { rate }: KnownCaller, clock: () => number): void {
  assertMediaType(request, "application/json");
  if ((declaredLength(request) ?? 0) > MAX_BATCH_BYTES) throw tooLarge(MAX_BATCH_BYTES);
  rate?.(clock(), true);
}

async function largeBatch(
  request: Request,
  context: RequestContext,
  issuer: ImmediateIssuer,
  slot: Slot,
  use: Use | undefined,
): Promise<Response> {
  const body = await slot.read(request.body as ReadableStream<Uint8Array>, MAX_BATCH_BYTES, beginsAsBatch);
  if (body.byteLength <= MAX_SMALL_BODY) return answerOf(issuer, parseJsonBody(request, body), context.log, use);
  const requests = splitBatch(body);
  await use?.();
  // A batch that is not all JSON is none: then what was issued before that shows is thrown away.
  const noted: RequestLog = { tokens: 0 };
  let begin = '{"results":[';
  for (const some of portions(requests)) {
    const results = await issuer.issueMany(some.map(parseRequest));
    note(results, noted);
    for (const result of results) {
      slot.write(`${begin}${JSON.stringify(publicResult(result))}`);
      begin = ",";
    }
  }
  slot.write(requests.length === 0 ? `${begin}]}` : "]}");
  Object.assign(context.log, noted);
  const answer = slot.written();
  return privateJson(context.whenSent === undefined ? Uint8Array.from(answer) : answer);
}

function* portions(requests: readonly Uint8Array[]): Iterable<readonly Uint8Array[]> {
  let bytes = 0;
  let from = 0;
  for (const [at, { byteLength }] of requests.entries()) {
    bytes += byteLength;
    if (at === from || (bytes <= MAX_BYTES_AT_ONCE && at - from < MAX_AT_ONCE)) continue;
    yield requests.slice(from, at);
    from = at;
    bytes = byteLength;
  }
  if (from < requests.length) yield requests.slice(from);
}

function parseRequest(bytes: Uint8Array): IssueRequest {
  if (bytes.byteLength <= MAX_SMALL_BODY) return parseStrictJson(bytes, "a request of the batch") as IssueRequest;
  throw new SignetError("request_too_large", "a request of the batch takes more than 64 KB", { field: "requests" });
}

/**
 * Counts what a caller asked for in vain towards its rate: a refusal costs work as well. A batch without one token counts once.
 *
 * @throws SignetError `rate_exceeded` instead of the refusal, where it is one too many
 */
export function countingRefusals(
  { rate }: KnownCaller,
  clock: () => number,
  context: RequestContext,
  work: () => Response | Promise<Response>,
): Response | Promise<Response> {
  const refuse = (error: unknown): never => {
    if (isSignetError(error) && error.status < 500 && error.status !== 429) rate?.(clock());
    throw error;
  };
  const done = (answer: Response): Response => {
    if (context.log.tokens === 0) rate?.(clock());
    return answer;
  };
  try {
    const answer = work();
    return answer instanceof Promise ? answer.then(done, refuse) : done(answer);
  } catch (error) {
    return refuse(error);
  }
}

/**
 * Issues what a request asks for, one token or a batch.
 *
 * @returns the answer's text
 */
export function issueText(issuer: ImmediateIssuer, value: unknown, log: RequestLog): string | Promise<string> {
  if (isBatch(value)) return batchText(issuer, value, log);
  const issued = issuer.issue(value as IssueRequest);
  return issued instanceof Promise ? issued.then((token) => tokenText(token, log)) : tokenText(issued, log);
}

function answerOf(issuer: ImmediateIssuer, value: unknown, log: RequestLog, use?: Use): Response | Promise<Response> {
  if (use !== undefined) return answerOnce(issuer, value, log, use);
  const text = issueText(issuer, value, log);
  return typeof text === "string" ? privateJson(text) : text.then((late) => privateJson(late));
}

// What would be refused anyway does not use a proof up. Of a batch each request is answered by itself: its shape has to be right.
async function answerOnce(issuer: ImmediateIssuer, value: unknown, log: RequestLog, use: Use): Promise<Response> {
  if (isBatch(value)) checkBatch(value);
  else await issuer.check(value as IssueRequest);
  await use();
  return answerOf(issuer, value, log);
}

// A token has only characters that JSON leaves as they are.
function tokenText({ token }: IssuedToken, log: RequestLog): string {
  log.tokens = 1;
  return `{"token":"${token}"}`;
}

async function batchText(issuer: ImmediateIssuer, value: Record<string, unknown>, log: RequestLog): Promise<string> {
  const results = await issuer.issueMany(checkBatch(value));
  note(results, log);
  return JSON.stringify({ results: results.map(publicResult) });
}

function note(results: readonly BatchResult[], log: RequestLog): void {
  log.tokens = (log.tokens ?? 0) + results.filter((result) => "token" in result).length;
  const failures = failuresIn(results);
  if (failures === undefined) return;
  const { first, count } = log.failures ?? { ...failures, count: 0 };
  log.failures = { first, count: count + failures.count };
}

/** `POST /encode`: claims as they are, for a day, with `iat`, and `sub` from `userId`. */
export function encodeRoute({ authenticate, clock }: IssueRouteOptions): Handler {
  return (request, context) =>
    authenticate.byHeaderToIssue(request, context, (caller, use) =>
      countingRefusals(caller, clock, context, () =>
        withBody(request, context, MAX_ENCODE_BYTES, (body) => {
          const asked = encodeRequest(parseJsonBody(request, body), caller.limits);
          return answerOf(caller.issuer, asked, context.log, use);
        }),
      ),
    );
}
