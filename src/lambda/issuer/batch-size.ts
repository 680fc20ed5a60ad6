import { algorithmNamed } from "../../algorithms/table.js";
import { SignetError } from "../../errors.js";
import type { IssueRequest } from "../../issue/request.js";

/**
 * What a function of 128 MB (up to 255) has room for, in bytes of requests: the event, what it was parsed into, the tokens and the
 * answer's text are all in memory at once. Beyond it Lambda ends the function after everything was signed.
 */
const MAX_SMALL_FUNCTION_BYTES = 2_500_000;
const LARGE_FUNCTION_MB = 256;
/** Lambda takes no answer beyond 6 MB, and none then at all (Lambda quotas, "Invocation payload"). */
const MAX_ANSWER_BYTES = 6_000_000;
/** What a token has beside its claims and its signature, and an error in its place: header, times, jti, iss, JSON around it. */
const OVERHEAD_BYTES = 600;
/** The signature of the longest RSA key, where the algorithm does not say. */
const MAX_SIGNATURE_BYTES = 1_024;

/** What decides how large a batch may be. */
export interface BatchRoom {
  /** The function's memory; absent where it is unknown. */
  readonly memoryMb: number | undefined;
  /** The algorithm of the key that signs. */
  readonly alg: string;
  /** Claims that every token gets. */
  readonly fixedClaims: object | undefined;
}

/**
 * Refuses a batch that the function has no memory for, or whose answer Lambda would not take, before anything is signed.
 *
 * @throws SignetError `request_too_large`, saying how many of its requests fit
 */
export function assertBatchFits(requests: readonly IssueRequest[], { memoryMb, alg, fixedClaims }: BatchRoom): void {
  const isSmall = memoryMb !== undefined && memoryMb < LARGE_FUNCTION_MB;
  const maxRequestBytes = isSmall ? MAX_SMALL_FUNCTION_BYTES : Number.POSITIVE_INFINITY;
  const added = sizeOf(fixedClaims ?? {});
  const around = OVERHEAD_BYTES + inBase64(algorithmNamed(alg).signatureBytes ?? MAX_SIGNATURE_BYTES);
  let requestBytes = 0;
  let answerBytes = 0;
  for (const [fitting, request] of requests.entries()) {
    const size = sizeOf(request);
    requestBytes += size;
    answerBytes += around + inBase64(size + added);
    if (requestBytes > maxRequestBytes) throw tooLarge(fitting, requests, `a function of ${memoryMb} MB has memory for`);
    if (answerBytes > MAX_ANSWER_BYTES) throw tooLarge(fitting, requests, "Lambda's answer of 6 MB has room for");
  }
}

function tooLarge(fitting: number, { length }: readonly IssueRequest[], why: string): SignetError {
  const words = `${why} the first ${fitting} of these ${length} requests; nothing was signed: send them in smaller batches`;
  return new SignetError("request_too_large", words, { field: "requests" });
}

function inBase64(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}

function sizeOf(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value) ?? "");
  } catch {
    // Too deep to be written: it gets an error of its own.
    return 0;
  }
}
