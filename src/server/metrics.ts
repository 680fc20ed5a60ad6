import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Installation } from "../assemble.js";
import { type ErrorCode, toPublicError } from "../errors.js";
import type { Answered } from "./listener.js";

type KmsSigned = Parameters<Parameters<Installation["watchKms"]>[0]>[0];

/** The key that signs now, as far as metrics name it. */
export interface KeyInUse {
  readonly alg: string;
  readonly kid: string;
  readonly activatedAt: number | undefined;
  /** When the policy lets the next key sign; absent where that is done by hand. */
  readonly rotatesAt: number | undefined;
  /** How many keys could sign next: published, and nothing known against them. Absent where a key is made when it is asked for. */
  readonly standbys: number | undefined;
}

/** What a server counts. */
export interface Metrics {
  answered(answered: Answered): void;
  dependencyFailed(dependency: string): void;
  /** The keys of another issuer could not be fetched. */
  keysFailed(issuer: string): void;
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
/** A request of another method has asked for no token. */
const NOT_ASKED: ErrorCode = "method_not_allowed";

/** Why a proof was not taken: the codes that /decode, which fetches others' keys too, shares with it are told apart by the route. */
const PROOF_REFUSALS = new Set<string>([
  ...(["proof_refused", "proof_replayed", "replay_store_full", "replay_store_failed"] satisfies ErrorCode[]),
  ...(["jwks_unavailable", "jwks_misconfigured"] satisfies ErrorCode[]),
]);

/** Makes the metrics of this process. No label holds what a stranger could choose. */
export function createMetrics(keyInUse: () => KeyInUse | undefined, clock: () => number): Metrics {
  const state = new Registry();
  const counts = new Registry();
  let onCount: () => void = () => undefined;
  collectDefaultMetrics({ register: state });
  const counters = createCounters(counts);
  const { requests, tokens, provenTokens, proofRefusals, keyFailures, failures, kmsSeconds, kmsRetries, unproven, logLost } =
    counters;
  addKeyGauges(state, keyInUse, clock);
  return Object.freeze({
    answered({ context: { log }, status, milliseconds }: Answered) {
      const { route = "(none)", caller = "", proof, code, tokens: issued, failures } = log;
      requests.observe({ route, status }, milliseconds / 1_000);
      onCount();
      if (proof !== undefined && issued !== undefined)
        provenTokens.inc({ caller, rule: proof.rule, issuer: proof.issuer }, issued);
      if (code !== undefined && PROOF_REFUSALS.has(code) && route !== "/decode") proofRefusals.inc({ reason: code });
      if (!ISSUING.has(route)) return;
      const { alg = "", kid = "" } = keyInUse() ?? {};
      if (issued !== undefined) tokens.inc({ alg, kid, caller, outcome: "issued" }, issued);
      else if (code !== undefined && code !== NOT_ASKED) tokens.inc({ alg, kid, caller, outcome: code });
      if (failures !== undefined) tokens.inc({ alg, kid, caller, outcome: toPublicError(failures.first).code }, failures.count);
    },
    dependencyFailed(dependency: string) {
      failures.inc({ dependency });
      onCount();
    },
    keysFailed(issuer: string) {
      keyFailures.inc({ issuer });
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
      const taken = Object.values(counters).map((counter) => counter.get() as Promise<MetricJson>);
      for (const counter of Object.values(counters)) counter.reset();
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
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
  return {
    requests: histogram("signet_request_seconds", "Time from a request's last byte to its answer.", ["route", "status"]),
    tokens: counter("signet_tokens_total", "Tokens asked for, by outcome: issued, or the code of the error.", [
      "alg",
      "kid",
      "caller",
      "outcome",
    ]),
    provenTokens: counter(
      "signet_proven_tokens_total",
      "Tokens issued for a proof, by caller, the rule that took it, and the issuer that the rule names.",
      ["caller", "rule", "issuer"],
    ),
    proofRefusals: counter(
      "signet_proof_refusals_total",
      "Proofs that were not taken, by the code of the error; the log has the reason.",
      ["reason"],
    ),
    keyFailures: counter(
      "signet_rule_key_failures_total",
      "Fetches of another issuer's keys that failed, by the issuer that a rule names.",
      ["issuer"],
    ),
    failures: counter("signet_dependency_failures_total", "Reads and runs that failed.", ["dependency"]),
    kmsSeconds: histogram("signet_kms_sign_seconds", "Time that KMS takes to sign."),
    kmsRetries: counter(
      "signet_kms_sign_retries_total",
      "Calls for a signature of KMS that were made once more, after no answer or too many calls.",
    ),
    unproven: counter(
      "signet_self_check_failures_total",
      "Signatures of KMS that the public key refused. None of them was answered.",
    ),
    logLost: counter(
      "signet_log_lines_lost_total",
      "Lines of the log that could not be written, by reason: an error code, or full where they are not read.",
      ["reason"],
    ),
  };
}

function addKeyGauges(registry: Registry, keyInUse: () => KeyInUse | undefined, clock: () => number): void {
  const gauge = (name: string, help: string, amountOf: (key: KeyInUse) => number | undefined): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      aggregator: "max",
      collect() {
        const key = keyInUse();
        const value = key && amountOf(key);
        // A gauge that was never set would say 0.
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  };
  gauge("signet_active_key_age_seconds", "Age of the active key.", ({ activatedAt }) => activatedAt && clock() - activatedAt);
  gauge(
    "signet_next_rotation_seconds",
    "Time until the next planned rotation; below 0 where it is overdue.",
    ({ rotatesAt }) => rotatesAt && rotatesAt - clock(),
  );
  gauge(
    "signet_standby_keys",
    "Keys that could sign next: published, and proven when they were last looked at.",
    (key) => key.standbys,
  );
}
