import { SignetError } from "../errors.js";
import type { Callers, KnownCaller } from "../issue/callers.js";
import { createRates } from "../issue/rate.js";
import type { RequestContext } from "./request-context.js";

/** Who asks. */
export interface Authenticator {
  /**
   * The caller whose secret stands in `Authorization: Bearer` (RFC 6750 section 2.1).
   *
   * @throws SignetError `issuing_closed`, `caller_secret_missing`, `caller_unknown`, `caller_expired` or `rate_exceeded`
   */
  byHeader(request: Request, context: RequestContext): KnownCaller;
  /** The caller of a secret that stood elsewhere. */
  bySecret(secret: string, context: RequestContext): KnownCaller;
}

const FAILURES_PER_MINUTE = 60;
const MAX_ADDRESSES = 10_000;
const BEARER = /^Bearer +([^\s,]+)$/i;

/**
 * Makes the authenticator of an issuer's callers.
 *
 * @param callers the callers as they are now
 * @param clock the present as NumericDate
 */
export function createAuthenticator(callers: () => Callers, clock: () => number): Authenticator {
  let failures = createRates();
  let addresses = new Set<string>();

  // A wrong secret costs its sender a place; a right one from the same address is served all the same.
  function countFailure(address: string): void {
    if (addresses.size >= MAX_ADDRESSES) {
      failures = createRates();
      addresses = new Set();
    }
    addresses.add(address);
    try {
      failures(address, FAILURES_PER_MINUTE)?.(clock());
    } catch (error) {
      const { retryAfterSeconds = 60 } = error as SignetError;
      throw new SignetError("rate_exceeded", "too many wrong secrets from this address; try again later", { retryAfterSeconds });
    }
  }

  function bySecret(secret: string, { address, log }: RequestContext): KnownCaller {
    const known = callers();
    if (known.count === 0) throw closed();
    try {
      const caller = known.authenticate(secret, clock());
      log.caller = caller.name;
      return caller;
    } catch (error) {
      countFailure(address);
      throw error;
    }
  }

  function byHeader(request: Request, context: RequestContext): KnownCaller {
    const header = request.headers.get("authorization");
    const secret = header === null ? undefined : BEARER.exec(header)?.[1];
    if (secret !== undefined) return bySecret(secret, context);
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
