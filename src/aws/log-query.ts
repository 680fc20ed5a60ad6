import { setTimeout as timer } from "node:timers/promises";
import { AwsFailure, isAws } from "./failure.js";
import { jsonCalls } from "./json-call.js";
import type { Transport } from "./transport.js";

/** What is asked of a log. */
export interface LogQuery {
  /** The log group's name. */
  readonly group: string;
  /** In the language of CloudWatch Logs Insights. */
  readonly query: string;
  /** NumericDates; lines from both on count. */
  readonly from: number;
  readonly to: number;
}

/** A row of an answer: its fields' values as texts. A field that the lines of the row do not have is left out. */
export type LogRow = ReadonlyMap<string, string>;

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 5_000;
/** So long is waited in all. A query of a few gigabytes takes seconds. */
const MAX_WAITED_MS = 60_000;
/** States of a query that has not come to its end (GetQueryResults, "status"). */
const UNENDED = ["Scheduled", "Running", "Unknown"];

/**
 * Asks a log group by CloudWatch Logs Insights, which is paid for by what the query reads, and waits for the answer, a minute at most.
 *
 * @param wait waits between two looks, longer each time: milliseconds
 * @throws AwsFailure where the query cannot be started, fails, or does not end in time
 */
export async function queryLog(
  transport: Transport,
  { group, query, from, to }: LogQuery,
  wait: (milliseconds: number) => Promise<unknown> = timer,
): Promise<readonly LogRow[]> {
  const call = jsonCalls(transport, "logs", "Logs_20140328");
  const pause = pauses(wait);

  // The account has few queries at once: one that is refused for that may be taken when others have ended.
  async function start(): Promise<string> {
    const input = { logGroupName: group, queryString: query, startTime: from, endTime: to };
    for (;;) {
      try {
        return (await call("StartQuery", group, input, { queryId: "" })).queryId;
      } catch (error) {
        if (!isAws(error, "LimitExceededException")) throw error;
        const words = "as many queries are under way as the account may have at once; try again when some have ended";
        if (!(await pause())) throw failure("aws_throttled", "StartQuery", words, error);
      }
    }
  }

  function failure(code: "aws_throttled" | "aws_unavailable", action: string, words: string, cause?: unknown): AwsFailure {
    return new AwsFailure(code, `logs:${action} on ${group} in ${transport.region}: ${words}`, "", cause);
  }

  const queryId = await start();
  for (;;) {
    const example = { status: "", "results?": [[{ "field?": "", "value?": "" }]] } as const;
    const { status, results } = await call("GetQueryResults", group, { queryId }, example);
    // What is there before the end is a part of the answer.
    if (status === "Complete") return (results ?? []).map(rowOf);
    if (!UNENDED.includes(status)) {
      const words = `the query came to the end ${status.slice(0, 32)}, and not to Complete; try again, or ask for fewer days`;
      throw failure("aws_unavailable", "GetQueryResults", words);
    }
    if (await pause()) continue;
    const words = `the query has not ended within ${MAX_WAITED_MS / 1_000} s; try again, or ask for fewer days`;
    throw failure("aws_unavailable", "GetQueryResults", words);
  }
}

/** Waits, longer each time. Answers false where all the time that there is has been waited. */
function pauses(wait: (milliseconds: number) => Promise<unknown>): () => Promise<boolean> {
  let next = FIRST_WAIT_MS;
  let left = MAX_WAITED_MS;
  return async () => {
    const milliseconds = Math.min(next, left);
    if (milliseconds === 0) return false;
    await wait(milliseconds);
    left -= milliseconds;
    next = Math.min(2 * next, MAX_WAIT_MS);
    return true;
  };
}

function rowOf(fields: readonly { readonly field?: string | null; readonly value?: string | null }[]): LogRow {
  return new Map(fields.flatMap(({ field, value }) => (field && value ? [[field, value] as const] : [])));
}
