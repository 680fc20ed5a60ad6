import { statusOf } from "../errors.js";
import { type BatchResult, errorBehind } from "./issuer.js";

/** What of a batch has failed, as opposed to what was refused. */
export interface BatchFailures {
  readonly count: number;
  /** The first one, as it was thrown. Who asked is told to look into the log, so it has to be there. */
  readonly first: unknown;
}

/** @internal What has failed among results as they were made; `undefined` where nothing has. */
export function failuresIn(results: readonly BatchResult[]): BatchFailures | undefined {
  const failed = results.flatMap((each) => ("error" in each && statusOf(each.error.code) >= 500 ? [each] : []));
  const [first] = failed;
  return first && { count: failed.length, first: errorBehind(first) };
}
