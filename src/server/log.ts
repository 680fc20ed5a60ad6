import { type DestinationStream, destination, type Logger, pino } from "pino";
import { parseJson } from "../encoding/json-names.js";
import { isSignetError, loggableWords } from "../errors.js";
import type { Answered } from "./listener.js";

export type { Logger } from "pino";

const FLUSH_MS = 250;

/** The log of a server: JSON, a line each, or words where a terminal shows it. */
export function createLog(options: { readonly isTerminal: boolean }): Logger {
  const stream = options.isTerminal ? inWords(process.stdout) : buffered();
  return pino({ base: { pid: process.pid }, timestamp: presentTime(), formatters: { level } }, stream);
}

// A write for each line would cost a request a tenth of its time.
function buffered(): DestinationStream {
  const stream = destination({ dest: 1, sync: false, minLength: 8_192 });
  setInterval(() => stream.flush(), FLUSH_MS).unref();
  process.once("exit", () => stream.flushSync());
  return stream;
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
 * Logs a request. What it asked for and what it got stay out of it, and so does its path where no route has it: both may hold
 * what is nobody's business.
 */
export function logAnswered(log: Logger, { call, method, status, milliseconds, id }: Answered): void {
  const { route = "(none)", caller, code, failure, tokens } = call.notes;
  const ms = Math.round(milliseconds * 1_000) / 1_000;
  const entry = {
    id,
    method,
    route,
    status,
    ms,
    address: call.address,
    caller,
    code,
    tokens,
    ...(failure !== undefined && causeOf(failure)),
  };
  if (status >= 500) log.error(entry, "failed");
  else log.info(entry, "answered");
}

/** What may be logged of a failure: the words of our own errors, and of others only their kind and where they arose. */
export function causeOf(failure: unknown): { readonly failure: string; readonly at?: string } {
  if (isSignetError(failure)) {
    const { cause } = failure;
    const under =
      cause instanceof Error ? ` (${cause.name} ${(cause as NodeJS.ErrnoException).code ?? ""})`.replace(" )", ")") : "";
    const words = loggableWords(failure);
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

function inWords(out: NodeJS.WriteStream): DestinationStream {
  return { write: (line: string) => void out.write(wordsOf(parseJson(line) as Record<string, unknown>)) };
}

function wordsOf({ time, level: severity, msg, pid: _pid, ...rest }: Record<string, unknown>): string {
  const clock = String(time).slice(11, 19);
  const { method, route, status, ms, ...more } = rest;
  const head = route === undefined ? String(msg) : `${method} ${route} ${status} ${ms} ms`;
  const tail = Object.entries(more).filter(([name]) => name !== "id" && name !== "address");
  const words = tail.map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return `${[clock, severity === "info" ? "" : String(severity), head, ...words].filter(Boolean).join("  ")}\n`;
}
