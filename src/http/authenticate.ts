import { isSignetError, SignetError } from "../errors.js";
import type { Callers, KnownCaller } from "../issue/callers.js";
import { createRates } from "../issue/rate.js";
import type { Handler, RequestContext, RequestLog } from "./request-context.js";

/** Who asks. */
export interface Authenticator {
  /**
   * Works for the caller whose secret stands in `Authorization: Bearer` (RFC 6750 section 2.1).
   *
   * @throws SignetError `issuing_closed`, `caller_secret_missing`, `caller_unknown`, `caller_expired` or `rate_exceeded`
   */
  byHeader(request: Request, context: RequestContext, work: (caller: KnownCaller) => Answer): Answer;
  /** The caller of a secret that stood elsewhere; a promise where it is one that may be new. */
  bySecret(secret: string, context: RequestContext): KnownCaller | Promise<KnownCaller>;
}

type Answer = ReturnType<Handler>;

const FAILURES_PER_MINUTE = 60;
const MAX_ADDRESSES = 10_000;
const BEARER = /^Bearer +([^\s,]+)$/i;

/**
 * Makes the authenticator of an issuer's callers.
 *
 * @param callers the callers as they are now
 * @param clock the present as NumericDate
 * @param lookAgain reads the callers anew for a secret that is not known, since it may have been made a moment ago; however often it is
 *   asked, it does not read more often than it can bear
 */
export function createAuthenticator(callers: () => Callers, clock: () => number, lookAgain?: () => Promise<void>): Authenticator {
  let failures = createRates();
  let addresses = new Set<string>();

  // A wrong secret costs its sender a place; a right one from the same address is served all the same.
  function countFailure(address: string, isTrial = false): void {
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
  }

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

  function byHeader(request: Request, context: RequestContext, work: (caller: KnownCaller) => Answer): Answer {
    const header = request.headers.get("authorization");
    const secret = header === null ? undefined : BEARER.exec(header)?.[1];
    if (secret !== undefined) {
      const caller = bySecret(secret, context);
      return caller instanceof Promise ? caller.then(work) : work(caller);
    }
    if (callers().count === 0) throw closed();
    throw new SignetError("caller_secret_missing", "send the caller's secret: Authorization: Bearer signet_...");
  }

  return Object.freeze({ byHeader, bySecret });
}

function closed(): SignetError {
  return new SignetError(
    "issuing_closed",
    "this issuer has no callers yet: `signet callers add NAME` makes one and shows its secret",
  );
}
