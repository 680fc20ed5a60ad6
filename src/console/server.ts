import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SignetError } from "../errors.js";
import type { Surroundings } from "../operator/surroundings.js";
import { createChanges } from "./changes.js";
import { IDLE_CLOCK, type IdleClock, watchIdle } from "./idle.js";
import { createInvitation } from "./invitation.js";
import type { IssuerAtHand } from "./issuer-at-hand.js";
import type { PageFiles } from "./page-files.js";
import { consoleRoutes } from "./routes.js";

/** What a console is made of. */
interface ConsoleOptions {
  readonly surroundings: Surroundings;
  readonly issuer: IssuerAtHand;
  readonly files: PageFiles;
  /** Told once the link was used. */
  readonly onUsed: () => void;
  /** Told of failures that nothing foresaw. */
  readonly onUnexpected: (failure: unknown) => void;
  readonly clock?: IdleClock;
}

/** A console that listens. */
export interface RunningConsole {
  /** Leads to it, once: its fragment is sent to no server. */
  readonly link: string;
  /** Once no session has asked for anything for `IDLE_SECONDS`. */
  readonly idle: Promise<void>;
  /** Takes no more requests, and waits for those that are under way: what was begun is finished. */
  close(): Promise<void>;
}

/** The page asks again and again while a person is there: nothing for so long means that none is. */
export const IDLE_SECONDS = 900;
const HOST = "127.0.0.1";

/**
 * Serves the console on this machine alone, at a port that the system chooses.
 *
 * @throws SignetError `listen_failed`
 */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const { clock = IDLE_CLOCK, ...parts } = options;
  const invitation = createInvitation();
  const changes = createChanges(options.issuer, clock.now);
  let tellIdle: () => void = () => undefined;
  const idle = new Promise<void>((resolve) => {
    tellIdle = resolve;
  });
  const watch = watchIdle(IDLE_SECONDS * 1_000, () => tellIdle(), clock);
  let origin = "";
  const server = createServer(
    // What sends its request drop by drop holds a connection, and nothing else, for so long.
    { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000, requireHostHeader: true },
    consoleRoutes({ ...parts, invitation, changes, idle: watch, origin: () => origin }),
  );
  server.maxHeadersCount = 100;
  // A connection whose request is over is kept for the next one, which will not come once nothing listens.
  const closeIfOver = (): void => void (server.listening || server.closeIdleConnections());
  server.on("request", (_request, response) => response.once("close", () => setImmediate(closeIfOver)));
  origin = `http://${HOST}:${await listen(server)}`;
  return Object.freeze({
    link: `${origin}/#code=${invitation.code}`,
    idle,
    close() {
      watch.stop();
      return closed(server);
    },
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", ({ code }: NodeJS.ErrnoException) =>
      reject(new SignetError("listen_failed", `no port of ${HOST} can be opened to listen (${code})`)),
    );
    server.listen(0, HOST, () => resolve((server.address() as AddressInfo).port));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
