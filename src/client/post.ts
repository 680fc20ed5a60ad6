import { setTimeout as wait } from "node:timers/promises";
import { isLoopback } from "../encoding/loopback-host.js";
import { invalidOption } from "../encoding/options.js";
import { readBounded } from "../encoding/read-bounded.js";
import { webUrlOf } from "../encoding/url-of.js";
import { isSignetError, SignetError } from "../errors.js";
import { isPassing, objectIn, type RefusedAnswer, refusalOf } from "./refusal.js";

/** What is sent. */
export interface Sent {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether its signature holds the time. */
  readonly isTimed?: boolean;
}

/** An answer with status 200. */
export interface Received {
  readonly value: Readonly<Record<string, unknown>>;
  /** When the server answered, by its own clock. */
  readonly dateMs: number | undefined;
}

/** All tries of a call together, in milliseconds, and one of them. */
const DEADLINE_MS = 10_000;
const ATTEMPT_MS = 5_000;
const FIRST_WAIT_MS = 100;
/** AWS takes a signature whose time is five minutes off at the most. */
const MAX_SKEW_MS = 60_000;
const MAX_ANSWER_BYTES = 65_536;

/**
 * Reads the URL of a server that is shown a secret.
 *
 * @param field the option that names it, for errors
 * @param allowInsecureUrl takes http beside this machine
 * @throws SignetError `config_invalid`
 */
export function serverUrl(text: unknown, field: string, allowInsecureUrl = false): URL {
  const url = typeof text === "string" ? webUrlOf(text) : undefined;
  if (url === undefined) throw invalidOption(field, "must be a URL of https, such as https://issuer.example");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw invalidOption(field, "must be a URL without a password, a query or a fragment");
  if (url.protocol === "https:" || isLoopback(url.hostname) || allowInsecureUrl) return url;
  throw invalidOption(
    field,
    "must be a URL of https: over http an attacker on the way reads the secret; allowInsecureUrl takes it",
  );
}

/** What is sent, made anew for each try. `time` is the present, in milliseconds since 1970, for what signs it. */
export type MakeSent = (time: number) => Promise<Sent>;

/**
 * Sends a request until it is answered: again where another try may help, until ten seconds are over. What was refused beside a clock that
 * differs from this one is sent once more, with the time of that clock.
 *
 * @throws SignetError what the server refuses, `issuer_unavailable`
 */
export async function post(fetch: typeof globalThis.fetch, make: MakeSent): Promise<Received> {
  const endsAt = performance.now() + DEADLINE_MS;
  let aheadMs = 0;
  let before: SignetError | undefined;
  for (let tries = 0; ; tries++) {
    let isCut = false;
    try {
      const sent = await make(Date.now() + aheadMs);
      const leftMs = endsAt - performance.now();
      isCut = leftMs < ATTEMPT_MS;
      const answer = await attempt(fetch, sent, Math.min(ATTEMPT_MS, leftMs));
      const { status, body, dateMs = Date.now() } = answer;
      if (status === 200) return { value: objectIn(body), dateMs: answer.dateMs };
      if (status === 403 && sent.isTimed === true && aheadMs === 0 && Math.abs(dateMs - Date.now()) > MAX_SKEW_MS) {
        aheadMs = dateMs - Date.now();
        continue;
      }
      throw refusalOf(sent.url.host, answer);
    } catch (error) {
      if (!isSignetError(error) || !isPassing(error) || speaksNoTls(error.cause)) throw error;
      // Where the last try had less time than one has, what went wrong before says more.
      if (isCut && before !== undefined && (error.cause as Error | undefined)?.name === "AbortError") throw before;
      before = error;
      const waitMs = Math.max((error.retryAfterSeconds ?? 0) * 1_000, Math.random() * FIRST_WAIT_MS * 4 ** tries);
      if (performance.now() + waitMs >= endsAt) throw error;
      await wait(waitMs);
    }
  }
}

interface Answer extends RefusedAnswer {
  readonly dateMs: number | undefined;
}

async function attempt(fetch: typeof globalThis.fetch, { url, headers, body }: Sent, timeoutMs: number): Promise<Answer> {
  // Not AbortSignal.timeout: its timer would not keep the process until the answer is there.
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), Math.max(1, timeoutMs));
  try {
    const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: controller.signal });
    const bytes = answer.body === null ? new Uint8Array() : await readBounded(answer.body, MAX_ANSWER_BYTES);
    return {
      status: answer.status,
      body: bytes === undefined ? "" : Buffer.from(bytes).toString(),
      dateMs: Date.parse(answer.headers.get("date") ?? "") || undefined,
      retryAfterSeconds: secondsIn(answer.headers.get("retry-after")),
    };
  } catch (error) {
    const code = codeIn(error);
    const words = controller.signal.aborted
      ? `no answer within ${Math.round(timeoutMs / 1_000)} s`
      : `it cannot be reached${code === undefined ? "" : ` (${code})`}`;
    const asked = speaksNoTls(error) ? "does it speak http there, and no https?" : "is it running, and is this its URL?";
    throw new SignetError("issuer_unavailable", `${url.host}: ${words}; ${asked}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function secondsIn(text: string | null): number | undefined {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

/** What an answer that is no TLS is called, by one OpenSSL and another. */
const NO_TLS = ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "ERR_SSL_WRONG_VERSION_NUMBER", "EPROTO"];

/** Tells a server that answered something else than TLS, as it will again. */
function speaksNoTls(error: unknown): boolean {
  return NO_TLS.includes(codeIn(error) ?? "");
}

// Node's fetch keeps "ECONNREFUSED" and "CERT_HAS_EXPIRED" in the cause.
function codeIn(error: unknown): string | undefined {
  const { cause } = (error ?? {}) as { readonly cause?: { readonly code?: unknown } };
  return typeof cause?.code === "string" ? cause.code : undefined;
}
