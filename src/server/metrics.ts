import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Installation } from "../assemble.js";
import type { Answered } from "./listener.js";

type KmsSigned = Parameters<Parameters<Installation["watchKms"]>[0]>[0];

/** The key that signs now, as far as metrics name it. */
export interface KeyInUse {
  readonly alg: string;
  readonly kid: string;
  readonly activatedAt: number | undefined;
  /** When the policy lets the next key sign; absent where that is done by hand. */
  readonly rotatesAt: number | undefined;
}

/** What a server counts. */
export interface Metrics {
  answered(answered: Answered): void;
  dependencyFailed(dependency: string): void;
  kmsSigned(signed: KmsSigned): void;
  kmsRetried(): void;
  logLost(reason: string, lines: number): void;
  /** What was counted since this was last asked; it is counted here no more. */
  takeCounts(): Promise<readonly MetricJson[]>;
  /** What this process is at the moment: memory, processor time, the age of the key. */
  state(): Promise<readonly MetricJson[]>;
  /** Told whenever something was counted. */
  onCount(listener: () => void): void;
  /** The metrics of this process in Prometheus's text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** A metric with its values, as prom-client writes it down. */
export type MetricJson = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>[number];

const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const ISSUING = new Set(["/issue", "/encode", "/token", "/2015-03-31/functions/{name}/invocations"]);

/** Makes the metrics of this process. No label holds what a stranger could choose. */
export function createMetrics(keyInUse: () => KeyInUse | undefined, clock: () => number): Metrics {
  const state = new Registry();
  const counts = new Registry();
  let onCount: () => void = () => undefined;
  collectDefaultMetrics({ register: state });
  const { requests, tokens, failures, kmsSeconds, kmsRetries, unproven, logLost } = createCounters(counts);
  addKeyGauges(state, keyInUse, clock);
  const counters = [requests, tokens, failures, kmsSeconds, kmsRetries, unproven, logLost];
  return Object.freeze({
    answered({ context: { log }, status, milliseconds }: Answered) {
      const { route = "(none)", caller = "", code, tokens: issued } = log;
      requests.observe({ route, status }, milliseconds / 1_000);
      onCount();
      if (!ISSUING.has(route)) return;
      const { alg = "", kid = "" } = keyInUse() ?? {};
      if (issued !== undefined) tokens.inc({ alg, kid, caller, outcome: "issued" }, issued);
      else if (code !== undefined) tokens.inc({ alg, kid, caller, outcome: code });
    },
    dependencyFailed(dependency: string) {
      failures.inc({ dependency });
      onCount();
    },
    kmsSigned({ milliseconds, isProven }: KmsSigned) {
      kmsSeconds.observe(milliseconds / 1_000);
      if (!isProven) unproven.inc();
      onCount();
    },
    kmsRetried() {
      kmsRetries.inc();
      onCount();
    },
    logLost(reason: string, lines: number) {
      logLost.inc({ reason }, lines);
      onCount();
    },
    async takeCounts() {
      // Nothing is counted between the two: what get() answers is taken before it first waits.
      const taken = counters.map((counter) => counter.get() as Promise<MetricJson>);
      for (const counter of counters) counter.reset();
      return await Promise.all(taken);
    },
    state: () => state.getMetricsAsJSON() as Promise<MetricJson[]>,
    onCount(listener: () => void) {
      onCount = listener;
    },
    text: async () => `${await counts.metrics()}\n${await state.metrics()}`,
    contentType: counts.contentType,
  });
}

function createCounters(registry: Registry) {
  const registers = [registry];
  const requests = new Histogram({
    name: "signet_request_seconds",
    help: "Time from a request's last byte to its answer.",
    labelNames: ["route", "status"],
    buckets: SECONDS,
    registers,
  });
  const tokens = new Counter({
    name: "signet_tokens_total",
    help: "Tokens asked for, by outcome: issued, or the code of the error.",
    labelNames: ["alg", "kid", "caller", "outcome"],
    registers,
  });
  const failures = new Counter({
    name: "signet_dependency_failures_total",
    help: "Reads and runs that failed.",
    labelNames: ["dependency"],
    registers,
  });
  const kmsSeconds = new Histogram({
    name: "signet_kms_sign_seconds",
    help: "Time that KMS takes to sign.",
    buckets: SECONDS,
    registers,
  });
  const kmsRetries = new Counter({
    name: "signet_kms_sign_retries_total",
    help: "Calls for a signature of KMS that were made once more, after no answer or too many calls.",
    registers,
  });
  const unproven = new Counter({
    name: "signet_self_check_failures_total",
    help: "Signatures of KMS that the public key refused. None of them was answered.",
    registers,
  });
  const logLost = new Counter({
    name: "signet_log_lines_lost_total",
    help: "Lines of the log that could not be written, by reason: an error code, or full where they are not read.",
    labelNames: ["reason"],
    registers,
  });
  return { requests, tokens, failures, kmsSeconds, kmsRetries, unproven, logLost };
}

function addKeyGauges(registry: Registry, keyInUse: () => KeyInUse | undefined, clock: () => number): void {
  const gauge = (name: string, help: string, secondsOf: (key: KeyInUse) => number | undefined): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      aggregator: "max",
      collect() {
        const key = keyInUse();
        const value = key && secondsOf(key);
        if (value !== undefined) this.set(value);
      },
    });
  };
  gauge("signet_active_key_age_seconds", "Age of the active key.", ({ activatedAt }) => activatedAt && clock() - activatedAt);
  gauge(
    "signet_next_rotation_seconds",
    "Time until the next planned rotation.",
    ({ rotatesAt }) => rotatesAt && rotatesAt - clock(),
  );
}
