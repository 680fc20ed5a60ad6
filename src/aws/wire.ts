import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";

/** An answer. */
export interface AwsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** A try that ended without an answer. */
export class NoAnswer extends Error {
  constructor(
    readonly wasReused: boolean,
    cause: unknown,
  ) {
    super("no answer", { cause });
  }
}

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** How long a connection that was used before may be silent. It may have died unnoticed, as all do while a function is frozen. */
const SILENT_MS = 1_000;

/** How long a try may take. */
export interface Patience {
  /** For its connection, and then for the answer. */
  readonly attemptMs: number;
  /** For both together. */
  readonly leftMs: number;
  /** A connection that was used before may be silent for a second. A service that is slow is given its time at the next try. */
  readonly isFirst: boolean;
}

/** How calls go out by one protocol, over connections that stay open. */
interface Wire {
  readonly agent: HttpAgent;
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

  async function open(protocol: string): Promise<Wire> {
    const { Agent, request } = protocol === "https:" ? await import("node:https") : { Agent: HttpAgent, request: httpRequest };
    const agent = new Agent({ keepAlive: true });
    opened.push(agent);
    return { agent, request };
  }

  return {
    to({ protocol }: URL): Promise<Wire> {
      const wire = wires.get(protocol) ?? open(protocol);
      wires.set(protocol, wire);
      return wire;
    },
    /** Closes what no call uses: after a freeze all of a pool's connections are dead together, and none is tried a second time. */
    closeIdle() {
      for (const agent of opened) {
        for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
      }
    },
    close() {
      for (const agent of opened) agent.destroy();
    },
  };
}

/** @throws NoAnswer */
export function send(wire: Wire, endpoint: URL, sent: Sent, { attemptMs, leftMs, isFirst }: Patience): Promise<AwsAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = sent;
    const outgoing = wire.request({
      agent: wire.agent,
      host: endpoint.hostname.replace(/^\[|\]$/g, ""),
      port: endpoint.port,
      method,
      path,
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
    });
    const fail = (error: unknown) => reject(new NoAnswer(outgoing.reusedSocket, error));
    const giveUp = () => outgoing.destroy(new Error("timeout"));
    const timeoutMs = Math.max(1, Math.min(attemptMs, leftMs));
    const timers = [setTimeout(giveUp, timeoutMs)];
    outgoing.on("error", fail);
    let [isAnswered, isWhole] = [false, false];
    outgoing.on("socket", (socket) => {
      if (outgoing.reusedSocket) {
        // One turn more: after a freeze the time is over before what has arrived is looked at.
        const giveUpSilent = () => setImmediate(() => isAnswered || giveUp());
        if (isFirst) timers.push(setTimeout(giveUpSilent, Math.min(SILENT_MS, timeoutMs)));
        return;
      }
      // Time for the answer begins with the connection: beside 31 others a handshake takes long on a small share of a processor.
      socket.once("encrypted" in socket ? "secureConnect" : "connect", () => void timers[0]?.refresh());
      timers.push(setTimeout(giveUp, leftMs));
    });
    outgoing.on("close", () => {
      for (const timer of timers) clearTimeout(timer);
      // An answer 101 is neither a response nor an error to node:http.
      if (!isWhole) fail(new Error("the connection was closed before the end of an answer"));
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
