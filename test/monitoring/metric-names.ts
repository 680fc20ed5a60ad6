import { createMetrics } from "../../src/server/metrics.js";

/** What a server exports: each metric's name, its labels and what it says of itself, from its own registry. */
export async function exportedMetrics(): Promise<ReadonlyMap<string, { readonly type: string; readonly help: string }>> {
  const metrics = createMetrics(
    () => undefined,
    () => 0,
  );
  const text = await metrics.text();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
  return new Map(
    [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = "", help = ""]) => [name, { type: types.get(name) ?? "", help }]),
  );
}

/** The names of a metric's series: a histogram has three. */
export const seriesOf = (name: string, type: string): readonly string[] =>
  type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];

/** What stands in a query and is no metric. */
const KEYWORDS = new Set([
  "by",
  "without",
  "or",
  "and",
  "unless",
  "on",
  "ignoring",
  "offset",
  "bool",
  "group_left",
  "group_right",
]);

/** The metrics that a query names: every word of it that is no function, label, keyword, text or duration. */
export function metricsIn(query: string): readonly string[] {
  const bare = query
    .replaceAll(/"[^"]*"/g, "")
    .replaceAll(/\{[^}]*\}/g, " ")
    .replaceAll(/\[[^\]]*\]/g, " ")
    .replaceAll(/\boffset\s+\w+/g, " ")
    .replaceAll(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, " ");
  return [...bare.matchAll(/\b([a-zA-Z_:][\w:]*)\b(?!\s*\()/g)].map(([word]) => word).filter((word) => !KEYWORDS.has(word));
}
