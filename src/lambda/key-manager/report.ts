import { createParameterReader } from "../../aws/ssm.js";
import type { Transport } from "../../aws/transport.js";
import { isSignetError } from "../../errors.js";
import { notifierOf } from "../../notify/notifier.js";
import type { Report } from "../../rotation/report.js";
import type { Step } from "../../rotation/session/context.js";
import type { Notify } from "../../rotation/session/notice.js";
import { createLog, type Log, metricsLine } from "../shared/log.js";
import { errorWithoutStack, failureOf } from "../shared/report.js";
import { type Environment, wrong } from "../shared/settings.js";
import type { ManagerSettings } from "./settings.js";

/** Says in log and metrics what became of the key manager's runs. */
export interface ManagerLog {
  /** Before each step. */
  step(requestId: string, step: Step): void;
  done(requestId: string, answer: Partial<Report>): void;
  /** A request of CloudFormation's was answered. */
  answered(requestId: string, entry: { readonly request: string; readonly outcome: string }): void;
  /** @returns the failure as the invocation's own: its name is the code */
  failed(requestId: string, error: unknown): Error;
}

/** Makes the log of the key manager. */
export function createManagerReport(
  { installation, metrics }: ManagerSettings,
  env: Environment,
  write: (line: string) => void,
): ManagerLog {
  const log = createLog(env, write);
  const count = (counts: Readonly<Record<string, number>>) => {
    if (metrics) write(metricsLine(installation, { ManagerRuns: 1, ...counts }, env));
  };
  return {
    step: (requestId, { action, words }) => log("INFO", requestId, { action, words }),
    done(requestId, { actions = [], waits = [], nextAt = null, strays = [] }) {
      // Told once a sweep: what is destroyed by itself needs no operator.
      const kept = actions.some(({ kind }) => kind === "sweep")
        ? strays.filter(({ destroyedAfter }) => destroyedAfter === null)
        : [];
      for (const { name, monthlyUsd, words } of kept) log("WARN", requestId, { stray: name, monthlyUsd, words });
      const late = waits.find(({ rule }) => rule === "overdue");
      if (late !== undefined) log("WARN", requestId, { overdue: late.kid, words: late.words });
      log("INFO", requestId, { outcome: "done", actions: actions.length, waits: waits.map(({ words }) => words), nextAt });
      count({ ManagerActions: actions.length, ManagerFailures: 0 });
    },
    answered(requestId, entry) {
      log("INFO", requestId, entry);
      count({ ManagerFailures: entry.outcome === "FAILED" ? 1 : 0 });
    },
    failed(requestId, error) {
      log("ERROR", requestId, { outcome: "failed", ...failureOf(error) });
      count({ ManagerFailures: 1 });
      // A caller of the key manager operates the installation, and is told what to do.
      if (isSignetError(error)) return errorWithoutStack(error.code, error.message);
      return errorWithoutStack("internal", "something unexpected failed; the log says more");
    },
  };
}

const PARAMETER = "ssm:";

/** Writes each change of a key to the function's log, and sends it to what else is configured. */
export function managerNotices({ notices }: ManagerSettings, transport: Transport, log: Log): Notify {
  let others: Promise<Notify | undefined> | undefined;

  // The secret is read when there is something to sign with it: most ticks have nothing to tell.
  async function notifier(): Promise<Notify | undefined> {
    const { webhookSecret = "" } = notices;
    if (!webhookSecret.startsWith(PARAMETER)) return notifierOf(notices, () => transport);
    const name = webhookSecret.slice(PARAMETER.length);
    const found = (await createParameterReader(transport).get([name])).get(name);
    if (found === undefined) throw wrong("SIGNET_WEBHOOK_SECRET", "names a parameter that is not there");
    return notifierOf({ ...notices, webhookSecret: found.trim() }, () => transport);
  }

  return async (notice) => {
    const { event, keys, why } = notice.change;
    others ??= notifier();
    try {
      await (await others)?.(notice);
    } catch (error) {
      others = undefined;
      throw error;
    }
    // Of level WARN: a rotation must show at whatever level the function's log has.
    log("WARN", "notice", { notice: event, keys, why, signs: notice.signs, next: notice.next });
  };
}
