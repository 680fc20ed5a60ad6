import cluster, { type Worker } from "node:cluster";
import { SignetError } from "../errors.js";
import { type Message, WORKER_PORT, workerStdio } from "./above.js";
import type { Logger } from "./log.js";
import type { SummedMetrics } from "./summed-metrics.js";

const MIN_LIFE_MS = 1_000;
/** A worker that is stopped or busy for longer is summed up as it was last seen. */
const MAX_REPORT_WAIT_MS = 1_000;
/** Longer than a worker takes to let its requests finish. */
const MAX_END_MS = 11_000;

/** Workers that serve the same address. */
export interface Workers {
  /** Where they listen; known when all of them do. */
  readonly url: string;
  close(): Promise<void>;
}

/** What the process above does for its workers. */
export interface AboveOptions {
  readonly log: Logger;
  /** Where the workers log. */
  readonly logFd: number;
  readonly metrics: SummedMetrics;
  /** The port that was chosen for all of them, whatever their command line says; absent for a Unix socket. */
  readonly port: number | undefined;
  /** Told of every worker that listens, those that were started anew included. */
  readonly onListening: () => Promise<void>;
  /** What a worker opens its keys with, which no environment and no file has: it was typed, or is asked for now. */
  readonly passphrase: () => Promise<string | undefined>;
  /** Told that a worker cannot write its log. */
  readonly onLogLost: (reason: string) => void;
}

/**
 * Starts workers, which run the same command as this process, and starts another for each that dies. None of them outlives this
 * process: they end when it is gone, and are killed where it ends while they are still there.
 *
 * @throws SignetError what a worker says that keeps it from serving
 */
export async function startWorkers(count: number, options: AboveOptions): Promise<Workers> {
  const { log } = options;
  // Each worker accepts by itself: a connection that is handed to a worker which has just died would hang for ever.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ stdio: workerStdio(options.logFd), args: process.argv.slice(2) });
  let isClosing = false;
  process.once("exit", () => {
    for (const worker of living()) worker.process.kill("SIGKILL");
  });
  listenToWorkers(options);
  const start = async (): Promise<string> => {
    const worker = cluster.fork(options.port === undefined ? {} : { [WORKER_PORT]: String(options.port) });
    worker.process.stderr?.on("data", (text: Buffer) => process.stderr.write(text));
    const url = await ready(worker);
    await options.onListening();
    return url;
  };
  const [url = ""] = await Promise.all(Array.from({ length: count }, start));
  const replace = (): void => {
    if (isClosing) return;
    start().then(
      () => log.info("a worker took the place of one that ended"),
      (error: Error) => log.error({ why: error.message }, "no worker could take the place of one that ended"),
    );
  };
  cluster.on("exit", (worker, code, signal) => {
    if (isClosing) return;
    log.error({ worker: worker.process.pid, code, signal }, "a worker ended; another takes its place");
    // One that dies at once would otherwise be started again without end and without pause. Where all have died nothing else keeps this
    // process alive until then.
    setTimeout(replace, MIN_LIFE_MS);
  });
  return Object.freeze({
    url,
    async close() {
      isClosing = true;
      await Promise.all(living().map(ended));
    },
  });
}

function listenToWorkers({ metrics, onLogLost, passphrase }: AboveOptions): void {
  const askForReports = reportsOfAll();
  cluster.on("message", (worker, message: Message) => {
    if (message.signet === "report") {
      if (message.counts !== undefined) metrics.add(message.counts);
      if (message.state !== undefined) metrics.setState(worker.id, message.state);
    } else if (message.signet === "metrics?") {
      const answer = (text: string) => tell(worker, { signet: "metrics", number: message.number, text });
      void askForReports().then(metrics.text).then(answer);
    } else if (message.signet === "passphrase?") {
      // Who ends the prompt ends the process.
      void passphrase().then((text) => tell(worker, { signet: "passphrase", text }));
    } else if (message.signet === "log lost") onLogLost(message.reason);
  });
  // What a worker said before it died comes before this.
  cluster.on("disconnect", ({ id }) => metrics.retire(id));
}

function living(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined && !worker.isDead()) as Worker[];
}

/** A worker that is gone already does not listen. */
function tell(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}

/** Answers a function that waits until all workers have reported what they counted until now. */
function reportsOfAll(): () => Promise<void> {
  let last = 0;
  return () => {
    const number = ++last;
    const asked = new Set(living());
    return new Promise((resolve) => {
      const done = (worker: Worker): void => {
        asked.delete(worker);
        if (asked.size > 0) return;
        cluster.off("message", onMessage);
        cluster.off("disconnect", done);
        clearTimeout(bound);
        resolve();
      };
      const onMessage = (worker: Worker, message: Message): void => {
        if (message.signet === "reported" && message.number === number) done(worker);
      };
      const bound = setTimeout(() => {
        for (const worker of [...asked]) done(worker);
      }, MAX_REPORT_WAIT_MS);
      cluster.on("message", onMessage);
      cluster.on("disconnect", done);
      for (const worker of asked) tell(worker, { signet: "report?", number });
    });
  };
}

function ready(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    worker.on("message", (message: Message) => {
      if (message.signet === "listening") resolve(message.url);
      else if (message.signet === "failed") reject(new SignetError(message.code, message.message));
    });
    worker.once("exit", () => reject(new SignetError("listen_failed", "a worker ended before it served")));
  });
}

function ended(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    const kill = setTimeout(() => worker.process.kill("SIGKILL"), MAX_END_MS);
    worker.once("exit", () => {
      clearTimeout(kill);
      resolve();
    });
    worker.process.kill("SIGTERM");
  });
}
