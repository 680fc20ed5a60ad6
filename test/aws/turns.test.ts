import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createKms, type Kms } from "../../src/aws/kms.js";
import { createTransport, type Transport, type TransportOptions } from "../../src/aws/transport.js";
import { untilTurn } from "../contracts/until.js";

/** How many calls to KMS may be under way at once. */
const MOST = 32;
const ATTEMPT_MS = 3_000;
const MESSAGE = { message: Buffer.from("a"), messageType: "RAW", signingAlgorithm: "ECDSA_SHA_256" } as const;

/** A KMS that answers when it is told to. */
function createHeldKms() {
  const held: { incoming: IncomingMessage; outgoing: ServerResponse }[] = [];
  const seen = { calls: 0, connections: 0 };
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    seen.calls += 1;
    held.push({ incoming, outgoing });
  });
  server.keepAliveTimeout = 60_000;
  server.on("connection", () => {
    seen.connections += 1;
  });
  return {
    server,
    held,
    seen,
    answer: (count = held.length, status = 200) => {
      for (const { outgoing } of held.splice(0, count)) outgoing.writeHead(status).end('{"Signature":"AAAA"}');
    },
    cut: (count: number) => {
      for (const { incoming } of held.splice(0, count)) incoming.socket.destroy();
    },
  };
}

let far: ReturnType<typeof createHeldKms>;
const made: Transport[] = [];

beforeEach(async () => {
  far = createHeldKms();
  await new Promise<void>((resolve) => far.server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  vi.useRealTimers();
  for (const transport of made.splice(0)) transport.close();
  far.answer();
  far.server.close();
  far.server.closeAllConnections();
});

function connected(options: Partial<TransportOptions> = {}): { kms: Kms; transport: Transport } {
  const transport = createTransport({
    region: "eu-central-1",
    credentials: () => ({ accessKeyId: "a", secretAccessKey: "b" }),
    env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${(far.server.address() as AddressInfo).port}` },
    attemptMs: ATTEMPT_MS,
    random: () => 0,
    ...options,
  });
  made.push(transport);
  return { kms: createKms(transport), transport };
}

const times = (count: number, sign: () => Promise<Buffer>) => Array.from({ length: count }, sign);
/** No more come: whoever is let in calls before it is asked for the next time. */
async function heldAre(count: number): Promise<void> {
  await untilTurn(`${count} calls that are held`, () => far.held.length >= count);
  expect(far.held).toHaveLength(count);
}

describe("calls to KMS", () => {
  it("are under way 32 at a time, whichever transport of the process makes them", async () => {
    const [one, other] = [connected().kms, connected().kms];
    const calls = [...times(40, () => one.sign("k", MESSAGE)), ...times(40, () => other.sign("k", MESSAGE))];
    for (let done = 0; done < 80; done += MOST) {
      await heldAre(Math.min(MOST, 80 - done));
      far.answer();
    }
    await Promise.all(calls);
    expect(far.seen).toStrictEqual({ calls: 80, connections: expect.any(Number) });
    expect(far.seen.connections).toBeLessThanOrEqual(2 * MOST);
  });

  it("open no more connections than may be under way", async () => {
    const { kms } = connected();
    const calls = times(100, () => kms.sign("k", MESSAGE));
    for (let done = 0; done < 100; done++) {
      await untilTurn("a call", () => far.held.length > 0);
      far.answer(1);
    }
    await Promise.all(calls);
    expect(far.seen).toStrictEqual({ calls: 100, connections: MOST });
  });

  it("give their turns back where they fail, in whatever way, and keep the others' calls as they are", async () => {
    let clock = 1_800_000_000_000;
    const { kms } = connected({ now: () => clock });
    const lost = times(MOST, () => kms.sign("k", MESSAGE).catch((error: { code: string }) => error.code as never));
    await heldAre(MOST);
    clock += 60_000;
    const { kms: patient } = connected();
    const calls = times(MOST, () => patient.sign("k", MESSAGE));
    far.answer(MOST / 2, 403);
    far.cut(MOST / 2);
    expect(new Set(await Promise.all(lost))).toStrictEqual(new Set(["aws_access_denied", "aws_unavailable"]));
    await heldAre(MOST);
    far.answer();
    expect(await Promise.all(calls)).toHaveLength(MOST);
    expect(far.seen.calls).toBe(2 * MOST);
  });

  it("of a transport that is closed leave their turns to others", async () => {
    const { kms, transport } = connected();
    const calls = Promise.allSettled(times(2 * MOST, () => kms.sign("k", MESSAGE)));
    await heldAre(MOST);
    transport.close();
    expect((await calls).map(({ status }) => status)).toStrictEqual(Array(2 * MOST).fill("rejected"));
    far.held.splice(0);
    const next = connected().kms.sign("k", MESSAGE);
    await heldAre(1);
    far.answer();
    await next;
  });

  it("have their time from their turn on", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { kms } = connected();
    const calls = times(3 * MOST, () => kms.sign("k", MESSAGE));
    for (let round = 0; round < 3; round++) {
      await heldAre(MOST);
      // Less than a connection that was used before may be silent; the three rounds together are more.
      vi.advanceTimersByTime(900);
      far.answer();
    }
    await Promise.all(calls);
    expect(far.seen.calls).toBe(3 * MOST);
  });

  it("that find no turn before their deadline say so, and when to try again", async () => {
    let clock = 1_800_000_000_000;
    const { kms } = connected({ now: () => clock, deadlineMs: 60_000 });
    const calls = times(MOST, () => kms.sign("k", MESSAGE));
    await heldAre(MOST);
    const late = expect(kms.sign("k", MESSAGE)).rejects.toMatchObject({ code: "aws_throttled", retryAfterSeconds: 1 });
    clock += 60_000;
    far.answer();
    await Promise.all(calls);
    await late;
    expect(far.seen.calls).toBe(MOST);
  });

  it("end with the time of those who wait for them", async () => {
    const told: string[] = [];
    const now = () => 1_800_000_000_000;
    const { kms } = connected({ now, endsBy: () => now() + 1, onRetry: (action) => told.push(action) });
    const call = kms.sign("k", MESSAGE);
    await expect(call).rejects.toMatchObject({ code: "aws_unavailable" });
    expect(told).toStrictEqual([]);
  });

  it("that are made once more are told", async () => {
    const told: string[] = [];
    const { kms } = connected({ onRetry: (action) => told.push(action) });
    const call = kms.sign("k", MESSAGE);
    await heldAre(1);
    far.cut(1);
    await heldAre(1);
    far.answer();
    await call;
    expect(told).toStrictEqual(["kms:Sign"]);
  });
});
