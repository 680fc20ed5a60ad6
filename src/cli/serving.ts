import { setTimeout as delay } from "node:timers/promises";
import type { Installation } from "../assemble.js";
import { isSignetError } from "../errors.js";
import { putLimitsInForce } from "../operator/limits-in-force.js";
import { createAbove, isWorker, WORKER_LOG_FD } from "../server/above.js";
import { createLog, type ServerLog } from "../server/log.js";
import { tickOnSchedule } from "../server/manage.js";
import { createMetrics } from "../server/metrics.js";
import { type ServerOptions, startServer } from "../server/server.js";
import { chosenPort } from "../server/socket.js";
import { type StopSignals, watchStopSignals } from "../server/stop-signals.js";
import { createSummedMetrics } from "../server/summed-metrics.js";
import { startWorkers } from "../server/workers.js";
import type { Context } from "./context.js";
import { EXIT, reportFailure } from "./output.js";

/** What is to be served. */
export interface Job extends Pick<ServerOptions, "changedConfig" | "dev" | "address" | "tls" | "version"> {
  readonly workers: number;
  /** Whether its log is JSON on a terminal too. */
  readonly json: boolean;
  /**
   * Opens the issuer, and checks that it may be served so.
   *
   * @param passphraseAbove in a worker: asks the process above, which has the terminal
   */
  open(passphraseAbove?: () => Promise<string | undefined>): Promise<Installation>;
  /** The passphrase that is typed at this process's terminal, once; `undefined` where there is none. */
  typedPassphrase(): Promise<string | undefined>;
  /** Told once it is served. */
  onServing(installation: Installation, url: string): void;
}

/** What serves. */
interface Serving {
  close(): Promise<unknown>;
}

/** Somewhat more than requests in flight get; a run of the key manager that takes longer is finished by the next one. */
const MAX_STOP_MS = 12_000;
const MAX_LAST_LINES_MS = 500;

/**
 * Serves until a signal, lets requests in flight finish, and ends the process; at a second signal it ends at once. It waits for
 * nothing that may never come: for no reader of its log, no request, no worker.
 */
export async function serveUntilStopped(context: Context, job: Job): Promise<never> {
  const signals = watchStopSignals();
  const serverLog = createLog(isWorker ? WORKER_LOG_FD : context.logFd, job.workers > 1, job.json);
  if (isWorker) return process.exit(await runWorker(context, job, { serverLog, signals }));
  if ("socket" in job.address) process.once("exit", job.address.socket.remove);
  let code: number = EXIT.done;
  try {
    const serving = await Promise.race([start(context, job, serverLog), signals.first]);
    await signals.first;
    if (serving !== undefined) code = await stop(serving, serverLog, signals);
    await Promise.race([context.untilEnd?.(), signals.again]);
  } catch (error) {
    code = reportFailure(error, context.output);
  }
  await serverLog.end(MAX_LAST_LINES_MS);
  return process.exit(code);
}

async function stop(serving: Serving, { log }: ServerLog, { again }: StopSignals): Promise<number> {
  log.info("stopping: requests in flight are finished");
  const isFinished = await Promise.race([serving.close().then(() => true), delay(MAX_STOP_MS, false), again.then(() => false)]);
  log.info(isFinished ? "stopped" : "stopped, and not everything was finished");
  return isFinished ? EXIT.done : EXIT.failed;
}

async function start(context: Context, job: Job, serverLog: ServerLog): Promise<Serving> {
  const installation = await job.open();
  await putLimitsInForce(installation, (words) => context.output.note(words));
  const socket = "socket" in job.address ? job.address.socket : undefined;
  await socket?.check();
  const { url, metrics, close } =
    job.workers === 1 ? await startAlone(context, job, { installation, serverLog }) : await startAbove(context, job, serverLog);
  await socket?.publish();
  const ticking = tickOnSchedule(installation, serverLog.log, metrics.dependencyFailed, context.output.pasteable);
  job.onServing(installation, url);
  return {
    close() {
      socket?.remove();
      return Promise.all([close(), ticking.stop()]);
    },
  };
}

interface Parts {
  readonly installation: Installation;
  readonly serverLog: ServerLog;
}

async function startAlone(context: Context, job: Job, { installation, serverLog }: Parts) {
  const server = await startServer({
    ...job,
    self: context.self,
    installation,
    log: serverLog.log,
    logAnswered: serverLog.answered,
  });
  const tellOnce = lossTeller(context);
  serverLog.onLost((reason, lines) => {
    server.metrics.logLost(reason, lines);
    tellOnce(reason);
  });
  return server;
}

async function startAbove(context: Context, job: Job, serverLog: ServerLog) {
  const own = createMetrics(
    () => undefined,
    () => 0,
  );
  const tellOnce = lossTeller(context);
  serverLog.onLost((reason, lines) => {
    own.logLost(reason, lines);
    tellOnce(reason);
  });
  const port = await chosenPort(job.address);
  const workers = await startWorkers(job.workers, {
    port,
    log: serverLog.log,
    logFd: context.logFd,
    metrics: createSummedMetrics(own),
    onListening: async () => {
      if ("socket" in job.address) await job.address.socket.publish();
    },
    passphrase: job.typedPassphrase,
    onLogLost: tellOnce,
  });
  return { ...workers, metrics: own };
}

/** Serves below another process, which says what there is to say, and answers the exit code. */
async function runWorker(context: Context, job: Job, parts: Pick<Parts, "serverLog"> & { readonly signals: StopSignals }) {
  const { serverLog, signals } = parts;
  const above = createAbove();
  try {
    const serving = await Promise.race([startBelow(), signals.first]);
    if (serving === undefined) return EXIT.done;
    await signals.first;
    await Promise.race([serving.close(), delay(MAX_STOP_MS)]);
    await Promise.race([above.leave(), delay(MAX_LAST_LINES_MS)]);
  } catch (error) {
    if (!isSignetError(error)) return reportFailure(error, context.output);
    await above.sayFailed(error);
    return EXIT.failed;
  }
  await serverLog.end(MAX_LAST_LINES_MS);
  return EXIT.done;

  async function startBelow(): Promise<Serving> {
    const server = await startServer({
      ...job,
      self: context.self,
      installation: await job.open(above.passphrase),
      log: serverLog.log,
      logAnswered: serverLog.answered,
      above,
    });
    serverLog.onLost((reason, lines) => {
      server.metrics.logLost(reason, lines);
      above.sayLogLost(reason);
    });
    above.sayListening(server.url);
    return server;
  }
}

function lossTeller({ output }: Context): (reason: string) => void {
  let isTold = false;
  return (reason) => {
    if (isTold) return;
    isTold = true;
    const why = reason === "full" ? "it is not read" : reason;
    output.note(`signet: the log cannot be written (${why}); its lines are lost and counted in signet_log_lines_lost_total`);
  };
}
