import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SignetError } from "../errors.js";
import type { Surroundings } from "../operator/surroundings.js";
import { type ChangeUnderWay, createChanges } from "./changes.js";
import { watchConnections } from "./connections.js";
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
  /** The change of keys that is under way; `null` where none is. */
  underWay(): ChangeUnderWay | null;
  /**
   * Takes no more requests, and waits for those that are under way: for a change of keys until it is done, whether or not its page is still
   * there; for all others half a minute.
   *
   * @returns whether all were finished
   */
  close(): Promise<boolean>;
}

/** The page asks again and again while a person is there: nothing for so long means that none is. */
export const IDLE_SECONDS = 900;
const MAX_STOP_MS = 30_000;
/** A page has six connections at most; what strangers open beyond that would take the descriptors of the process that writes keys. */
const MAX_CONNECTIONS = 64;
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
    {
      maxHeaderSize: 16_384,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 65_000,
      requireHostHeader: true,
    },
    consoleRoutes({ ...parts, invitation, changes, idle: watch, origin: () => origin }),
  );
  server.maxHeadersCount = 100;
  server.maxConnections = MAX_CONNECTIONS;
  const connections = watchConnections(server);
  origin = `http://${HOST}:${await listen(server)}`;
  return Object.freeze({
    link: `${origin}/#code=${invitation.code}`,
    idle,
    underWay: changes.underWay,
    async close() {
      watch.stop();
      const closed = connections.close();
      await changes.settled();
      let isFinished = true;
      const cancel = clock.wake(MAX_STOP_MS, () => {
        isFinished = false;
        connections.cut();
      });
      await closed;
      cancel();
      // One may have begun while the first ended.
      await changes.settled();
      return isFinished;
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
