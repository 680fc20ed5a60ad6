import type { Server } from "node:http";
import type { Socket } from "node:net";

/** The connections of a server. */
export interface Connections {
  /**
   * Takes no more, and ends those over which nothing is asked: one that is silent, or has sent half a request, would keep the server for ever,
   * since Node looks at no time limit any more once a server is closed.
   *
   * @returns once all are over
   */
  close(): Promise<void>;
  /** Ends all that are left, whatever is under way. */
  cut(): void;
}

/** Watches the connections of a server that does not listen yet. */
export function watchConnections(server: Server): Connections {
  /** How many requests of each are under way. */
  const requests = new Map<Socket, number>();
  let isClosing = false;
  const count = (socket: Socket, change: number): void => {
    const left = (requests.get(socket) ?? 0) + change;
    requests.set(socket, left);
    if (isClosing && left === 0) socket.destroy();
  };
  server.on("connection", (socket: Socket) => {
    requests.set(socket, 0);
    socket.once("close", () => requests.delete(socket));
  });
  server.on("request", ({ socket }, response) => {
    count(socket, 1);
    // What was answered is sent first.
    response.once("close", () => setImmediate(() => requests.has(socket) && count(socket, -1)));
  });
  return Object.freeze({
    close() {
      isClosing = true;
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const [socket, underWay] of requests) if (underWay === 0) socket.destroy();
      return closed;
    },
    cut() {
      for (const socket of requests.keys()) socket.destroy();
    },
  });
}
