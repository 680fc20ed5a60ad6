import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { importSPKI } from "jose";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTransport } from "../../src/aws/transport.js";
import { SignetError } from "../../src/errors.js";
import { notifierOf } from "../../src/notify/notifier.js";
import { webhookNotifier } from "../../src/notify/webhook.js";
import { createManager } from "../../src/rotation/manager.js";
import type { Notice, Notify } from "../../src/rotation/session/notice.js";
import { memoryPlace } from "../contracts/memory-place.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
const DAY = 86_400;

let receiver: Server;
let url: string;
let status = 200;
let received: { headers: Record<string, string>; body: string }[] = [];

beforeAll(async () => {
  receiver = createServer((incoming, outgoing) => {
    let body = "";
    incoming.on("data", (chunk) => {
      body += chunk;
    });
    incoming.on("end", () => {
      received.push({ headers: incoming.headers as Record<string, string>, body });
      outgoing.writeHead(status, { location: "http://127.0.0.1:9/" }).end("it is so");
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});

beforeEach(() => {
  [received, status] = [[], 200];
});

afterAll(() => {
  receiver.close();
});

const NOTICE: Notice = {
  id: "n-1",
  issuer: "https://issuer.example",
  change: { number: 1, at: 1, event: "key.published", keys: ["a"] },
  signs: "a",
  next: null,
  keys: [],
};
const sleep = async () => undefined;

function installed() {
  const { stores, custodian } = memoryPlace();
  let now = 1_800_000_000;
  let isRefused = false;
  const create: typeof custodian.create = async (...asked) => {
    if (isRefused) throw new SignetError("aws_access_denied", "kms:CreateKey is not allowed");
    return custodian.create(...asked);
  };
  const steps: string[] = [];
  const managerTold = (notify?: Notify) =>
    createManager({
      stores,
      custodians: { file: { ...custodian, create } },
      settings: {
        issuer: "https://issuer.example",
        algorithm: "ES256",
        custody: "file",
        policy: { rotateEverySeconds: 3 * DAY, publishAheadSeconds: DAY, activeKeyMaxAgeSeconds: 3_600, clockSkewSeconds: 300 },
        maxTtlSeconds: 3_600,
        allowsUnlimitedTokens: false,
      },
      clock: () => now,
      onStep: ({ words }) => steps.push(words),
      notify,
    });
  const refuse = () => {
    isRefused = true;
  };
  return { managerTold, stores, steps, refuse, pass: (seconds: number) => (now += seconds), now: () => now };
}

describe("notices", () => {
  it("tell of every change once, in order, with the next key and its PEM in time", async () => {
    const { managerTold, pass, now } = installed();
    const told: Notice[] = [];
    const manager = () => managerTold(async (notice) => void told.push(notice));
    for (let hour = 0; hour < 5 * 24; hour += 1) {
      await manager().tick({ createKeyring: true });
      pass(3_600);
    }
    const history = await manager().history();
    expect(told.map(({ change }) => change.number)).toStrictEqual(history.map(({ number }) => number));
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
    const activations = told.filter(({ change }) => change.event === "key.activated");
    expect(activations.length).toBeGreaterThan(1);
    const [kid] = activations[1]?.change.keys ?? [];
    const before = told.filter(({ change, next }) => change.at < (activations[1]?.change.at ?? 0) - DAY && next?.kid === kid);
    const announced = before.at(-1) as Notice;
    expect(announced.next?.at).toBeLessThanOrEqual(now());
    expect(Math.abs((announced.next?.at ?? 0) - (activations[1]?.change.at ?? 0))).toBeLessThanOrEqual(3_600);
    await importSPKI(announced.keys.find((key) => key.kid === kid)?.pem ?? "", "ES256");
  });

  it("that are not accepted are sent again, with the same id, and hold no key up", async () => {
    const { managerTold, steps } = installed();
    const ids: string[] = [];
    let left = 2;
    const notify: Notify = async ({ id }) => {
      if (ids.length === 3 && left-- > 0) throw new Error("eyJ.secret");
      ids.push(id);
    };
    const first = await managerTold(notify).tick({ createKeyring: true });
    expect(first.actions.length).toBeGreaterThan(3);
    expect(first.waits).toContainEqual({
      rule: "notices_unsent",
      until: null,
      words: expect.stringContaining("could not be sent"),
    });
    expect(ids).toHaveLength(3);
    expect(steps.at(-1)).toMatch(/could not be sent.*unexpected/);
    await managerTold(notify).tick({ createKeyring: true });
    expect((await managerTold(notify).tick({ createKeyring: true })).waits.map(({ rule }) => rule)).not.toContain(
      "notices_unsent",
    );
    await managerTold(notify).tick({ createKeyring: true });
    expect(ids).toHaveLength((await managerTold().history()).length);
    const before = ids.length;
    await managerTold(notify).tick({ createKeyring: true });
    expect(ids).toHaveLength(before);
  });

  it("begin where they are first configured, not with history", async () => {
    const { managerTold, pass } = installed();
    await managerTold().tick({ createKeyring: true });
    const told: Notice[] = [];
    const manager = managerTold(async (notice) => void told.push(notice));
    await manager.tick({ createKeyring: true });
    expect(told).toHaveLength(0);
    pass(DAY);
    await manager.rotate();
    expect(told[0]?.change.event).toBe("rotation.requested");
  });
});

describe("notices of what was done before something failed", () => {
  it("are sent all the same, without the PEM that this Node cannot make", async () => {
    const { managerTold, stores, refuse } = installed();
    const told: Notice[] = [];
    const manager = managerTold(async (notice) => void told.push(notice));
    await manager.tick({ createKeyring: true });
    const [, standby] = (await stores.keyring.read())?.keyring.keys.map(({ publicJwk }) => publicJwk?.kid) ?? [];
    refuse();
    await expect(manager.revoke({ kid: standby as string })).rejects.toMatchObject({ code: "aws_access_denied" });
    expect(told.map(({ change }) => change.event)).toContain("key.revoked");
    const found = await stores.keyring.read();
    const publicJwk = { kid: "odd", alg: "ES256", use: "sig", kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) };
    const odd = {
      ...found?.keyring.keys[0],
      id: "odd",
      state: "retired",
      origin: "foreign",
      retiredAt: 1_800_000_000,
      publicJwk,
    };
    await stores.keyring.write({ ...found?.keyring, keys: [...(found?.keyring.keys ?? []), odd] } as never, found?.tag as string);
    const before = told.length;
    await manager.rotate().catch(() => undefined);
    expect(told.length).toBeGreaterThan(before);
    expect(told.at(-1)?.keys.find(({ kid }) => kid === "odd")).toStrictEqual({ kid: "odd", alg: "ES256", state: "retired" });
  });
});

describe("a webhook", () => {
  it("gets a notice that any library for Standard Webhooks takes, and no altered one", async () => {
    await webhookNotifier({ url, secret: SECRET })(NOTICE);
    const [{ headers, body } = { headers: {}, body: "" }] = received;
    expect(new Webhook(SECRET).verify(body, headers)).toStrictEqual(NOTICE);
    expect(headers["webhook-id"]).toBe("n-1");
    expect(() => new Webhook(SECRET).verify(body.replace("a", "b"), headers)).toThrow();
  });

  it.each([500, 301, 404])("that answers %i is tried three times, and no redirect is followed", async (code) => {
    status = code;
    await expect(webhookNotifier({ url, secret: SECRET, sleep })(NOTICE)).rejects.toMatchObject({
      code: "notice_failed",
      message: expect.stringContaining(String(code)),
    });
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  });

  it.each([
    ["http://hooks.example/a", SECRET, "https"],
    ["https://user:password@hooks.example/a", SECRET, "password"],
    ["nowhere", SECRET, "https"],
    ["https://hooks.example/a", "secret", "whsec_"],
    ["https://hooks.example/a", "whsec_c2hvcnQ=", "24 bytes"],
  ])("%s with such a secret is refused when it is configured", (target, secret, words) => {
    expect(() => webhookNotifier({ url: target, secret })).toThrow(words);
    expect(() => webhookNotifier({ url: target, secret })).not.toThrow("c2hvcnQ");
  });
});

describe("an event bus", () => {
  it("gets a notice as an event; one that it does not take is a failure", async () => {
    const aws = await startFakeAws();
    const transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
    const notify = notifierOf({ eventBus: "default", webhook: url, webhookSecret: SECRET }, () => transport) as Notify;
    await notify(NOTICE);
    expect(aws.state.buses.get("default")).toStrictEqual([
      { source: "signet", "detail-type": "Signet key change", detail: NOTICE },
    ]);
    expect(received).toHaveLength(1);
    aws.inject({ action: "events:PutEvents", code: "AccessDeniedException", status: 400 });
    await expect(notify(NOTICE)).rejects.toThrow("events:PutEvents");
    transport.close();
    await aws.close();
  });
});
