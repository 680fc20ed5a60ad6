import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { invokeFunction } from "../../src/aws/lambda-invoke.js";
import { createTransport, type Transport, type TransportOptions } from "../../src/aws/transport.js";

const FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:issuer";
const ATTEMPT_MS = 20_000;
/** How each invocation is answered; the last way is that of all further ones. */
let ways: ((answer: ServerResponse) => void)[];
let asked: number;
let connections: number;
const server = createServer((incoming, answer) => {
  incoming.resume().on("end", () => {
    const [way] = ways.length > 1 ? ways.splice(0, 1) : ways;
    asked += 1;
    way?.(answer);
  });
});
server.keepAliveTimeout = 60_000;
server.on("connection", () => {
  connections += 1;
});
const made: Transport[] = [];

beforeEach(async () => {
  [asked, connections, ways] = [0, 0, [issued]];
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  vi.useRealTimers();
  for (const transport of made.splice(0)) transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const issued = (answer: ServerResponse) => void answer.end('{"token":"a.b.c"}');
const refused = (status: number, type: string) => (answer: ServerResponse) =>
  void answer.writeHead(status, { "x-amzn-errortype": type }).end("{}");
const silent = () => undefined;

function invoking(options: Partial<TransportOptions> = {}) {
  const transport = createTransport({
    region: "eu-central-1",
    credentials: () => ({ accessKeyId: "a", secretAccessKey: "b" }),
    env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    deadlineMs: ATTEMPT_MS,
    attemptMs: ATTEMPT_MS,
    random: () => 0,
    isOnce: true,
    ...options,
  });
  made.push(transport);
  return { transport, invoke: () => invokeFunction(transport, FUNCTION, {}) };
}

describe("what may be carried out once", () => {
  it.each<[string, (answer: ServerResponse) => void]>([
    ["is cut off", (answer) => void answer.destroy()],
    [
      "is answered in part",
      (answer) => void answer.writeHead(200, { "content-length": "99" }).write("{", () => answer.destroy()),
    ],
    ["is answered with 500", refused(500, "ServiceException")],
    ["is answered with 504", refused(504, "")],
  ])("is not sent again where it %s", async (_, way) => {
    const { invoke } = invoking();
    ways = [way, issued];
    await expect(invoke()).rejects.toMatchObject({ code: "aws_unavailable" });
    expect(asked).toBe(1);
    expect(await invoke()).toStrictEqual({ value: { token: "a.b.c" } });
    ways = [way, issued];
    await expect(invoke()).rejects.toMatchObject({ code: "aws_unavailable" });
    expect(asked).toBe(3);
  });

  it("is sent again where it was refused before it was carried out, and where nobody was there to get it", async () => {
    const { invoke } = invoking();
    ways = [refused(429, "TooManyRequestsException"), refused(502, "EC2ThrottledException"), issued];
    expect(await invoke()).toStrictEqual({ value: { token: "a.b.c" } });
    expect(asked).toBe(3);
    const told: string[] = [];
    const nobody = invoking({
      env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
      deadlineMs: 200,
      onRetry: (action) => told.push(action),
    });
    await expect(nobody.invoke()).rejects.toMatchObject({ code: "aws_unavailable" });
    expect(told.length).toBeGreaterThan(0);
  });

  it("is waited for longer than a second over a connection that stood, until its time is over", async () => {
    const { invoke } = invoking({ now: () => 1 });
    await invoke();
    const waiting: ServerResponse[] = [];
    ways = [(answer) => void waiting.push(answer), silent];
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const slow = invoke();
    while (asked < 2) await turn();
    vi.advanceTimersByTime(ATTEMPT_MS - 1);
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(asked).toBe(2);
    for (const answer of waiting) issued(answer);
    expect(await slow).toStrictEqual({ value: { token: "a.b.c" } });
    const never = expect(invoke()).rejects.toMatchObject({ code: "aws_unavailable" });
    while (asked < 3) await turn();
    vi.advanceTimersByTime(ATTEMPT_MS);
    await never;
    expect([asked, connections]).toStrictEqual([3, 1]);
  });

  it("uses no connection that was idle for long: one that has died would swallow it", async () => {
    let time = 1_000;
    const { transport, invoke } = invoking({ now: () => time });
    await transport.connect("lambda");
    for (const idleMs of [4_000, 4_000, 0, 4_001]) {
      time += idleMs;
      await invoke();
      await turn();
    }
    expect([asked, connections]).toStrictEqual([4, 2]);
    time += 3_600_000;
    await invoke();
    expect(connections).toBe(3);
  });
});
