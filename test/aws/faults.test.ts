import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBucket } from "../../src/aws/s3.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import { isSignetError } from "../../src/errors.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import { createManager } from "../../src/rotation/manager.js";
import { standingOf } from "../../src/rotation/plan/strays.js";
import { createAwsStores } from "../../src/storage/aws/stores.js";
import { TOKEN_OR_KEY } from "../contracts/leaks.js";
import { isInFull, some } from "../contracts/matrix.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { custodianOf, KINDS } from "./custodians.js";

const FAULTS = [
  { kind: "lost-reply" },
  { kind: "reset" },
  { kind: "truncated" },
  { code: "AccessDeniedException", status: 400 },
  { code: "InternalServerError", status: 500 },
  { code: "ThrottlingException", status: 400 },
];

const MAX_CALLS = isInFull ? Number.POSITIVE_INFINITY : 3;

const sleep = async () => undefined;

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
let kmsKey: string;
let installations = 0;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  aws.createBucket("keyrings");
  kmsKey = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
  transport = createTransport({
    region: "eu-central-1",
    credentials: () => FAKE_CREDENTIALS,
    env: aws.env,
    random: () => 0,
  });
});

afterAll(async () => {
  transport.close();
  await aws.close();
});

/** A new installation, and a manager of it that forgets what it knew, as a process does that starts anew. */
function installed(kind: (typeof KINDS)[number]) {
  installations += 1;
  const installation = `faults-${installations}`;
  const bucket = createBucket(transport, "keyrings");
  const stores = createAwsStores(createParameterStore(transport), `/signet/${installation}/active`, {
    bucket,
    prefix: `${installation}/`,
  });
  let now = 1_800_000_000;
  const tick = () =>
    createManager({
      stores: { ...stores, serviceTime: async () => now },
      custodians: { [kind]: custodianOf(kind, transport, { installation, kmsKey }) },
      settings: {
        issuer: "https://issuer.example",
        algorithm: "ES256",
        custody: kind,
        policy: { rotateEverySeconds: 0, publishAheadSeconds: 86_400, activeKeyMaxAgeSeconds: 3_600, clockSkewSeconds: 300 },
        maxTtlSeconds: 3_600,
        allowsUnlimitedTokens: false,
      },
      clock: () => now,
      sleep,
    }).tick({ createKeyring: true });
  return { installation, stores, tick, later: (seconds: number) => (now += seconds) };
}

/** What is left of an installation's private keys in AWS, as it is listed. */
async function keysLeft(kind: (typeof KINDS)[number], installation: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of custodianOf(kind, transport, { installation, kmsKey }).list()) ids.push(id);
  return ids;
}

describe.each(some(2, KINDS))("an installation with %s, whichever call fails in whichever way", (kind) => {
  it("ends as if nothing had happened, or says what to do; the next ticks finish, and nothing is left over", async () => {
    const before = aws.calls.length;
    await installed(kind).tick();
    const calls = aws.calls.length - before;
    // Each call fails in one way, and the ways take turns.
    const stride = Math.max(1, Math.floor(calls / MAX_CALLS));
    for (let [index, turn] = [0, 0]; index < calls; index += stride, turn += 1) {
      const { installation, stores, tick, later } = installed(kind);
      aws.inject({ ...(FAULTS[(turn + KINDS.indexOf(kind)) % FAULTS.length] as object), skip: index });
      await tick().catch((error: unknown) => {
        expect(isSignetError(error), String(error)).toBe(true);
        expect((error as Error).message).not.toMatch(TOKEN_OR_KEY);
      });
      aws.clearFaults();
      later(600);
      await tick();
      // Two sweeps, half a day apart, have to see what a failed call left.
      for (const _ of [1, 2]) {
        later(13 * 3_600);
        await tick();
      }
      const keyring = (await stores.keyring.read())?.keyring;
      const states = keyring?.keys.map(({ state }) => state).sort();
      expect(states, `call ${index + 1}`).toStrictEqual(["active", "pending"]);
      const held = (await keysLeft(kind, installation)).map((name) => standingOf(keyring as Keyring, name));
      expect(held.filter((standing) => standing !== "named")).toStrictEqual([]);
      expect(keyring?.strays).toStrictEqual([]);
      expect(keyring?.lease).toBeNull();
      const [document] = await stores.active.read();
      expect(document?.kid).toBe(keyring?.keys.find(({ state }) => state === "active")?.publicJwk?.kid);
    }
  });
});
