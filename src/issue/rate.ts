import { SignetError } from "../errors.js";

const WINDOW_SECONDS = 60;

/**
 * Holds a rate: at most `most` tokens within any minute, exactly, in 8 bytes a token.
 *
 * @returns (the present) -> nothing; throws SignetError `rate_exceeded` for the token that is one too many
 */
export function rateLimit(most: number): (now: number) => void {
  const issuedAt = new Float64Array(most).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  return (now) => {
    const oldest = issuedAt[next] as number;
    // A clock set back makes old entries lie in the future; they then count as old, or nothing could be issued for hours.
    if (now >= oldest && now - oldest < WINDOW_SECONDS) {
      throw new SignetError(
        "rate_exceeded",
        `more than ${most} tokens within a minute (limit maxTokensPerMinute); try again later`,
      );
    }
    issuedAt[next] = now;
    next = (next + 1) % most;
  };
}
