import { request } from "node:http";
import type { Environment } from "../../src/config/environment.js";
import { folderIssuer } from "../../src/console/folder-issuer.js";
import type { IdleClock } from "../../src/console/idle.js";
import type { IssuerAtHand } from "../../src/console/issuer-at-hand.js";
import type { PageFiles } from "../../src/console/page-files.js";
import { startConsole } from "../../src/console/server.js";
import type { Surroundings } from "../../src/operator/surroundings.js";

/** What the page is does not matter to the server. */
const FILES: PageFiles = new Map([
  ["/", { type: "text/html; charset=utf-8", body: Buffer.from("<!doctype html><title>page</title>") }],
  ["/page.js", { type: "text/javascript; charset=utf-8", body: Buffer.from("export {};") }],
  ["/page.css", { type: "text/css; charset=utf-8", body: Buffer.from("body{}") }],
]);

/** What was answered. */
interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  readonly json: any;
}

/** How a request differs from the page's own. */
interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** As it is sent; an object is sent as JSON. */
  readonly body?: string | object;
  /** Sent without saying how long it is. */
  readonly isChunked?: boolean;
}

/** Where the issuer of a folder is looked after from. */
export function surroundingsAt(cwd: string, env: Environment = {}): Surroundings {
  return { cwd, env, self: "signet" };
}

/** A console of a folder's issuer, over real loopback. */
export async function consoleAt(cwd: string, more: Pick<ConsoleParts, "clock"> = {}) {
  const surroundings = surroundingsAt(cwd);
  return consoleOf(await folderIssuer(surroundings, undefined, () => undefined), { surroundings, ...more });
}

interface ConsoleParts {
  readonly surroundings: Surroundings;
  readonly clock?: IdleClock;
}

/** A console of an issuer, and what asks it as a browser would. */
export async function consoleOf(issuer: IssuerAtHand, { surroundings, clock }: ConsoleParts) {
  let used = 0;
  const unexpected: unknown[] = [];
  const running = await startConsole({
    surroundings,
    issuer,
    files: FILES,
    onUsed: () => {
      used += 1;
    },
    onUnexpected: (failure) => void unexpected.push(failure),
    ...(clock !== undefined && { clock }),
  });
  const url = new URL(running.link);
  const port = Number(url.port);
  const code = /^#code=([\w-]{43})$/.exec(url.hash)?.[1] ?? "";
  let session: string | undefined;

  const ask = (path: string, options: AskOptions = {}): Promise<Answered> => asked(port, path, options);
  /** As the page asks: with its session where it has one. */
  const call = (path: string, body: object | string = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answered> =>
    ask(path, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        origin: url.origin,
        "sec-fetch-site": "same-origin",
        ...(session !== undefined && { "signet-session": session }),
        ...headers,
      },
    });
  return {
    ...running,
    origin: url.origin,
    port,
    code,
    ask,
    call,
    unexpected,
    used: () => used,
    /** Shows the code, and keeps the session. */
    async enter(): Promise<string> {
      const { json } = await call("/api/session", { code });
      session = json.session;
      return json.session;
    },
    /** The lines that a change answers. */
    async change(body: object): Promise<Answered & { readonly lines: readonly Record<string, never>[] }> {
      const answered = await call("/api/change", body);
      const isStream = answered.headers["content-type"] === "application/x-ndjson";
      const lines = isStream
        ? answered.text
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line))
        : [];
      return { ...answered, lines };
    },
  };
}

function asked(
  port: number,
  path: string,
  { method = "GET", headers = {}, body, isChunked = false }: AskOptions,
): Promise<Answered> {
  const text = typeof body === "object" ? JSON.stringify(body) : body;
  return new Promise((resolve, reject) => {
    const length = text === undefined || isChunked ? {} : { "content-length": String(Buffer.byteLength(text)) };
    const outgoing = request(
      { host: "127.0.0.1", port, path, method, headers: { ...length, ...headers }, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () => {
          const answer = Buffer.concat(chunks).toString();
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: answer, json: jsonIn(answer) });
        });
        incoming.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A clock that stands still until it is moved. */
export function clockByHand(): IdleClock & { move(milliseconds: number): void; suspend(milliseconds: number): void } {
  let at = 0;
  const waiting = new Map<() => void, number>();
  return {
    now: () => at,
    wake(milliseconds, call) {
      waiting.set(call, at + milliseconds);
      return () => void waiting.delete(call);
    },
    /** As a machine that sleeps: nothing wakes. */
    suspend(milliseconds) {
      at += milliseconds;
    },
    move(milliseconds) {
      at += milliseconds;
      for (const [call, due] of [...waiting]) {
        if (due > at) continue;
        waiting.delete(call);
        call();
      }
    },
  };
}
