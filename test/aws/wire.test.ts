import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import tlsModule, { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { afterEach, expect, it } from "vitest";
import { createWires, NoAnswer, partsOf, send } from "../../src/aws/wire.js";

const PATIENCE = { attemptMs: 30_000, leftMs: 30_000, isFirst: false };
const OK = (body: string, more = "") => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const ended: (() => void)[] = [];

afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** A service that answers each call, by its number, as it is told, over connections that are counted. */
async function service(answerTo: (call: number, text: string, socket: Socket) => string | undefined, tls?: object) {
  const sockets: Socket[] = [];
  const beneath: Socket[] = [];
  let calls = 0;
  const talk = (socket: Socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      const answer = answerTo(++calls, bytes.toString(), socket);
      if (answer !== undefined) socket.write(answer);
    });
  };
  const server: Server = tls === undefined ? createServer(talk) : createTlsServer(tls, talk);
  server.on("connection", (socket) => void beneath.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const wires = createWires();
  ended.push(() => {
    wires.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const endpoint = partsOf(new URL(tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`));
  const call = async ({ headers = {}, ...sent }: Partial<Parameters<typeof send>[1]> = {}) =>
    (
      await send(
        await wires.to(endpoint),
        { method: "POST", path: "/", body: "{}", ...sent, headers: { host: endpoint.host, ...headers } },
        PATIENCE,
      )
    ).body;
  return { call, wires, sockets, beneath, calls: () => calls };
}

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

it("a call goes out in one piece, with its length in bytes, and the next one over the same connection", async () => {
  const texts: string[] = [];
  const { call, sockets } = await service((number, text) => {
    texts.push(text);
    return OK(String(number));
  });
  expect(await call({ path: "/a?b=c", headers: { "x-a": "1" }, body: "ä" })).toBe("1");
  expect(await call()).toBe("2");
  const host = /host: (.*)\r/.exec(texts[0] ?? "")?.[1];
  expect(texts[0]).toBe(`POST /a?b=c HTTP/1.1\r\nhost: ${host}\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nä`);
  expect(sockets).toHaveLength(1);
});

it.each([
  ["more than its answer", OK("1") + OK("planted")],
  ["that it closes", OK("1", "Connection: close\r\n")],
  ["that it speaks HTTP/1.0", OK("1").replace("1.1", "1.0")],
  ["that it ends it within a second", OK("1", "Keep-Alive: timeout=1, max=9\r\n")],
])("a connection over which a service says %s takes no other call", async (_what, first) => {
  const { call, sockets } = await service((number) => (number === 1 ? first : OK(String(number))));
  const [outcome] = await Promise.allSettled([call()]);
  expect(await call()).toBe("2");
  expect([outcome?.status, sockets.length]).toStrictEqual([first.includes("planted") ? "rejected" : "fulfilled", 2]);
});

it("what comes over a connection that no call uses is no call's answer", async () => {
  const { call, sockets } = await service((number) => OK(String(number)));
  expect(await call()).toBe("1");
  const closed = new Promise((resolve) => sockets[0]?.once("close", resolve));
  sockets[0]?.write(OK("planted"));
  await closed;
  expect([await call(), sockets.length]).toStrictEqual(["2", 2]);
});

it.each<[string, (socket: Socket) => void]>([
  ["was reset", (socket) => socket.resetAndDestroy()],
  ["has brought what no call asked for", (socket) => socket.write("HTTP/1.1 408 Request Timeout\r\n\r\n")],
])("a connection that %s takes no call in the turn before its end is told", async (_what, spoil) => {
  for (let round = 0; round < 20; round++) {
    const { call, sockets } = await service((number) => OK(String(number)));
    expect(await call()).toBe("1");
    spoil(sockets[0] as Socket);
    // The next turn reads it, and 'close' comes at that turn's end.
    await turns(2);
    expect([await call(), sockets.length]).toStrictEqual(["2", 2]);
  }
});

it("a connection whose call was answered before all of it was sent takes no other", async () => {
  const { call, sockets } = await service((number, _text, socket) => {
    if (number === 1) socket.pause();
    return OK(String(number));
  });
  expect(await call({ body: "x".repeat(8_000_000) })).toBe("1");
  expect([await call(), sockets.length]).toStrictEqual(["2", 2]);
});

it("a call whose service ends its half of the connection without an answer ends at once", async () => {
  const { call } = await service((_number, _text, socket) => void socket.pause().end());
  await expect(call({ body: "x".repeat(8_000_000) })).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
});

it("more calls than there may be connections wait for one, and each gets its own answer", async () => {
  const late: (() => void)[] = [];
  const { call, sockets, calls } = await service((_, text, socket) => {
    late.push(() => socket.write(OK(/x-call: (\d+)/.exec(text)?.[1] ?? "")));
    return undefined;
  });
  const answers = Promise.all(Array.from({ length: 100 }, (_, index) => call({ headers: { "x-call": String(index) } })));
  while (calls() < 32) await turns(1);
  await turns(20);
  expect([calls(), sockets.length]).toStrictEqual([32, 32]);
  // The last one first: nobody's answer is another's.
  while (calls() < 100 || late.length > 0) {
    late.pop()?.();
    await turns(1);
  }
  expect(await answers).toStrictEqual(Array.from({ length: 100 }, (_, index) => String(index)));
  expect(sockets).toHaveLength(32);
});

it("calls under way, and those that wait, end when all is closed", async () => {
  const { call, wires, calls } = await service(() => undefined);
  const all = Promise.allSettled(Array.from({ length: 40 }, () => call()));
  while (calls() < 32) await turns(1);
  wires.close();
  const outcomes = await all;
  expect(outcomes.every((each) => each.status === "rejected" && each.reason instanceof NoAnswer)).toBe(true);
  await turns(5);
  expect(calls()).toBe(32);
});

it.each([
  ["a header that would be two", { headers: { "x-amz-security-token": "a\r\nx-evil: 1" } }],
  ["a header with what no header has", { headers: { authorization: "ä" } }],
  ["a path that would be a call of its own", { path: "/ HTTP/1.1\r\n\r\nGET /" }],
])("%s is not sent", async (_what, sent) => {
  const { call, calls } = await service(() => OK("1"));
  await expect(call(sent)).rejects.toBeInstanceOf(TypeError);
  expect(calls()).toBe(0);
});

const certificate = (name: string) => readFileSync(new URL(`../cli/certificates/${name}`, import.meta.url));

it("a certificate that nobody vouches for gets no call", async () => {
  const tls = { key: certificate("local.key.pem"), cert: certificate("local.cert.pem") };
  const { call, calls } = await service(() => OK("1"), tls);
  await expect(call()).rejects.toMatchObject({ cause: { code: expect.stringMatching(/CERT/) }, wasSent: false });
  expect(calls()).toBe(0);
});

it("over TLS a connection goes on with the session of the one before it, and where that failed, anew", async () => {
  const reused: boolean[] = [];
  const tls = { key: certificate("local.key.pem"), cert: certificate("local.cert.pem") };
  const { connect } = tlsModule;
  const trusting = (options: object) => connect({ ...options, ca: tls.cert } as never);
  Object.assign(tlsModule, { connect: trusting });
  syncBuiltinESMExports();
  try {
    const { call, sockets, beneath } = await service((number, _text, socket) => {
      if (number === 3) return void beneath[2]?.resetAndDestroy();
      reused.push((socket as TLSSocket).isSessionReused());
      return OK(String(number), "Connection: close\r\n");
    }, tls);
    expect([await call(), await call()]).toStrictEqual(["1", "2"]);
    await expect(call()).rejects.toBeInstanceOf(NoAnswer);
    expect(await call()).toBe("4");
    expect([reused, sockets.length]).toStrictEqual([[false, true, false], 4]);
  } finally {
    Object.assign(tlsModule, { connect });
    syncBuiltinESMExports();
  }
});
