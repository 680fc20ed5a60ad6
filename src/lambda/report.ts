import type { Signer } from "../custody/contract.js";
import { isSignetError, tellable } from "../errors.js";
import type { BatchResult, IssuedToken } from "../issue/issuer.js";
import { createLog, metricsLine } from "./log.js";
import type { Environment, Settings } from "./settings.js";

/** What an invocation answers. */
export type Answer = IssuedToken | { readonly results: readonly BatchResult[] };

/** An invocation that has come to its end. */
interface Invocation {
  readonly requestId: string;
  readonly caller: string | undefined;
  /** How long it took. */
  readonly ms: number;
}

/** Says in log and metrics what became of invocations. Neither ever holds a token, a claim or a key. */
export interface Report {
  answered(invocation: Invocation, answer: Answer, signer: Signer | undefined): void;
  refused(invocation: Invocation, error: unknown): void;
  /** The key could not be opened when the function started. */
  unready(error: unknown): void;
  /** A signature was not right. */
  unproven(): void;
}

/** Makes the report of a function: one line an invocation, refusals at WARN, failures at ERROR. */
export function createReport({ metrics, installation }: Settings, env: Environment, write: (line: string) => void): Report {
  const log = createLog(env, write);
  let unproven = 0;

  function count(counts: Readonly<Record<string, number>>): void {
    if (metrics) write(metricsLine(installation, { ...counts, SelfCheckFailures: unproven }));
    unproven = 0;
  }

  return {
    answered({ requestId, caller, ms }, answer, signer) {
      const results = "results" in answer ? answer.results : [answer];
      const tokens = results.filter((each) => "token" in each).length;
      const refused = results.length - tokens;
      log("INFO", requestId, { outcome: "issued", tokens, refused, kid: signer?.kid, alg: signer?.alg, caller, ms });
      count({ Issued: tokens, Refused: refused, IssueMilliseconds: ms });
    },
    refused({ requestId, caller, ms }, error) {
      const { code, status, field } = tellable(error);
      const entry = { outcome: code, field, caller, ms };
      if (status < 500) log("WARN", requestId, entry);
      else log("ERROR", requestId, { ...entry, ...failureOf(error) });
      count(status < 500 ? { Refused: 1 } : { Failed: 1 });
    },
    unready: (error) => log("ERROR", "init", failureOf(error)),
    unproven() {
      unproven += 1;
    },
  };
}

/** What the log says of a failure: our own words, and of others only their kind and where they arose. */
function failureOf(error: unknown): Readonly<Record<string, unknown>> {
  if (isSignetError(error)) return { code: error.code, failure: error.message };
  if (!(error instanceof Error)) return { failure: typeof error };
  const frames = (error.stack ?? "").split("\n").filter((line) => line.trimStart().startsWith("at "));
  return { failure: error.name, at: frames.slice(0, 5) };
}
