import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { isIP, type Socket } from "node:net";

/** An answer. */
export interface AwsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

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

/** To one host. An answer may be here before its connection is free again, and the next call would open one more. */
const MAX_CONNECTIONS = 32;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** How long a connection that stood before the call may be silent. It may have died unnoticed, as all do while a function is frozen. */
const SILENT_MS = 1_000;

/** How long a try may take. */
export interface Patience {
  /** For its connection, and then for the answer. */
  readonly attemptMs: number;
  /** For both together. */
  readonly leftMs: number;
  /** A connection that stood before may be silent for a second. A service that is slow is given its time at the next try. */
  readonly isFirst: boolean;
}

/** An agent, with what others may replace of it (Node's documentation, `agent.createConnection`). */
type ConnectingAgent = Omit<HttpAgent, "createConnection"> & {
  readonly options: object;
  createConnection(options: ConnectionTarget, done?: unknown): Socket;
};

interface ConnectionTarget {
  readonly host?: string | undefined;
  readonly port: number | string;
  readonly servername?: string;
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

/** How calls go out by one protocol, over connections that stay open. */
interface Wire {
  readonly agent: ConnectingAgent;
  readonly request: typeof httpRequest;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** Connections that stay open. */
export type Wires = ReturnType<typeof createWires>;

/** Connects by each protocol that is asked for: TLS is loaded where it is spoken. */
export function createWires() {
  const wires = new Map<string, Promise<Wire>>();
  const opened: HttpAgent[] = [];
  let ahead: Socket | undefined;

  async function open(protocol: string): Promise<Wire> {
    const { Agent, request } = protocol === "https:" ? await import("node:https") : { Agent: HttpAgent, request: httpRequest };
    const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS }) as ConnectingAgent;
    opened.push(agent);
    return { agent, request };
  }

  function to({ protocol }: Endpoint): Promise<Wire> {
    const wire = wires.get(protocol) ?? open(protocol);
    wires.set(protocol, wire);
    return wire;
  }

  return {
    to,
    /** Opens a connection ahead of the call that takes it. Kept when it stands, or when that failed. */
    async connect(endpoint: Endpoint): Promise<void> {
      const { agent } = await to(endpoint);
      const { createConnection } = agent;
      const { hostname: host, port } = endpoint;
      const socket = createConnection.call(agent, { ...agent.options, host, port, servername: isIP(host) === 0 ? host : "" });
      ahead = socket;
      agent.createConnection = (options, done) => {
        if (socket.destroyed || options.host !== host || Number(options.port) !== port)
          return createConnection.call(agent, options, done);
        agent.createConnection = createConnection;
        ahead = undefined;
        return socket.ref();
      };
      await new Promise((resolve) => {
        socket.on("error", resolve).once(endpoint.protocol === "https:" ? "secureConnect" : "connect", resolve);
      });
      socket.unref();
    },
    /** Closes what no call uses: after a freeze all of a pool's connections are dead together, and none is tried a second time. */
    closeIdle() {
      for (const agent of opened) {
        for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
      }
      ahead?.destroy();
    },
    close() {
      for (const agent of opened) agent.destroy();
      ahead?.destroy();
    },
  };
}

/** @throws NoAnswer */
export function send(wire: Wire, endpoint: Endpoint, sent: Sent, { attemptMs, leftMs, isFirst }: Patience): Promise<AwsAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = sent;
    const outgoing = wire.request({
      agent: wire.agent,
      host: endpoint.hostname,
      port: endpoint.port,
      method,
      path,
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
    });
    let [wasOpen, wasSent] = [false, false];
    const fail = (error: unknown) => reject(new NoAnswer(wasOpen, wasSent, endpoint.host, error));
    // One turn later: after a freeze the time is over before what has arrived is looked at.
    const giveUp = () => setImmediate(() => outgoing.destroy(new Error("timeout")));
    const timeoutMs = Math.max(1, Math.min(attemptMs, leftMs));
    const timers = [setTimeout(giveUp, timeoutMs)];
    outgoing.on("error", fail);
    let [isAnswered, isWhole] = [false, false];
    outgoing.on("socket", (socket) => {
      wasOpen = !socket.connecting;
      wasSent = wasOpen;
      if (wasOpen) {
        const giveUpSilent = () => setImmediate(() => isAnswered || giveUp());
        if (isFirst) timers.push(setTimeout(giveUpSilent, Math.min(SILENT_MS, timeoutMs)));
        return;
      }
      // Time for the answer begins with the connection: beside 31 others a handshake takes long on a small share of a processor.
      socket.once("encrypted" in socket ? "secureConnect" : "connect", () => {
        wasSent = true;
        timers[0]?.refresh();
      });
      timers.push(setTimeout(giveUp, leftMs));
    });
    outgoing.on("close", () => {
      for (const timer of timers) clearTimeout(timer);
      // An answer 101 is neither a response nor an error to node:http.
      if (!isWhole) fail(new Error("closed before the end of an answer"));
    });
    outgoing.on("response", (incoming) => {
      isAnswered = true;
      collect(incoming, fail, (answer) => {
        isWhole = true;
        resolve(answer);
      });
    });
    outgoing.end(body);
  });
}

function collect(incoming: IncomingMessage, fail: (error: unknown) => void, done: (answer: AwsAnswer) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  incoming.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) incoming.destroy(new Error("the answer is too large"));
    else chunks.push(chunk);
  });
  incoming.on("error", fail);
  incoming.on("end", () => {
    const headers = incoming.headers as AwsAnswer["headers"];
    done({ status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks, size).toString() });
  });
}
