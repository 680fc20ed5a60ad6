import { AwsFailure } from "../aws/failure.js";
import { type LogRow, queryLog } from "../aws/log-query.js";
import type { Transport } from "../aws/transport.js";

/** What the log of a function that issues says of a caller. */
export interface LoggedUse {
  /** NumericDate, in whole seconds. */
  readonly lastUsedAt: number;
  /** How many tokens it was issued. */
  readonly tokens: number;
}

/** What a log says of all that was issued. */
export interface LoggedUses {
  /** By the name that the log has. What writes there need not be the function. */
  readonly callers: ReadonlyMap<string, LoggedUse>;
  /** What was issued to no caller: the function was invoked without one's alias, or by the API. */
  readonly withoutCaller: LoggedUse | undefined;
}

/** The query that finds them. A caller that was proven has its own name in the log, and not its alias's. */
export const USES_QUERY = 'filter outcome = "issued" | stats max(@timestamp) as lastUsed, sum(tokens) as tokens by caller';

/**
 * When each caller was issued tokens last, and how many, as the log of a function says.
 *
 * @param group the log group
 * @param from where the time that is looked at begins, a NumericDate
 * @param wait see {@link queryLog}
 * @throws AwsFailure
 */
export async function loggedUses(
  transport: Transport,
  { group, from, to }: { readonly group: string; readonly from: number; readonly to: number },
  wait?: (milliseconds: number) => Promise<unknown>,
): Promise<LoggedUses> {
  const rows = await queryLog(transport, { group, query: USES_QUERY, from, to }, wait);
  const callers = new Map<string, LoggedUse>();
  let withoutCaller: LoggedUse | undefined;
  for (const row of rows) {
    const use = useOf(row);
    const caller = row.get("caller");
    if (caller === undefined) withoutCaller = use;
    else callers.set(caller, use);
  }
  return { callers, withoutCaller };
}

function useOf(row: LogRow): LoggedUse {
  const lastUsedAt = secondsOf(row.get("lastUsed") ?? "");
  const tokens = Number(row.get("tokens") ?? "0");
  if (Number.isSafeInteger(lastUsedAt) && Number.isSafeInteger(tokens) && tokens >= 0) return { lastUsedAt, tokens };
  const words = "logs:GetQueryResults: a row has no time, or no number of tokens; is the endpoint AWS?";
  throw new AwsFailure("aws_unavailable", words, "");
}

/** As Insights shows `@timestamp`, in UTC. */
const SHOWN = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)$/;
const MAX_DATE_MS = 8.64e15;

// An aggregate of @timestamp is shown as one, or as the number of its milliseconds.
function secondsOf(text: string): number {
  const shown = SHOWN.exec(text);
  const milliseconds = shown === null ? Number(text || Number.NaN) : Date.parse(`${shown[1]}T${shown[2]}Z`);
  return milliseconds >= 0 && milliseconds <= MAX_DATE_MS ? Math.floor(milliseconds / 1_000) : Number.NaN;
}
