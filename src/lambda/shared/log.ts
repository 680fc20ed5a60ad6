import type { Environment } from "./settings.js";

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/** A severity of a line. */
type Level = "INFO" | "WARN" | "ERROR";

/** Writes a line: its level, the invocation that it is of, and what else is to be said. */
export type Log = (level: Level, requestId: string, entry: Readonly<Record<string, unknown>>) => void;

/**
 * The log of a function, in the format and from the level that Lambda's logging configuration says
 * (`AWS_LAMBDA_LOG_FORMAT`, `AWS_LAMBDA_LOG_LEVEL`).
 */
export function createLog(env: Environment, write: (line: string) => void): Log {
  const isJson = env.AWS_LAMBDA_LOG_FORMAT === "JSON";
  const least = Math.max(0, LEVELS.indexOf(leastOf(env)));
  return (level, requestId, entry) => {
    if (LEVELS.indexOf(level) < least) return;
    const timestamp = new Date().toISOString();
    if (isJson) write(`${JSON.stringify({ timestamp, level, requestId, ...entry })}\n`);
    else write(`${timestamp}\t${requestId}\t${level}\t${JSON.stringify(entry)}\n`);
  };
}

function leastOf(env: Environment): string {
  return env.AWS_LAMBDA_LOG_LEVEL || "INFO";
}

/**
 * A line of CloudWatch's embedded metric format. It is of the level that is configured, since Lambda drops what is below; of a line without a
 * timestamp Lambda believes no level (Lambda developer guide, "Log-level filtering").
 */
export function metricsLine(
  installation: string,
  counts: Readonly<Record<string, number | readonly number[]>>,
  env: Environment,
): string {
  const metrics = Object.keys(counts).map((Name) => ({ Name, Unit: Name.endsWith("Milliseconds") ? "Milliseconds" : "Count" }));
  const CloudWatchMetrics = [{ Namespace: "Signet", Dimensions: [["Installation"]], Metrics: metrics }];
  const now = Date.now();
  const meta = { Timestamp: now, CloudWatchMetrics };
  const timestamp = new Date(now).toISOString();
  return `${JSON.stringify({ _aws: meta, timestamp, level: leastOf(env), Installation: installation, ...counts })}\n`;
}
