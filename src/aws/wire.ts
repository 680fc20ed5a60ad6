import { connect as connectPlain, isIP, type Socket } from "node:net";
import { type AwsAnswer, createAnswerReader } from "./http-answer.js";

/** A try that ended without an answer. */
export class NoAnswer extends Error {
  /**
   * @param wasOpen whether its connection stood before the call
   * @param wasSent whether the service may have got it
   */
  constructor(
    readonly wasOpen: boolean,
    readonly wasSent: boolean,
    host: string,
    cause: unknown,
  ) {
    super(`no answer from ${host}`, { cause });
  }
}

/** To one host. */
const MAX_CONNECTIONS = 32;
/** How long a connection that stood before the call may be silent. It may have died unnoticed, as all do while a function is frozen. */
const SILENT_MS = 1_000;
const KEEP_ALIVE_MS = 1_000;

/** How long a try may take. */
export interface Patience {
  /** For its connection, and then for the answer. */
  readonly attemptMs: number;
  /** For both together. */
  readonly leftMs: number;
  /** A connection that stood before may be silent for a second. A service that is slow is given its time at the next try. */
  readonly isFirst: boolean;
}

/** Where a service is. */
export interface Endpoint {
  readonly protocol: string;
  readonly host: string;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  /** What every path begins with. */
  readonly base: string;
}

/** An endpoint's parts: a URL looks for each of them anew. */
export function partsOf({ protocol, host, hostname, port, pathname }: URL): Endpoint {
  return {
    protocol,
    host,
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port) || (protocol === "https:" ? 443 : 80),
    base: pathname.replace(/\/$/, ""),
  };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  /** `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A call and its answer, as its connection tells it what happens. */
interface Exchange {
  begin(connection: Connection): void;
  stands(): void;
  read(bytes: Buffer): void;
  end(): void;
  fail(error: Error): void;
}

interface Connection {
  readonly socket: Socket;
  /** Whether calls can go out over it. */
  stands: boolean;
  exchange: Exchange | undefined;
}

type Tls = typeof import("node:tls");

/** How connections to one host are opened. */
function opener({ hostname: host, port }: Endpoint, tls: Tls | undefined): () => Socket {
  if (tls === undefined) return () => connectPlain({ host, port });
  const servername = isIP(host) === 0 ? host : "";
  // By a session of before, a connection costs half.
  let session: Buffer | undefined;
  return () =>
    tls
      .connect({ host, port, servername, ALPNProtocols: ["http/1.1"], ...(session && { session }) })
      .on("session", (given) => {
        session = given;
      })
      .on("error", () => {
        session = undefined;
      });
}

/**
 * @param standsAt the event that says that calls can go out
 * @param gone called when nothing more will come, and again when it has ended
 */
function connectionOf(socket: Socket, standsAt: string, gone: (connection: Connection, hasEnded: boolean) => void): Connection {
  const connection: Connection = { socket, stands: false, exchange: undefined };
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
  socket.once(standsAt, () => {
    connection.stands = true;
    connection.exchange?.stands();
  });
  socket.on("data", (bytes) => {
    // An answer to no call: whatever follows it could not be believed either.
    if (connection.exchange === undefined) socket.destroy();
    else connection.exchange.read(bytes);
  });
  socket.on("error", (error) => connection.exchange?.fail(error));
  socket.on("end", () => {
    gone(connection, false);
    connection.exchange?.end();
    connection.exchange?.fail(cutOff());
  });
  socket.on("close", () => {
    connection.exchange?.fail(cutOff());
    gone(connection, true);
  });
  return connection;
}

function cutOff(): Error {
  return Object.assign(new Error("closed before the end of an answer"), { code: "ECONNRESET" });
}

/** Whether a connection takes one more call, and nothing of the last one would go out before it: an answer may come before all is sent. */
function isFree({ socket }: Connection): boolean {
  return socket.readyState === "open" && socket.writableLength === 0;
}

/** Connections to one host that stay open, and the calls that wait for one. */
type Wire = ReturnType<typeof createWire>;

function createWire(endpoint: Endpoint, tls: Tls | undefined) {
  const [connect, standsAt] = [opener(endpoint, tls), tls === undefined ? "connect" : "secureConnect"];
  const [all, idle, waiting] = [new Set<Connection>(), new Set<Connection>(), new Set<Exchange>()];

  function open(): Connection {
    const connection = connectionOf(connect(), standsAt, gone);
    all.add(connection);
    return connection;
  }
  function gone(connection: Connection, hasEnded: boolean): void {
    idle.delete(connection);
    if (hasEnded && all.delete(connection)) letIn();
  }
  function letIn(): void {
    const [next] = waiting;
    if (next !== undefined && waiting.delete(next)) take(next);
  }
  function take(exchange: Exchange): void {
    // One that is destroyed has its end told a turn later.
    for (const each of idle) if (each.socket.destroyed) idle.delete(each);
    const connection = [...idle].pop() ?? (all.size < MAX_CONNECTIONS ? open() : undefined);
    if (connection === undefined) return void waiting.add(exchange);
    idle.delete(connection);
    connection.socket.ref();
    connection.exchange = exchange;
    exchange.begin(connection);
  }

  return {
    host: endpoint.host,
    take,
    leave: (exchange: Exchange) => waiting.delete(exchange),
    /** Takes back what a call has used. */
    give(connection: Connection, isGood: boolean) {
      connection.exchange = undefined;
      if (!isGood || !isFree(connection)) return void connection.socket.destroy();
      connection.socket.unref();
      idle.add(connection);
      letIn();
    },
    /** Opens a connection ahead of the call that takes it. Kept when it stands, or when that failed. */
    async ahead(): Promise<void> {
      const connection = open();
      idle.add(connection);
      const { socket } = connection;
      await new Promise((resolve) => void socket.once(standsAt, resolve).once("close", resolve));
      if (connection.exchange === undefined) socket.unref();
    },
    closeIdle() {
      for (const connection of idle) connection.socket.destroy();
      idle.clear();
    },
    close() {
      for (const exchange of waiting) exchange.fail(new Error("closed"));
      for (const { socket } of all) socket.destroy();
    },
  };
}

/** Connections that stay open. */
export type Wires = ReturnType<typeof createWires>;

/** Connects to each host that is asked for: TLS is loaded where it is spoken. */
export function createWires() {
  const wires = new Map<string, Wire>();
  let tls: Tls | undefined;

  async function to(endpoint: Endpoint): Promise<Wire> {
    const name = `${endpoint.protocol}//${endpoint.host}`;
    const isTls = endpoint.protocol === "https:";
    if (isTls) tls ??= await import("node:tls");
    const wire = wires.get(name) ?? createWire(endpoint, isTls ? tls : undefined);
    wires.set(name, wire);
    return wire;
  }

  return {
    to,
    async connect(endpoint: Endpoint): Promise<void> {
      await (await to(endpoint)).ahead();
    },
    /** Closes what no call uses: after a freeze all of a pool's connections are dead together, and none is tried a second time. */
    closeIdle() {
      for (const wire of wires.values()) wire.closeIdle();
    },
    close() {
      for (const wire of wires.values()) wire.close();
    },
  };
}

/** @throws NoAnswer */
export function send(wire: Wire, sent: Sent, { attemptMs, leftMs, isFirst }: Patience): Promise<AwsAnswer> {
  return new Promise((resolve, reject) => {
    const request = requestOf(sent);
    const reader = createAnswerReader(sent.method !== "HEAD");
    let [wasOpen, wasSent, isAnswered, isOver] = [false, false, false, false];
    let connection: Connection | undefined;

    const timeoutMs = Math.max(1, Math.min(attemptMs, leftMs));
    // One turn later: after a freeze the time is over before what has arrived is looked at.
    const giveUp = () => setImmediate(() => exchange.fail(new Error("timeout")));
    const giveUpSilent = () => setImmediate(() => isAnswered || giveUp());
    const timers = [setTimeout(giveUp, timeoutMs)];

    function over(staysOpen: boolean): void {
      isOver = true;
      for (const timer of timers) clearTimeout(timer);
      if (connection === undefined) wire.leave(exchange);
      else wire.give(connection, staysOpen);
    }
    function answered(answer: AwsAnswer | undefined): void {
      if (answer === undefined) return;
      over(reader.staysOpen());
      resolve(answer);
    }

    const exchange: Exchange = {
      begin(taken) {
        connection = taken;
        wasOpen = taken.stands;
        wasSent = wasOpen;
        if (!wasOpen) timers.push(setTimeout(giveUp, leftMs));
        else if (isFirst) timers.push(setTimeout(giveUpSilent, Math.min(SILENT_MS, timeoutMs)));
        taken.socket.write(request);
      },
      // Time for the answer begins with the connection: beside 31 others a handshake takes long on a small share of a processor.
      stands() {
        wasSent = true;
        timers[0]?.refresh();
      },
      read(bytes) {
        isAnswered = true;
        try {
          answered(reader.read(bytes));
        } catch (error) {
          exchange.fail(error as Error);
        }
      },
      end: () => answered(reader.end()),
      fail(error) {
        if (isOver) return;
        over(false);
        reject(new NoAnswer(wasOpen, wasSent, wire.host, error));
      },
    };
    wire.take(exchange);
  });
}

/** @throws TypeError where a header would not stay one */
function requestOf({ method, path, headers, body }: Sent): string {
  if (/[^\x21-\x7e]/.test(path) || /[^\x20-\x7e]/.test(Object.values(headers).join("")))
    throw new TypeError("a call's path or one of its headers has a character that cannot be sent; are the credentials whole?");
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
