import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { SignetError } from "../errors.js";
import { problemResponse } from "../http/problem.js";
import type { Handler, RequestContext } from "../http/request-context.js";

/** A request that was answered. */
export interface Answered {
  readonly context: RequestContext;
  readonly method: string;
  readonly status: number;
  /** From its last byte to its answer. */
  readonly milliseconds: number;
  /** The trace that it belongs to (W3C Trace Context), or a number of our own. */
  readonly id: string;
}

/** Bodies up to this size, in bytes, are read before their route is asked: most are, and it saves a stream for each. */
const MAX_READ_AHEAD = 64 * 1024;
/** So many bytes of bodies are read before their routes are asked, and so before anybody is known; the others wait for their routes. */
const MAX_HELD = 4 * 1024 * 1024;
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What @hono/node-server takes for a body that was read already. */
interface ReadAhead extends IncomingMessage {
  rawBody?: Buffer;
}

/**
 * Makes Node's listener of a handler. What arrived in one turn of the event loop is answered in one go, and counted in another: code that
 * runs again at once finds itself in the processor's caches, which makes a third more requests a second.
 *
 * @param self how the command is called here, for hints in answers
 */
export function createListener(handle: Handler, onAnswered: (answered: Answered) => void, self?: string): RequestListener {
  const report = gathered(onAnswered);
  const listen = getRequestListener((request, { incoming, outgoing }) => {
    const { rawBody } = incoming as ReadAhead;
    const context: RequestContext = {
      address: incoming.socket.remoteAddress ?? "unix",
      self,
      target: incoming.url,
      body: rawBody,
      whenSent: (then, withinMs) => whenSent(outgoing as ServerResponse, then, withinMs),
      log: {},
    };
    const began = performance.now();
    const done = (answer: Response): Response => {
      const { method, headers } = request;
      const milliseconds = performance.now() - began;
      report({ context, method, status: answer.status, milliseconds, id: idOf(headers.get("traceparent")) });
      return answer;
    };
    const fault = framingFault(incoming as IncomingMessage);
    const answer = fault === undefined ? handle(request, context) : problemResponse(fault, context, { connection: "close" });
    return answer instanceof Promise ? answer.then(done) : done(answer);
  });
  const answer = gathered<Arrived>(({ incoming, outgoing }) => void listen(incoming, outgoing));
  let held = 0;
  return (incoming: ReadAhead, outgoing) => {
    const length = Number(incoming.headers["content-length"]);
    if (!(length > 0 && length <= MAX_READ_AHEAD && held + length <= MAX_HELD)) return void listen(incoming, outgoing);
    held += length;
    incoming.once("close", () => {
      held -= length;
    });
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    // A client that hangs up in the middle gets no answer; the error is not ours.
    incoming.on("error", () => undefined);
    incoming.on("end", () => {
      incoming.rawBody = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      answer({ incoming, outgoing });
    });
  };
}

/**
 * What Node lets pass though two readers could take it for two requests: RFC 9112 wants 400 for a second Host (section 3.2) and for a
 * transfer coding that does not end in `chunked` (6.3), and 501 for one that is not understood (6.1), such as the `gzip` of `gzip, chunked`.
 */
function framingFault({ headers, rawHeaders }: IncomingMessage): SignetError | undefined {
  const coding = headers["transfer-encoding"]?.toLowerCase();
  if (coding !== undefined && coding !== "chunked") {
    const words = "a body may come in chunks, and in no other transfer coding";
    return new SignetError(/[, \t]chunked$/.test(coding) ? "coding_not_supported" : "invalid_request", words);
  }
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  return hosts > 1 ? new SignetError("invalid_request", "the request names its host more than once") : undefined;
}

// An answer that the client does not read holds what it was made of: then the connection is cut.
function whenSent(outgoing: ServerResponse, then: () => void, withinMs: number): void {
  if (outgoing.closed) {
    then();
    return;
  }
  const cut = setTimeout(() => outgoing.destroy(), withinMs);
  outgoing.once("close", () => {
    clearTimeout(cut);
    then();
  });
}

interface Arrived {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Lets things wait until the turn of the event loop is over, and takes them one after the other then. */
function gathered<T>(take: (each: T) => void): (each: T) => void {
  let waiting: T[] = [];
  const takeAll = (): void => {
    const now = waiting;
    waiting = [];
    for (const each of now) take(each);
  };
  return (each) => {
    if (waiting.push(each) === 1) setImmediate(takeAll);
  };
}

let lastNumber = 0;

function idOf(traceParent: string | null): string {
  return (traceParent !== null && TRACE_PARENT.exec(traceParent)?.[1]) || `${process.pid}-${++lastNumber}`;
}
