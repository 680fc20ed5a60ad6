import type { Command } from "commander";

/**
 * Commands that change nothing and judge nothing: once their reader is gone there is nothing left to do. Every other one finishes
 * its work, and its exit code says what became of that.
 */
const ONLY_PRINT: ReadonlySet<string> = new Set([
  "",
  "issue",
  "inspect",
  "jwks",
  "cost",
  "completion",
  "version",
  "__values",
  "template",
  "outputs",
  "keys list",
  "keys explain",
  "keys pem",
  "keys history",
  "callers list",
]);

/** Tells whether a command may end as soon as its reader is gone. */
export function onlyPrints(command: Command): boolean {
  const words: string[] = [];
  for (let each: Command = command; each.parent !== null; each = each.parent) words.unshift(each.name());
  return ONLY_PRINT.has(words.join(" "));
}
