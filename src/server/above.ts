import cluster from "node:cluster";
import type { ErrorCode, SignetError } from "../errors.js";
import type { MetricJson, Metrics } from "./metrics.js";

/** What a worker and the process above it say to each other. */
export type Message =
  | { readonly signet: "listening"; readonly url: string }
  | { readonly signet: "failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly signet: "log lost"; readonly reason: string }
  | { readonly signet: "passphrase?" }
  | { readonly signet: "passphrase"; readonly text?: string | undefined }
  | { readonly signet: "metrics?"; readonly number: number }
  | { readonly signet: "metrics"; readonly number: number; readonly text: string }
  | { readonly signet: "report?"; readonly number: number }
  | { readonly signet: "report"; readonly counts?: readonly MetricJson[]; readonly state?: readonly MetricJson[] }
  | { readonly signet: "reported"; readonly number: number };

/** How often a worker reports what it counted: what is lost where it is killed is what it answered since. */
const REPORT_MS = 25;
const STATE_MS = 5_000;

/** In a worker: the process above. */
export interface Above {
  sayListening(url: string): void;
  /** Says why this worker cannot serve. */
  sayFailed(error: SignetError): Promise<void>;
  sayLogLost(reason: string): void;
  /** What was typed at the terminal, which only that process has; `undefined` where there is none. */
  passphrase(): Promise<string | undefined>;
  /** Reports what is counted from now on. */
  follow(metrics: Pick<Metrics, "onCount" | "takeCounts" | "state">): void;
  /** The metrics of all workers. */
  metrics(): Promise<string>;
  /** Reports for the last time. */
  leave(): Promise<void>;
}

/** In a worker: speaks to the process above. */
export function createAbove(): Above {
  let last = 0;
  const waiting = new Map<number, (text: string) => void>();
  const waitingForPassphrase: ((text: string | undefined) => void)[] = [];
  let report: (withState: boolean) => Promise<void> = async () => undefined;
  process.on("message", (message: Message) => {
    if (message.signet === "report?") {
      // What was answered a moment ago is counted in the next turn of the event loop.
      void new Promise(setImmediate).then(() => report(true)).then(() => say({ signet: "reported", number: message.number }));
    } else if (message.signet === "metrics") {
      waiting.get(message.number)?.(message.text);
      waiting.delete(message.number);
    } else if (message.signet === "passphrase") {
      for (const answer of waitingForPassphrase.splice(0)) answer(message.text);
    }
  });
  return Object.freeze({
    sayListening: (url: string) => void say({ signet: "listening", url }),
    sayFailed: ({ code, message }: SignetError) => say({ signet: "failed", code, message }),
    sayLogLost: (reason: string) => void say({ signet: "log lost", reason }),
    passphrase: () =>
      new Promise<string | undefined>((resolve) => {
        waitingForPassphrase.push(resolve);
        void say({ signet: "passphrase?" });
      }),
    follow(metrics: Pick<Metrics, "onCount" | "takeCounts" | "state">) {
      report = reporter(metrics);
    },
    metrics: () =>
      new Promise<string>((resolve) => {
        const number = ++last;
        waiting.set(number, resolve);
        void say({ signet: "metrics?", number });
      }),
    leave: () => report(true),
  });
}

function reporter(metrics: Pick<Metrics, "onCount" | "takeCounts" | "state">): (withState: boolean) => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const report = async (withState: boolean): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const counts = (await metrics.takeCounts()).filter(({ values }) => values.some(({ value }) => value !== 0));
    await say({ signet: "report", counts });
    if (withState) await say({ signet: "report", state: await metrics.state() });
  };
  metrics.onCount(() => {
    timer ??= setTimeout(report, REPORT_MS, false);
  });
  setInterval(report, STATE_MS, true).unref();
  return report;
}

function say(message: Message): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

/** Whether this process is a worker of another one. */
export const isWorker = cluster.isWorker;

/** The variable by which the process above tells its workers the port that it has chosen for all. */
export const WORKER_PORT = "PORT_OF_WORKERS";

/** The port that was chosen for this worker; `undefined` in what is none. */
export function portFromAbove(): string | undefined {
  return isWorker ? process.env[WORKER_PORT] : undefined;
}

/**
 * What a worker is given. libuv and Node make the first three blocking again for all that share them, at each start and each end of a
 * process: a full pipe would then hold all of them. So the log comes under a number of its own.
 */
export const workerStdio = (logFd: number): (string | number)[] => ["ignore", "ignore", "pipe", "ipc", logFd];

/** Where a worker logs. */
export const WORKER_LOG_FD = 4;
