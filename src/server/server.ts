import type { Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Installation } from "../assemble.js";
import { SignetError } from "../errors.js";
import { callersFolder, createLastUses, type LastUses } from "../files/last-uses.js";
import { devGuard } from "../http/dev-guard.js";
import { invocationRoute } from "../http/invoke.js";
import { createRoutes } from "../http/routes.js";
import type { Above } from "./above.js";
import { type Followed, type FollowOptions, follow } from "./follow.js";
import { type Answered, createListener } from "./listener.js";
import { causeOf, type Logger, type ServerLog } from "./log.js";
import { createMetrics, type Metrics } from "./metrics.js";
import { certificateReloader, createSocketServer, type ListenAddress, listen, type TlsFiles } from "./socket.js";
import { boundYoungGeneration } from "./young-generation.js";

/** What one serving process is made of. */
export interface ServerOptions {
  readonly installation: Installation;
  readonly changedConfig: FollowOptions["changedConfig"];
  readonly address: ListenAddress;
  readonly tls?: TlsFiles | undefined;
  /** Answers Lambda's Invoke API too, and only to programs on this machine. */
  readonly dev: boolean;
  readonly version: string;
  /** How the command is called here, for hints in answers. */
  readonly self?: string | undefined;
  readonly log: Logger;
  /** Logs a request. */
  readonly logAnswered: ServerLog["answered"];
  /** The process above, where there are several: it has the metrics of all. */
  readonly above?: Pick<Above, "follow" | "metrics"> | undefined;
}

/** A server that serves. */
export interface RunningServer {
  /** Where it listens; the URL of a Unix socket is its path. */
  readonly url: string;
  readonly followed: Followed;
  readonly metrics: Metrics;
  /** Stops accepting, lets requests in flight finish for a bounded time, and ends. */
  close(): Promise<void>;
}

const FOLLOW_SECONDS = 1;
/** Calls to AWS have quotas and prices. */
const FOLLOW_AWS_SECONDS = 60;
const MAX_CLOSE_MS = 10_000;

/**
 * Serves an installation.
 *
 * @throws SignetError `listen_failed`, and what reading the active key throws
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { installation, address, tls, log } = options;
  const clock = (): number => Math.floor(Date.now() / 1_000);
  const metrics = createMetrics(() => followed.keyInUse(), clock);
  watchCalls(installation, metrics, log);
  const storesEverySeconds = installation.config.aws === undefined ? undefined : FOLLOW_AWS_SECONDS;
  const followed = follow({
    ...options,
    everySeconds: FOLLOW_SECONDS,
    storesEverySeconds,
    ...readTeller(metrics, log),
  });
  const stopBounding = boundYoungGeneration();
  await followed.refresh();
  options.above?.follow(metrics);
  const text = options.above?.metrics ?? metrics.text;
  const routes = createRoutes({
    issuer: installation.config.issuer,
    tokens: followed.tokens,
    decodeHosts: installation.config.decodeHosts,
    callers: followed.callers,
    proofs: followed.proofs,
    lookAgain: followed.lookAgain,
    documents: followed.documents,
    assertReady: () => assertReady(installation, followed, clock()),
    metrics: async () => ({ text: await text(), contentType: metrics.contentType }),
    version: options.version,
    clock,
  });
  const handle = options.dev
    ? devGuard(invocationRoute(installation.issuer, followed.callers, routes), installation.config.issuer)
    : routes;
  const lastUses = createLastUses(callersFolder(installation.config.directory), lossTeller(log));
  const server = createSocketServer(createListener(handle, teller(metrics, options.logAnswered, lastUses), options.self), tls);
  await listen(server, address);
  const reload = tls === undefined ? undefined : reloading(certificateReloader(server as TlsServer, tls), log);
  const url = "socket" in address ? address.socket.path : listeningUrl(server.address() as AddressInfo, tls !== undefined);
  return Object.freeze({
    url,
    followed,
    metrics,
    async close() {
      followed.stop();
      stopBounding();
      clearInterval(reload);
      await closeServer(server);
      await lastUses.close();
    },
  });
}

/** Calls to other services: what they bring is told where it is counted. */
function watchCalls(installation: Installation, metrics: Metrics, log: Logger): void {
  installation.watchKms((signed) => {
    metrics.kmsSigned(signed);
    if (!signed.isProven) log.error("KMS answered a signature that the public key refuses; it is asked once more");
  }, metrics.kmsRetried);
  installation.watchKeys((issuer, error) => {
    metrics.keysFailed(issuer);
    log.warn({ issuer, ...causeOf(error) }, "the keys of an issuer that a rule names could not be fetched");
  });
}

/** Counts each read that fails. A failure that goes on is told once, and told again where its words change or a read went well meanwhile. */
export function readTeller(
  metrics: Pick<Metrics, "dependencyFailed">,
  log: Pick<Logger, "warn">,
): Pick<FollowOptions, "onFailure" | "onRead"> {
  const told = new Map<string, string>();
  return {
    onFailure(dependency, error) {
      metrics.dependencyFailed(dependency);
      const cause = causeOf(error);
      if (told.get(dependency) === cause.failure) return;
      told.set(dependency, cause.failure);
      log.warn({ dependency, ...cause }, "a read failed; what was read before stays in force");
    },
    onRead: (dependency) => void told.delete(dependency),
  };
}

// Told once: a directory that is read-only, as in many containers, is no fault of what issues.
function lossTeller(log: Logger): (error: unknown) => void {
  let isTold = false;
  return (error) => {
    if (isTold) return;
    isTold = true;
    log.warn(causeOf(error), "when callers were used last cannot be written, so `signet callers list` does not show it");
  };
}

function teller(metrics: Metrics, logAnswered: ServerLog["answered"], lastUses: LastUses): (answered: Answered) => void {
  return (answered) => {
    const { caller } = answered.context.log;
    if (caller !== undefined) lastUses.used(caller);
    metrics.answered(answered);
    logAnswered(answered);
  };
}

async function assertReady({ activeKey }: Installation, { documents }: Followed, now: number): Promise<void> {
  const { signer } = await activeKey.current(now);
  const isPublished = documents()?.jwks.keys.some(({ kid }) => kid === signer.kid) === true;
  if (!isPublished) throw new SignetError("not_ready", "the key that signs is not in the published JWKS");
}

function reloading(reload: () => boolean, log: Logger): NodeJS.Timeout {
  const timer = setInterval(() => {
    try {
      if (reload()) log.info("the certificate was changed and is in use");
    } catch (error) {
      log.error(causeOf(error), "the certificate cannot be used; the one before stays");
    }
  }, 1_000);
  timer.unref();
  return timer;
}

async function closeServer(server: ReturnType<typeof createSocketServer>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that was busy a moment ago is idle now.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const force = setTimeout(() => server.closeAllConnections(), MAX_CLOSE_MS);
  server.closeIdleConnections();
  await closed;
  clearInterval(sweep);
  clearTimeout(force);
}

function listeningUrl({ address, family, port }: AddressInfo, isTls: boolean): string {
  const host = family === "IPv6" ? `[${address}]` : address;
  return `${isTls ? "https" : "http"}://${host}:${port}`;
}
