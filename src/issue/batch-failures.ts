import { SignetError, statusOf } from "../errors.js";
import type { BatchResult } from "./issuer.js";

/** What of a batch has failed, as opposed to what was refused. */
export interface BatchFailures {
  readonly count: number;
  /** The first one. Who asked is told to look into the log, so it has to be there. */
  readonly first: SignetError;
}

/** @internal What has failed among results in the words that they were made with; `undefined` where nothing has. */
export function failuresIn(results: readonly BatchResult[]): BatchFailures | undefined {
  const failed = results.flatMap((each) => ("error" in each && statusOf(each.error.code) >= 500 ? [each.error] : []));
  const [first] = failed;
  return first && { count: failed.length, first: new SignetError(first.code, first.message) };
}
