import { AggregatorRegistry } from "prom-client";
import type { MetricJson, Metrics } from "./metrics.js";

/**
 * The metrics of a process and of the workers below it. Workers report what they counted and forget it, so a worker that ends takes
 * nothing with it but what it had not yet reported.
 */
export interface SummedMetrics {
  /** Adds what a worker counted. */
  add(counts: readonly MetricJson[]): void;
  /** Puts down what a worker is at the moment. */
  setState(worker: number, state: readonly MetricJson[]): void;
  /** Keeps what a worker that ended has summed up itself, such as processor time, and forgets what it was. */
  retire(worker: number): void;
  text(): Promise<string>;
}

/** Buckets, sum and count of a histogram have names of their own. */
type Value = MetricJson["values"][number] & { readonly metricName?: string };

/** A sum of values by metric, and within it by name and labels. */
type Sum = Map<string, { readonly metric: MetricJson; readonly values: Map<string, Value> }>;

/** What outlives a worker; gauges do not. */
const KEPT = new Set(["counter", "histogram", "summary"]);

/** Sums up from nothing. `own` counts what the process above does itself. */
export function createSummedMetrics(own: Pick<Metrics, "takeCounts">): SummedMetrics {
  const sum: Sum = new Map();
  const states = new Map<number, readonly MetricJson[]>();
  return Object.freeze({
    add: (counts: readonly MetricJson[]) => addTo(sum, counts),
    setState: (worker: number, state: readonly MetricJson[]) => void states.set(worker, state),
    retire(worker: number) {
      const state = states.get(worker) ?? [];
      addTo(
        sum,
        state.filter(({ type }) => KEPT.has(String(type))),
      );
      states.delete(worker);
    },
    async text() {
      addTo(sum, await own.takeCounts());
      const summed = [...sum.values()].map(({ metric, values }) => ({ ...metric, values: [...values.values()] }));
      return AggregatorRegistry.aggregate([summed, ...states.values()] as unknown as object[]).metrics();
    },
  });
}

function addTo(sum: Sum, counts: readonly MetricJson[]): void {
  for (const metric of counts) {
    const found = sum.get(metric.name) ?? { metric, values: new Map() };
    sum.set(metric.name, found);
    for (const value of metric.values as Value[]) {
      const key = `${value.metricName ?? ""} ${JSON.stringify(value.labels)}`;
      const before = found.values.get(key)?.value ?? 0;
      found.values.set(key, { ...value, value: before + value.value });
    }
  }
}
