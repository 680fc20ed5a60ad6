import { must } from "./refusal.mjs";

/** StartQuery, "Request Parameters". */
const MEMBERS = [
  "logGroupName",
  "logGroupNames",
  "logGroupIdentifiers",
  "startTime",
  "endTime",
  "queryString",
  "limit",
  "queryLanguage",
];
/** The one form of query that is understood: which lines, and of each group the latest time and a sum. */
const QUERY = /^filter (\w+) = "([^"]*)" \| stats max\(@timestamp\) as (\w+), sum\((\w+)\) as (\w+) by (\w+)$/;
const DAY_MS = 86_400_000;

/**
 * CloudWatch Logs, as far as its Insights go (API reference, "StartQuery" and "GetQueryResults"; user guide, "Logs Insights language query
 * syntax"). Groups hold lines as the function writes them, with times in milliseconds; a query takes times in seconds.
 *
 * @param {{ accountId: string, region: string, partition: string, now: () => number }} world
 */
export function createLogsFake({ accountId, region, partition, now }) {
  const state = {
    /** @type {Map<string, { createdAt: number, retentionDays: number, lines: { timestamp: number, message: string }[] }>} */
    groups: new Map(),
    /** The states that queries go through before their end; the last one for ever. @type {string[]} */
    before: [],
    end: "Complete",
    /** How an aggregate of @timestamp is shown: the user guide has both. @type {"text" | "milliseconds"} */
    times: "text",
    /** @type {Map<string, { rows: object[], looks: number }>} */
    queries: new Map(),
  };
  const invalid = (/** @type {unknown} */ holds, /** @type {string} */ what) => must(holds, "InvalidParameterException", what);

  function fieldsOf({ message }) {
    try {
      return JSON.parse(message);
    } catch {
      return {};
    }
  }

  function groupNamed(name) {
    const group = state.groups.get(name);
    must(group, "ResourceNotFoundException", `Log group '${name}' does not exist for account ID '${accountId}'`);
    return group;
  }

  // "@timestamp": 2026-11-25 10:00:00.000, in UTC.
  const shownTime = (milliseconds) =>
    state.times === "text" ? new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "") : String(milliseconds);

  function rowsOf(lines, queryString) {
    const parts = QUERY.exec(queryString);
    must(parts, "MalformedQueryException", `unexpected symbol found in ${queryString}`);
    const [, field = "", value, latest, summed = "", sum, by = ""] = parts;
    const groups = new Map();
    for (const line of lines) {
      const fields = fieldsOf(line);
      if (fields[field] !== value) continue;
      const { at = 0, total = 0 } = groups.get(fields[by]) ?? {};
      groups.set(fields[by], { at: Math.max(at, line.timestamp), total: total + (Number(fields[summed]) || 0) });
    }
    return [...groups].map(([name, { at, total }]) => [
      // A field that lines do not have is no field of their row.
      ...(name === undefined ? [] : [{ field: by, value: String(name) }]),
      { field: latest, value: shownTime(at) },
      { field: sum, value: String(total) },
    ]);
  }

  const actions = {
    StartQuery(input) {
      for (const name of Object.keys(input)) must(MEMBERS.includes(name), "SerializationException", name);
      const { logGroupName, logGroupNames, logGroupIdentifiers, startTime, endTime, queryString, limit } = input;
      const chosen = [logGroupName, logGroupNames, logGroupIdentifiers].filter((each) => each !== undefined);
      invalid(chosen.length === 1, "exactly one of logGroupName, logGroupNames and logGroupIdentifiers");
      for (const time of [startTime, endTime]) invalid(Number.isSafeInteger(time) && time >= 0, "startTime and endTime: seconds");
      // Milliseconds would be a time thousands of years from now.
      invalid(startTime <= endTime && endTime <= now() / 1_000 + DAY_MS / 1_000, "startTime and endTime: seconds since 1970");
      invalid(limit === undefined || (Number.isSafeInteger(limit) && limit >= 1 && limit <= 10_000), "limit: 1 to 10,000");
      invalid(typeof queryString === "string" && queryString.length <= 10_000, "queryString: at most 10,000 characters");
      const group = groupNamed(logGroupName ?? logGroupNames?.[0] ?? logGroupIdentifiers?.[0]);
      const oldest = Math.max(group.createdAt, now() - group.retentionDays * DAY_MS);
      const outside =
        "end date and time is either before the log groups creation time or exceeds the log groups log retention settings";
      must(endTime * 1_000 >= oldest, "MalformedQueryException", outside);
      const lines = group.lines.filter(
        ({ timestamp }) => timestamp >= oldest && timestamp >= startTime * 1_000 && timestamp <= endTime * 1_000 + 999,
      );
      const queryId = crypto.randomUUID();
      state.queries.set(queryId, { rows: rowsOf(lines, queryString), looks: 0 });
      return { queryId };
    },
    GetQueryResults({ queryId, ...others }) {
      must(Object.keys(others).length === 0, "SerializationException", Object.keys(others).join());
      invalid(typeof queryId === "string", "queryId");
      const query = state.queries.get(queryId);
      must(query, "ResourceNotFoundException", "The specified query does not exist.");
      const status = state.before.at(Math.min(query.looks, state.before.length - 1));
      query.looks += 1;
      const isEnded = status === undefined || (query.looks > state.before.length && state.end !== "");
      const statistics = { recordsMatched: query.rows.length, recordsScanned: 1_000, bytesScanned: 100_000 };
      // "If the value of the Status field in the output is Running, this operation returns only partial results."
      if (!isEnded) return { results: status === "Running" ? query.rows.slice(0, 1) : [], statistics, status };
      return { results: state.end === "Complete" ? query.rows : [], statistics, status: state.end };
    },
  };
  // Service authorization reference: a query is started on log groups, and its results belong to none.
  const resourceOf = ({ logGroupName }) =>
    logGroupName === undefined ? "*" : `arn:${partition}:logs:${region}:${accountId}:log-group:${logGroupName}`;
  return { actions, resourceOf, state };
}
