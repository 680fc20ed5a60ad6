import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createBucket } from "../../src/aws/s3.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import { createTransport, type TransportOptions } from "../../src/aws/transport.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

let aws: Awaited<ReturnType<typeof startFakeAws>>;
const made: { close(): void }[] = [];

beforeEach(async () => {
  aws = await startFakeAws();
});

afterEach(async () => {
  vi.useRealTimers();
  for (const transport of made.splice(0)) transport.close();
  await aws.close();
});

function parameters(options: Partial<TransportOptions> = {}) {
  const transport = createTransport({
    region: "eu-central-1",
    credentials: () => FAKE_CREDENTIALS,
    env: aws.env,
    deadlineMs: 60_000,
    attemptMs: ATTEMPT_MS,
    random: () => 0.1,
    ...options,
  });
  made.push(transport);
  return { transport, store: createParameterStore(transport) };
}

const ATTEMPT_MS = 30_000;

/** Waits for a call's end while each of its tries runs out of time: the transport's timers are the test's. */
async function whileTimeRunsOut<T>(call: Promise<T>, isDue: () => boolean): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  call.then(end, end);
  for (; !isOver; await turn()) if (isDue()) vi.advanceTimersByTime(ATTEMPT_MS);
  return call;
}

const withTimers = () => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });

const secret = { name: "/signet/a/keys/k", value: "the-secret-value", secret: true };

describe("a call", () => {
  it("that is not answered in its time is tried again, unseen by the caller", async () => {
    const { store } = parameters();
    await store.create(secret);
    aws.inject({ action: "ssm:GetParameters", kind: "timeout" });
    withTimers();
    const asked = () => aws.calls.filter(({ action }) => action === "ssm:GetParameters").length;
    let hasRunOut = false;
    const found = await whileTimeRunsOut(store.get([secret.name]), () => {
      const isDue = asked() === 1 && !hasRunOut;
      hasRunOut ||= isDue;
      return isDue;
    });
    expect(found.get(secret.name)).toBe("the-secret-value");
    expect(asked()).toBe(2);
  });

  it.each(["reset", "lost-reply", "truncated"])("that ends in %s is tried again, unseen by the caller", async (kind) => {
    const { store } = parameters();
    await store.create(secret);
    aws.inject({ action: "ssm:GetParameters", kind });
    expect((await store.get([secret.name])).get(secret.name)).toBe("the-secret-value");
  });

  it.each([
    ["ThrottlingException", 400],
    ["InternalServerError", 500],
    ["ServiceUnavailable", 503],
  ])("that is answered with %s is tried again", async (code, status) => {
    const { store } = parameters();
    aws.inject({ action: "ssm:GetParameters", code, status, times: 3 });
    expect(await store.get([secret.name])).toStrictEqual(new Map());
    expect(aws.calls).toHaveLength(4);
  });

  it.each([
    [{ code: "ThrottlingException", status: 400 }, "aws_throttled", "quota"],
    [{ code: "InternalServerError", status: 500 }, "aws_unavailable", "InternalServerError"],
    [{ kind: "timeout" }, "aws_unavailable", "reachable"],
  ])("that never gets through says so at its deadline (%o)", async (fault, code, words) => {
    const began = Date.now();
    let passed = 0;
    // Each look at the clock takes a tenth of what a call may take.
    const now = () => {
      passed += 50;
      return began + passed;
    };
    const { store } = parameters({ deadlineMs: 500, random: () => 0, now });
    aws.inject({ ...fault, times: 1_000 });
    withTimers();
    const call = store.get([secret.name]);
    const refused = expect(call).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    await whileTimeRunsOut(call, () => "kind" in fault).catch(() => undefined);
    await refused;
    expect(passed).toBeGreaterThanOrEqual(500);
    expect(passed).toBeLessThan(700);
    expect(aws.calls.length).toBeGreaterThan("kind" in fault ? 0 : 1);
  });

  it("that is answered by another protocol is tried again until its deadline, and fails", async () => {
    const server = createServer((_, answer) =>
      answer.socket?.end("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const env = { ...aws.env, AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const { store } = parameters({ env, deadlineMs: 300 });
    const message = expect.stringContaining("(the answer speaks another protocol) before the deadline");
    await expect(store.get(["/a"])).rejects.toMatchObject({ code: "aws_unavailable", message });
    server.close();
  });

  it("whose answer is no JSON says that this is not AWS", async () => {
    const { store } = parameters();
    aws.inject({ kind: "garbage" });
    await expect(store.get([secret.name])).rejects.toMatchObject({ message: expect.stringContaining("endpoint") });
  });

  it("over connections that died unnoticed is tried once more, at once", async () => {
    const { store } = parameters();
    await Promise.all([1, 2, 3].map(() => store.get([secret.name])));
    const port = new URL(aws.url).port;
    await aws.close();
    aws = await startFakeAws({ port: Number(port) });
    expect(await store.get([secret.name])).toStrictEqual(new Map());
    expect(aws.calls).toHaveLength(1);
  });

  it("over a connection that has gone silent is tried anew after a second, and that try has its full time", async () => {
    const { store } = parameters();
    await store.create(secret);
    aws.inject({ action: "ssm:GetParameters", kind: "timeout", times: 2 });
    withTimers();
    const asked = () => aws.calls.filter(({ action }) => action === "ssm:GetParameters").length;
    const call = store.get([secret.name]);
    const underWay = async (count: number) => {
      while (asked() < count) await turn();
    };
    const afterMs = async (milliseconds: number) => {
      vi.advanceTimersByTime(milliseconds);
      for (let turns = 0; turns < 20; turns++) await turn();
      return asked();
    };
    await underWay(1);
    expect(await afterMs(999)).toBe(1);
    vi.advanceTimersByTime(1);
    await underWay(2);
    expect(await afterMs(ATTEMPT_MS - 1)).toBe(2);
    vi.advanceTimersByTime(1);
    expect((await call).get(secret.name)).toBe("the-secret-value");
    expect(asked()).toBe(3);
  });

  it.each([1_000, ATTEMPT_MS, 600_000])(
    "over a connection that was silent while this process slept takes the answer that has come meanwhile (%i ms)",
    async (sleptMs) => {
      const { store } = parameters();
      await store.create(secret);
      withTimers();
      const call = store.get([secret.name]);
      // The server's turn and this client's: the answer is on its way, and the time is over before it is looked at.
      while (aws.calls.at(-1)?.status !== 200 || aws.calls.at(-1)?.action !== "ssm:GetParameters") await turn();
      vi.advanceTimersByTime(sleptMs);
      expect((await call).get(secret.name)).toBe("the-secret-value");
      expect(aws.calls.filter(({ action }) => action === "ssm:GetParameters")).toHaveLength(1);
    },
  );

  it("over a new connection, whose time was over while this process slept, takes the answer too, and keeps the connection", async () => {
    const { store } = parameters();
    withTimers();
    const call = store.get([secret.name]);
    while (aws.calls.at(-1)?.status !== 200) await turn();
    vi.advanceTimersByTime(600_000);
    expect((await call).size).toBe(0);
    for (let turns = 0; turns < 5; turns++) await turn();
    aws.inject({ action: "ssm:GetParameters", kind: "timeout" });
    const next = store.get([secret.name]);
    while (aws.calls.length < 2) await turn();
    // Only a connection that stood before is given up after a second.
    vi.advanceTimersByTime(1_000);
    expect((await next).size).toBe(0);
    expect(aws.calls).toHaveLength(3);
  });

  it("that is cut off leaves the calls beside it alone", async () => {
    await aws.close();
    aws = await startFakeAws({ latencyMs: 100 });
    // On a busy machine a second may go by that is nobody's silence.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { store } = parameters();
    await Promise.all(Array.from({ length: 10 }, () => store.get([secret.name])));
    aws.calls.length = 0;
    aws.inject({ action: "ssm:GetParameters", kind: "reset" });
    await Promise.all(Array.from({ length: 10 }, () => store.get([secret.name])));
    expect(aws.calls).toHaveLength(11);
  });

  it("of a machine whose clock is wrong is signed by the service's clock", async () => {
    aws.inject({ kind: "clock-skew", seconds: 3_600 });
    const { store, transport } = parameters();
    expect(await store.get([secret.name])).toStrictEqual(new Map());
    const bucket = createBucket(transport, "b");
    aws.createBucket("b");
    aws.inject({ kind: "clock-skew", seconds: -7_200 });
    expect(await bucket.get("a")).toBeUndefined();
  });

  it("that is denied names the action and the resource, and is not tried again", async () => {
    await aws.close();
    aws = await startFakeAws({ credentials: [{ ...FAKE_CREDENTIALS, allows: ["ssm:GetParameters"] }] });
    const { store } = parameters();
    const error = await store.create(secret).catch((each: Error) => each);
    expect(error).toMatchObject({
      code: "aws_access_denied",
      message: expect.stringContaining("ssm:PutParameter on /signet/a/keys/k"),
    });
    expect(String((error as Error).message)).not.toContain("the-secret-value");
    expect(aws.calls).toHaveLength(1);
  });

  it.each([
    ["an unknown key", { accessKeyId: "AKIAOTHER", secretAccessKey: "x" }],
    ["a wrong secret", { ...FAKE_CREDENTIALS, secretAccessKey: "x" }],
    ["a forged session token", { ...FAKE_CREDENTIALS, sessionToken: "x" }],
  ])("with %s says that the credentials are at fault", async (_, credentials) => {
    const { store } = parameters({ credentials: () => credentials });
    await expect(store.get([secret.name])).rejects.toMatchObject({ code: "aws_credentials" });
  });
});

describe("a connection that was opened ahead", () => {
  async function counted() {
    const server = createServer((_, answer) => answer.end('{"Parameters":[]}'));
    let connections = 0;
    const all = new Set<Socket>();
    server.on("connection", (socket: Socket) => {
      connections += 1;
      all.add(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    made.push({
      close() {
        server.closeAllConnections();
        server.close();
      },
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ends = () => Promise.all([...all].map((each) => new Promise((resolve) => each.destroy().once("close", resolve))));
    return { env: { ...aws.env, AWS_ENDPOINT_URL: url }, connections: () => connections, ends };
  }

  it("is the next call's", async () => {
    const { env, connections } = await counted();
    const { store, transport } = parameters({ env });
    await transport.connect("ssm");
    expect(connections()).toBe(1);
    await Promise.all([store.get(["/a"]), store.get(["/b"])]);
    expect(connections()).toBe(2);
    await store.get(["/c"]);
    expect(connections()).toBe(2);
  });

  it("is no other service's", async () => {
    const { env, connections } = await counted();
    const { store, transport } = parameters({ env: { ...env, AWS_ENDPOINT_URL_SSM: aws.url } });
    await transport.connect("kms");
    await store.get(["/a"]);
    expect([connections(), aws.calls.length]).toStrictEqual([1, 1]);
  });

  it("and has ended since costs the next call nothing but another one", async () => {
    const { env, connections, ends } = await counted();
    const { store, transport } = parameters({ env });
    await transport.connect("ssm");
    await ends();
    expect(await store.get(["/a"])).toStrictEqual(new Map());
    expect(connections()).toBe(2);
  });

  it("that cannot be opened is told by the next call", async () => {
    const env = { ...aws.env, AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    const { store, transport } = parameters({ env, deadlineMs: 1 });
    await transport.connect("ssm");
    await expect(store.get(["/a"])).rejects.toMatchObject({ code: "aws_unavailable" });
  });
});

describe("a value", () => {
  it("beyond 4,096 bytes goes to the advanced tier, and one beyond 8,192 is refused by AWS in words", async () => {
    const { store } = parameters();
    await store.create({ ...secret, value: "a".repeat(4_096) });
    await store.create({ ...secret, name: "/signet/a/keys/l", value: "a".repeat(4_097) });
    const tiers = ["k", "l"].map((id) => aws.state.parameters.get(`/signet/a/keys/${id}`).at(-1).tier);
    expect(tiers).toStrictEqual(["Standard", "Advanced"]);
    const tooLong = store.create({ ...secret, name: "/signet/a/keys/m", value: "a".repeat(8_193) });
    await expect(tooLong).rejects.toMatchObject({ code: "aws_refused" });
  });

  it("is listed by name over many pages", async () => {
    const { store } = parameters();
    for (let id = 0; id < 23; id++) await store.create({ ...secret, name: `/signet/a/keys/${id}` });
    const names: string[] = [];
    for await (const name of store.names("/signet/a/keys")) names.push(name);
    expect(new Set(names).size).toBe(23);
  });
});
