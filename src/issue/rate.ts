import { SignetError } from "../errors.js";

const WINDOW_SECONDS = 60;

/**
 * (the present) -> nothing; throws SignetError `rate_exceeded`, with `retryAfterSeconds`, for the token that is one too many. A trial
 * counts nothing.
 */
export type RateCheck = (now: number, isTrial?: boolean) => void;

/** Answers the rate of a name, the same one each time, so that it outlives a config that is read again. */
export type Rates = (name: string, most: number | undefined) => RateCheck | undefined;

/**
 * Keeps rates by name. A rate whose limit was changed begins anew.
 *
 * @param shares how many hold a share of each rate; together they never exceed it
 */
export function createRates(shares = 1): Rates {
  const known = new Map<string, { readonly most: number; readonly check: RateCheck }>();
  return (name, most) => {
    if (most === undefined) return undefined;
    const found = known.get(name);
    if (found?.most === most) return found.check;
    const check = rateLimit(Math.max(1, Math.floor(most / shares)));
    known.set(name, { most, check });
    return check;
  };
}

/**
 * Holds a rate: at most `most` tokens within any minute, exactly, in 8 bytes a token.
 *
 * @returns (the present) -> nothing; throws SignetError `rate_exceeded` for the token that is one too many
 */
export function rateLimit(most: number): RateCheck {
  const issuedAt = new Float64Array(most).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  return (now, isTrial = false) => {
    const oldest = issuedAt[next] as number;
    // A clock set back makes old entries lie in the future; they then count as old, or nothing could be issued for hours.
    if (now >= oldest && now - oldest < WINDOW_SECONDS) {
      throw new SignetError(
        "rate_exceeded",
        `more than ${most} tokens within a minute (limit maxTokensPerMinute); try again later`,
        { retryAfterSeconds: Math.ceil(oldest + WINDOW_SECONDS - now) },
      );
    }
    if (isTrial) return;
    issuedAt[next] = now;
    next = (next + 1) % most;
  };
}
