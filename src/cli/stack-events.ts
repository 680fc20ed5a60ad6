import type { StackEvent } from "../deploy/stack.js";

/** An event in one line. */
export function eventInWords({ ResourceStatus, LogicalResourceId = "", ResourceStatusReason }: StackEvent): string {
  const status: string = ResourceStatus ?? "";
  const why = status.endsWith("_FAILED") && ResourceStatusReason !== undefined ? `: ${ResourceStatusReason}` : "";
  return `${status.toLowerCase().replaceAll("_", " ").padEnd(20)} ${LogicalResourceId}${why}`;
}
