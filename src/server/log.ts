import { isatty } from "node:tty";
import { type Logger, pino } from "pino";
import { parseJson } from "../encoding/json-names.js";
import { isSignetError, loggableWords, shortened, visible } from "../errors.js";
import type { LoggedProof } from "../http/request-context.js";
import type { Answered } from "./listener.js";
import { createLogDestination, type LossListener } from "./log-destination.js";

export type { Logger } from "pino";

/** The log of a server. */
export interface ServerLog {
  readonly log: Logger;
  /** Logs a request. */
  answered(answered: Answered): void;
  /** Tells of lines that could not be written, those of before included: why, and how many. */
  onLost(listener: LossListener): void;
  /** Writes what waits, for so long at the most. */
  end(maxMs: number): Promise<void>;
}

/**
 * The log of a server: JSON, a line each, or words where a terminal shows it.
 *
 * @param fd where it is written
 * @param isShared whether other processes write there too
 * @param isJson whether it is JSON whatever shows it
 */
export function createLog(fd: number, isShared: boolean, isJson = false): ServerLog {
  const isTerminal = !isJson && isatty(fd);
  const destination = createLogDestination(fd, { isShared, isPrompt: isTerminal });
  const stream = isTerminal
    ? { write: (line: string) => destination.write(wordsOf(parseJson(line) as Record<string, unknown>)) }
    : destination;
  const timestamp = presentTime();
  const log = pino({ base: { pid: process.pid }, timestamp, formatters: { level } }, stream);
  destination.onRecovered((lines) => log.warn({ lines }, "lines of this log were lost before this one"));
  const answered = createAnsweredLog(stream.write, timestamp);
  return Object.freeze({ log, answered, onLost: destination.onLost, end: destination.end });
}

// Lines of one millisecond share its text.
function presentTime(): () => string {
  let last = 0;
  let text = "";
  return () => {
    const now = Date.now();
    if (now !== last) {
      last = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
  };
}

/**
 * Logs requests, in lines as pino writes them. What was asked for, and what was answered, stay out of them, and so does a path where no route
 * has it: both may hold what is private. The line is made in one go: member by member, as pino makes it, it takes three times as long.
 *
 * @param timestamp answers the line's member `time`, behind a comma
 */
export function createAnsweredLog(write: (line: string) => void, timestamp = presentTime()): (answered: Answered) => void {
  return ({ context, method, status, milliseconds, id }) => {
    const { route = "(none)", caller, proof, code, failures, failure = failures?.first, tokens } = context.log;
    const isFailed = status >= 500 || failures !== undefined;
    const entry = {
      pid: process.pid,
      id,
      method,
      route,
      status,
      ms: Math.round(milliseconds * 1_000) / 1_000,
      address: context.address,
      caller,
      ...(proof !== undefined && shownProof(proof)),
      code,
      tokens,
      failed: failures?.count,
      ...(failure !== undefined && causeOf(failure)),
      msg: isFailed ? "failed" : "answered",
    };
    write(`{"level":"${isFailed ? "error" : "info"}"${timestamp()},${JSON.stringify(entry).slice(1)}\n`);
  };
}

/** As much of a subject stands in a line: it is what another issuer says. */
const MAX_SUBJECT = 256;

// A subject is visible and cut here alone: metrics have none, since anybody could make many.
function shownProof({ rule, issuer, subject, client }: LoggedProof): object {
  return {
    rule,
    issuer,
    ...(subject !== undefined && { subject: shortened(visible(subject), MAX_SUBJECT) }),
    ...(client !== undefined && { client: shownProof(client) }),
  };
}

/** What may be logged of a failure: the words of our own errors, and of others only their kind and where they arose. */
export function causeOf(failure: unknown): { readonly failure: string; readonly at?: string } {
  if (isSignetError(failure)) {
    const { cause } = failure;
    const words = loggableWords(failure);
    const under = isSignetError(cause)
      ? ` (${causeOf(cause).failure})`
      : cause instanceof Error
        ? ` (${cause.name} ${(cause as NodeJS.ErrnoException).code ?? ""})`.replace(" )", ")")
        : "";
    return { failure: `${failure.code}${words === undefined ? "" : `: ${words}`}${under}` };
  }
  if (!(failure instanceof Error)) return { failure: typeof failure };
  const frames = (failure.stack ?? "").split("\n").filter((line) => line.trimStart().startsWith("at "));
  return {
    failure: `${failure.name} ${(failure as NodeJS.ErrnoException).code ?? ""}`.trim(),
    at: frames.slice(0, 5).join("\n"),
  };
}

function level(label: string): { level: string } {
  return { level: label };
}

/** A line as a terminal shows it. */
export function wordsOf({ time, level: severity, msg, pid: _pid, ...rest }: Record<string, unknown>): string {
  const clock = String(time).slice(11, 19);
  const { method, route, status, ms, ...more } = rest;
  const head = route === undefined ? String(msg) : `${method} ${route} ${status} ${ms} ms`;
  const tail = Object.entries(more).filter(([name]) => name !== "id" && name !== "address");
  const words = tail.map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return `${visible([clock, severity === "info" ? "" : String(severity), head, ...words].filter(Boolean).join("  "))}\n`;
}
