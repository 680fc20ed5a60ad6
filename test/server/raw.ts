import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Handler } from "../../src/http/request-context.js";
import { type Answered, createListener } from "../../src/server/listener.js";
import { createSocketServer } from "../../src/server/socket.js";

/** A server in this process, of a handler; what it answered is kept. */
export async function listening(handle: Handler): Promise<{ port: number; server: Server; answered: Answered[] }> {
  const answered: Answered[] = [];
  const server = createSocketServer(
    createListener(handle, (each) => void answered.push(each)),
    undefined,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server, answered };
}

/** Sends the bytes of a request as they are, and answers the status and the whole answer. */
export async function sent(port: number, bytes: string | Uint8Array): Promise<{ status: number; answer: string }> {
  const socket = connect(port, "127.0.0.1");
  socket.end(bytes);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]), answer };
}
