import cluster, { type Worker } from "node:cluster";
import type { Logger } from "./log.js";
import { createSum } from "./metrics.js";

/** What a worker and the process above it say to each other. */
type Message =
  | { readonly signet: "listening"; readonly url: string }
  | { readonly signet: "metrics?"; readonly number: number }
  | { readonly signet: "metrics"; readonly number: number; readonly text?: string | undefined };

const SHORTEST_LIFE_MS = 1_000;

/** Workers that serve the same address. */
export interface Workers {
  /** Where they listen; known when all of them do. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts workers, which run the same command as this process, and starts another for each that dies.
 *
 * @throws Error where a worker ends before it serves; it has said why itself
 */
export async function startWorkers(count: number, log: Logger): Promise<Workers> {
  // Each worker accepts by itself: a connection that is handed to a worker which has just died would hang for ever.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const sum = createSum();
  let isClosing = false;
  cluster.on("message", (worker, message: Message) => {
    if (message.signet === "metrics?") {
      const answer = (text?: string) => worker.send({ signet: "metrics", number: message.number, text } satisfies Message);
      sum().then(answer, () => answer());
    }
  });
  const started = Array.from({ length: count }, () => ready(cluster.fork()));
  const urls = await Promise.all(started);
  cluster.on("exit", (worker, code, signal) => {
    if (isClosing) return;
    log.error({ worker: worker.process.pid, code, signal }, "a worker ended; another takes its place");
    // One that dies at once would otherwise be started again without end and without pause.
    setTimeout(() => !isClosing && ready(cluster.fork()).catch(() => undefined), SHORTEST_LIFE_MS).unref();
  });
  return Object.freeze({
    url: urls[0] ?? "",
    async close() {
      isClosing = true;
      const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
      await Promise.all(workers.map(ended));
    },
  });
}

function ready(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    worker.on("message", (message: Message) => {
      if (message.signet === "listening") resolve(message.url);
    });
    worker.once("exit", () => reject(new Error("a worker ended before it served")));
  });
}

function ended(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once("exit", () => resolve());
    worker.process.kill("SIGTERM");
  });
}

/** In a worker: says that it serves. */
export function sayListening(url: string): void {
  process.send?.({ signet: "listening", url } satisfies Message);
}

/** In a worker: lets go of the process above, which would keep it alive. */
export function leave(): void {
  process.disconnect?.();
}

/** In a worker: asks the process above for the metrics of all workers. */
export function metricsFromAbove(): () => Promise<string> {
  let last = 0;
  const waiting = new Map<number, { resolve(text: string): void; reject(error: Error): void }>();
  process.on("message", (message: Message) => {
    if (message.signet !== "metrics") return;
    const asked = waiting.get(message.number);
    waiting.delete(message.number);
    if (message.text === undefined) asked?.reject(new Error("the workers' metrics could not be summed up"));
    else asked?.resolve(message.text);
  });
  return () =>
    new Promise((resolve, reject) => {
      const number = ++last;
      waiting.set(number, { resolve, reject });
      process.send?.({ signet: "metrics?", number } satisfies Message);
    });
}

/** Whether this process is a worker of another one. */
export const isWorker = cluster.isWorker;
