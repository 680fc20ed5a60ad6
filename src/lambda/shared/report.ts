import type { Signer } from "../../custody/contract.js";
import type { KmsSigned } from "../../custody/kms/sign.js";
import { isSignetError, loggableField, loggableWords, shortened, toPublicError } from "../../errors.js";
import { failuresIn } from "../../issue/batch-failures.js";
import type { BatchResult, IssuedToken } from "../../issue/issuer.js";
import { createLog, type Log, metricsLine } from "./log.js";
import type { Environment, Settings } from "./settings.js";

/** What an invocation answers. */
export type Answer = IssuedToken | { readonly results: readonly BatchResult[] };

/** An invocation that has come to its end. */
interface Invocation {
  readonly requestId: string;
  readonly caller: string | undefined;
  /** Whom IAM has authenticated, where the API asked for that. */
  readonly identity?: string | undefined;
  /** How long it took. */
  readonly ms: number;
}

/** Says in log and metrics what became of invocations. Neither ever holds a token, a claim or a key. */
export interface Report {
  /** @param answer with every failure in the words that are meant for the log */
  answered(invocation: Invocation, answer: Answer, signer: Signer | undefined): void;
  refused(invocation: Invocation, error: unknown): void;
  /** The key could not be opened when the function started. */
  unready(error: unknown): void;
  /** KMS has made a signature. */
  kmsSigned(signed: KmsSigned): void;
  /** A call to AWS is made once more. */
  onRetry(action: string): void;
}

/** The most values of one metric in a line (CloudWatch embedded metric format, "Target members"). */
const MAX_VALUES = 100;

/** Makes the report of a function: one line an invocation, refusals at WARN, failures at ERROR. */
export function createReport({ metrics, installation }: Settings, env: Environment, write: (line: string) => void): Report {
  const log = createLog(env, write);
  let unproven = 0;
  let kmsRetries = 0;
  let kmsMilliseconds: number[] = [];

  function count(counts: Readonly<Record<string, number>>): void {
    const writeMetrics = (values: Parameters<typeof metricsLine>[1]) => write(metricsLine(installation, values, env));
    if (metrics) writeMetrics({ ...counts, SelfCheckFailures: unproven, KmsRetries: kmsRetries, ...kmsTimes() });
    while (metrics && kmsMilliseconds.length > 0) writeMetrics(kmsTimes());
    unproven = 0;
    kmsRetries = 0;
    kmsMilliseconds = [];
  }

  function kmsTimes(): { KmsMilliseconds?: readonly number[] } {
    return kmsMilliseconds.length === 0 ? {} : { KmsMilliseconds: kmsMilliseconds.splice(0, MAX_VALUES) };
  }

  return {
    answered({ requestId, ms, ...who }, answer, signer) {
      const results = "results" in answer ? answer.results : [answer];
      const tokens = results.filter((each) => "token" in each).length;
      const failures = failuresIn(results);
      const failed = failures?.count ?? 0;
      const refused = results.length - tokens - failed;
      if (failures !== undefined) logRefused(log, requestId, failures.first, { failed, ...shownIdentity(who), ms });
      log("INFO", requestId, {
        outcome: "issued",
        tokens,
        refused,
        kid: signer?.kid,
        alg: signer?.alg,
        ...shownIdentity(who),
        ms,
      });
      count({ Issued: tokens, Refused: refused, ...(failed > 0 && { Failed: failed }), IssueMilliseconds: ms });
    },
    refused({ requestId, ms, ...who }, error) {
      const { status, field } = toPublicError(error);
      logRefused(log, requestId, error, { field: loggableField(field), ...shownIdentity(who), ms });
      count(status < 500 ? { Refused: 1 } : { Failed: 1 });
    },
    unready: (error) => logUnready(log, error),
    onRetry(action) {
      if (action === "kms:Sign") kmsRetries += 1;
    },
    kmsSigned({ milliseconds, isProven }) {
      if (!isProven) {
        unproven += 1;
        log("ERROR", "kms", { unproven: 1 });
      }
      if (metrics) kmsMilliseconds.push(Math.round(milliseconds * 1_000) / 1_000);
    },
  };
}

/** A line of what was refused, at WARN, or of what failed, at ERROR. */
export function logRefused(log: Log, requestId: string, error: unknown, more: Readonly<Record<string, unknown>>): void {
  const { code, status } = toPublicError(error);
  const entry = { outcome: code, ...more };
  if (status < 500) log("WARN", requestId, entry);
  else log("ERROR", requestId, { ...entry, ...failureOf(error) });
}

/** A line of what failed while a function started. Of what is unexpected it says no place: the first invocation fails alike, and says it. */
export function logUnready(log: Log, error: unknown, more: Readonly<Record<string, unknown>> = {}): void {
  log("ERROR", "init", { ...more, ...failureOf(error), at: undefined });
}

/** What the log says of a failure: our own words, and of others only their kind and where they arose. */
export function failureOf(error: unknown): Readonly<Record<string, unknown>> {
  if (isSignetError(error)) {
    const { code, cause } = error;
    return { code, failure: loggableWords(error), ...(isSignetError(cause) && { cause: loggableWords(cause) }) };
  }
  if (!(error instanceof Error)) return { failure: typeof error };
  const frames = (error.stack ?? "").split("\n").filter((line) => line.trimStart().startsWith("at "));
  return { failure: error.name, at: frames.slice(0, 5) };
}

/** The longest identity of IAM that a line holds: AWS has checked it, and an assumed role's is long. */
const MAX_IDENTITY = 256;

/** Who has asked, as a line has it. */
export function shownIdentity({ caller, identity }: Pick<Invocation, "caller" | "identity">) {
  return { caller, ...(identity !== undefined && { identity: shortened(identity, MAX_IDENTITY) }) };
}

/**
 * Starts a function.
 *
 * @throws Error without a stack: Lambda logs and answers what a start throws as it is, and the stack names this machine's files
 */
export function withoutStack<T>(start: () => T): T {
  try {
    return start();
  } catch (error) {
    if (isSignetError(error)) throw errorWithoutStack(error.code, error.message);
    throw errorWithoutStack("internal", "the function could not start: something unexpected failed");
  }
}

/** An error for the caller: its stack would show them this file. It says when another try may succeed instead, where that is known: Lambda hands its lines on. */
export function errorWithoutStack(name: string, message: string, retryAfterSeconds?: number): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = `${name}: ${message}${retryAfterSeconds === undefined ? "" : `\nretryAfterSeconds ${retryAfterSeconds}`}`;
  return error;
}

/** When another try may succeed, by the last line of what an error of `errorWithoutStack` has become on its way. */
export function retryAfterIn(trace: unknown): number | undefined {
  const [, seconds] = (Array.isArray(trace) && /^retryAfterSeconds (\d{1,9})$/.exec(String(trace.at(-1)))) || [];
  return seconds === undefined ? undefined : Number(seconds);
}
