import { SignetError } from "../errors.js";

const DIGEST = /^[0-9a-f]{64}$/;

/** Whether a name is that of a use: a SHA-256 in hexadecimal. */
export function isUse(name: string): boolean {
  return DIGEST.test(name);
}

/** Asserts that a use is named as a store names its entries, whatever stands there. @throws SignetError `internal` */
export function assertUse(digest: string, until: number): void {
  if (isUse(digest) && Number.isFinite(until)) return;
  throw new SignetError("internal", "a use is named by a SHA-256 in hexadecimal, and ends at a NumericDate");
}

/** The error of a store that cannot tell: its cause, which may name files or a bucket, is for the log. */
export function unknowableUse(cause: unknown): SignetError {
  return new SignetError(
    "replay_store_failed",
    "whether this proof was used before cannot be known now, so that nothing is issued for it; try again later, with a new one",
    { cause },
  );
}
