import { isSignetError, SignetError } from "../errors.js";
import type { KnownCaller } from "../issue/callers.js";
import { createRates } from "../issue/rate.js";
import { callerProver, closed, type ProveCaller, type ProverOptions, type Use } from "./prove-caller.js";
import type { Handler, RequestContext, RequestLog } from "./request-context.js";

/** Who asks. */
export interface Authenticator {
  /**
   * Works for the caller whose secret, or proof, stands in `Authorization: Bearer` (RFC 6750 section 2.1).
   *
   * @throws SignetError `issuing_closed`, `caller_secret_missing`, `caller_unknown`, `caller_expired`, `rate_exceeded`, and what `byProof` and
   *   the use of a proof throw
   */
  byHeader(request: Request, context: RequestContext, work: (caller: KnownCaller) => Answer): Answer;
  /** The same for what issues. Beside a proof `work` gets its use, which it awaits once all else is checked, before anything is issued. */
  byHeaderToIssue(request: Request, context: RequestContext, work: (caller: KnownCaller, use?: Use) => Answer): Answer;
  /** The caller of a secret that stood elsewhere; a promise where it is one that may be new. */
  bySecret(secret: string, context: RequestContext): KnownCaller | Promise<KnownCaller>;
  readonly byProof: ProveCaller;
}

/** What an authenticator is made of. */
export interface AuthenticatorOptions extends Omit<ProverOptions, "countFailure"> {
  /** The present as NumericDate. */
  readonly clock: () => number;
}

type Answer = ReturnType<Handler>;

const FAILURES_PER_MINUTE = 60;
const MAX_ADDRESSES = 10_000;
const BEARER = /^Bearer +([^\s,]+)$/i;
/** A JWT has two dots, and a secret none. */
const JWT_FORM = /^[^.]+\.[^.]+\.[^.]*$/;

/** Makes the authenticator of an issuer's callers. */
export function createAuthenticator({ callers, proofs, clock, lookAgain }: AuthenticatorOptions): Authenticator {
  const countFailure = failureCounter(clock);

  function recognised(secret: string, log: RequestLog): KnownCaller {
    const known = callers();
    if (known.count === 0) throw closed();
    const caller = known.authenticate(secret, clock());
    log.caller = caller.name;
    return caller;
  }

  function refuse(error: unknown, address: string): never {
    if (!isSignetError(error, "issuing_closed")) countFailure(address);
    throw error;
  }

  function bySecret(secret: string, { address, log }: RequestContext): KnownCaller | Promise<KnownCaller> {
    try {
      return recognised(secret, log);
    } catch (error) {
      if (lookAgain === undefined || !isSignetError(error, "caller_unknown", "issuing_closed")) return refuse(error, address);
      // For an address that has failed too often there is no look.
      countFailure(address, true);
      return lookAgain().then(() => {
        try {
          return recognised(secret, log);
        } catch (late) {
          return refuse(late, address);
        }
      });
    }
  }

  const byProof = callerProver({ callers, proofs, lookAgain, countFailure });

  const byHeaderToIssue: Authenticator["byHeaderToIssue"] = (request, context, work) => {
    const header = request.headers.get("authorization");
    const shown = header === null ? undefined : BEARER.exec(header)?.[1];
    if (shown === undefined) {
      if (callers().count === 0) throw closed();
      throw new SignetError(
        "caller_secret_missing",
        "send the caller's secret, or a token that proves it: Authorization: Bearer signet_...",
      );
    }
    if (proofs !== undefined && JWT_FORM.test(shown)) {
      return byProof(shown, context).then(({ caller, use }) => work(caller, use));
    }
    const caller = bySecret(shown, context);
    return caller instanceof Promise ? caller.then((known) => work(known)) : work(caller);
  };

  const byHeader: Authenticator["byHeader"] = (request, context, work) =>
    byHeaderToIssue(request, context, (caller, use) => (use === undefined ? work(caller) : use().then(() => work(caller))));

  return Object.freeze({ byHeader, byHeaderToIssue, bySecret, byProof });
}

// A wrong secret, or proof, costs its sender a place; a right one from the same address is served all the same.
function failureCounter(clock: () => number): (address: string, isTrial?: boolean) => void {
  let failures = createRates();
  let addresses = new Set<string>();
  return (address, isTrial = false) => {
    if (addresses.size >= MAX_ADDRESSES) {
      failures = createRates();
      addresses = new Set();
    }
    addresses.add(address);
    try {
      failures(address, FAILURES_PER_MINUTE)?.(clock(), isTrial);
    } catch (error) {
      const { retryAfterSeconds = 60 } = error as SignetError;
      throw new SignetError("rate_exceeded", "too many wrong secrets from this address; try again later", { retryAfterSeconds });
    }
  };
}
