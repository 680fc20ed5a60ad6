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
  const least = Math.max(0, LEVELS.indexOf(env.AWS_LAMBDA_LOG_LEVEL || "INFO"));
  return (level, requestId, entry) => {
    if (LEVELS.indexOf(level) < least) return;
    const timestamp = new Date().toISOString();
    if (isJson) write(`${JSON.stringify({ timestamp, level, requestId, ...entry })}\n`);
    else write(`${timestamp}\t${requestId}\t${level}\t${JSON.stringify(entry)}\n`);
  };
}

/** A line of CloudWatch's embedded metric format. It is of level WARN, since Lambda drops what is below the configured level. */
export function metricsLine(installation: string, counts: Readonly<Record<string, number | readonly number[]>>): string {
  const metrics = Object.keys(counts).map((Name) => ({ Name, Unit: Name.endsWith("Milliseconds") ? "Milliseconds" : "Count" }));
  const CloudWatchMetrics = [{ Namespace: "Signet", Dimensions: [["Installation"]], Metrics: metrics }];
  const meta = { Timestamp: Date.now(), CloudWatchMetrics };
  return `${JSON.stringify({ _aws: meta, level: "WARN", Installation: installation, ...counts })}\n`;
}
