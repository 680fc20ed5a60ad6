import type { BatchFailures } from "../issue/batch-failures.js";

/** What an adapter knows of a request beside the request itself. */
export interface RequestContext {
  /** Where it comes from: the peer's address, never a header that the peer could have written. */
  readonly address: string;
  /** How the command is called where this runs, for hints in answers; `signet` where it is absent. */
  readonly self?: string | undefined;
  /** The request's target as it was sent; absent where the request's URL is that. */
  readonly target?: string | undefined;
  /** The body, where the adapter has it at hand already; it was held to the adapter's own limit. */
  readonly body?: Uint8Array | undefined;
  /** Calls back once the answer was sent or its connection is gone; it is cut after so many milliseconds. Absent: not known. */
  readonly whenSent?: ((then: () => void, withinMs: number) => void) | undefined;
  /** Filled in by the routes, for logs and metrics. */
  readonly log: RequestLog;
}

/** A token that let something in. */
export interface LoggedProof {
  readonly rule: string;
  readonly issuer: string;
  readonly subject: string | undefined;
  /** Of a token that was exchanged: the one that proved who asked, where that was no secret. */
  readonly client?: LoggedProof;
}

/** What is worth noting of a request that was answered. It never holds a token, a claim or a secret. */
export interface RequestLog {
  /** The route's own path, with names in braces: what metrics may count by. */
  route?: string;
  caller?: string;
  /** The token of another issuer, or of its own, that proved the caller, or that it exchanged. */
  proof?: LoggedProof;
  /** The code of the error that was answered. */
  code?: string;
  /** An unexpected error, or the cause of an expected one. */
  failure?: unknown;
  /** How many tokens were issued. */
  tokens?: number;
  /** What of a batch has failed, whose others were answered. */
  failures?: BatchFailures | undefined;
}

/** Answers a request; a promise only where something has to be waited for. */
export type Handler = (request: Request, context: RequestContext) => Response | Promise<Response>;
