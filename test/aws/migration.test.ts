import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { AlgorithmName } from "../../src/algorithms/table.js";
import { awsParts } from "../../src/assemble-aws.js";
import type { Custody } from "../../src/keyring/key-record.js";
import { createHandler } from "../../src/lambda/issuer/issuer.js";
import { createManager, type Manager } from "../../src/rotation/manager.js";
import { isEvery, isInFull } from "../contracts/matrix.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const ISSUER = "https://issuer.example";
const HOUR = 3_600;
const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:issuer";
const INSTALLATION = "moving";

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let wrapping: string;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  aws.createBucket("keyrings");
  wrapping = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
});

afterAll(() => aws.close());
// Only the date: sockets and their timeouts go on in real time.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const present = () => Math.floor(Date.now() / 1_000);
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1_000);

/** A manager as it is configured: what it makes by itself is what its policy in force says. */
function managerWith(
  algorithm: AlgorithmName,
  custody: Custody,
): { manager: Manager; stores: ReturnType<typeof awsParts>["stores"] } {
  const place = { installation: INSTALLATION, region: "eu-central-1", keyring: "s3://keyrings/moving", kmsKey: wrapping };
  const { stores, custodians } = awsParts({ ...place, custody, env: aws.env, credentials: () => FAKE_CREDENTIALS });
  const policy = { rotateEverySeconds: 0, publishAheadSeconds: 24 * HOUR, activeKeyMaxAgeSeconds: HOUR, clockSkewSeconds: 300 };
  const settings = { issuer: ISSUER, algorithm, custody, policy, maxTtlSeconds: 2 * HOUR, allowsUnlimitedTokens: false };
  const sleep = async (seconds: number) => void pass(seconds);
  return { manager: createManager({ stores, custodians, settings, clock: present, sleep }), stores };
}

/** Issues through a warm function, and verifies every living token as somebody else would. */
function traffic(stores: ReturnType<typeof awsParts>["stores"]) {
  const env = { ...aws.env, SIGNET_INSTALLATION: INSTALLATION, SIGNET_ISSUER: ISSUER, SIGNET_KMS_KEY: wrapping };
  const issue = createHandler(env, () => undefined);
  const living: { token: string; endsAt: number }[] = [];
  const kids = new Set<string>();
  let checks = 0;
  return {
    kids,
    checks: () => checks,
    async round() {
      const { token } = (await issue({ claims: {}, ttl: 2 * HOUR }, { awsRequestId: "r", invokedFunctionArn: ARN })) as {
        token: string;
      };
      living.push({ token, endsAt: present() + 2 * HOUR });
      while (living[0] !== undefined && living[0].endsAt <= present()) living.shift();
      const jwks = createLocalJWKSet((await stores.publicDocuments.read())?.jwks as unknown as JSONWebKeySet);
      for (const each of living) {
        const { protectedHeader } = await jwtVerify(each.token, jwks, { currentDate: new Date(), issuer: ISSUER });
        kids.add(protectedHeader.kid as string);
        checks++;
      }
    },
  };
}

/** Every private part that this installation has anywhere, by the id or name under which it is kept. */
function privateParts() {
  const { parameters, secrets, keys } = aws.state;
  const named = (name: string) => name.includes(INSTALLATION);
  return {
    parameters: [...parameters.keys()].filter((name: string) => named(name) && name.includes("/keys/")),
    signing: [...parameters]
      .filter(([name, parameter]) => named(name) && /pkcs8|wrapped/.test(JSON.stringify(parameter)))
      .map(([name]) => name),
    secrets: [...secrets.keys()].filter(named),
    kms: [...keys.values()].filter((key) => key.tags.get("signet:installation") === INSTALLATION && key.state === "Enabled"),
  };
}

const ALIAS = `alias/signet/${INSTALLATION}/active`;
/** Between looks: all the way in the full proof, else dense where the next key takes over and old tokens live. */
const STEPS_HOURS = isInFull ? Array.from({ length: 18 }, () => 2) : [6, 6, 6, 4, 2, 2, 2, 2, 2, 2, 2];
const CYCLE: readonly (readonly [Custody, AlgorithmName])[] = [
  ["kms", "ES256"],
  ["kms", "RS256"],
  ["kms-data-key", "EdDSA"],
  ["secrets-manager", "ES256"],
  ["kms", "ES256"],
  ["parameter-store", "ES256"],
];

/** The short way home ends with the same custodian. */
const moves = isEvery ? CYCLE : CYCLE.filter((_move, at) => [0, 2, 5].includes(at));

describe("keys that move from custodian to custodian", () => {
  it("break no token on the way, and leave no private part behind", { timeout: 300_000 }, async () => {
    const first = managerWith("ES256", "parameter-store");
    await first.manager.tick({ createKeyring: true });
    const flow = traffic(first.stores);
    const signing = async () => (await first.stores.keyring.read())?.keyring.keys.find(({ state }) => state === "active");
    for (const [custody, algorithm] of moves) {
      const { manager } = managerWith(algorithm, custody);
      await manager.applySettings({ rotate: true, verifiersAccept: [algorithm] });
      for (const hours of STEPS_HOURS) {
        await flow.round();
        await manager.tick();
        pass(hours * HOUR);
      }
      const active = await signing();
      expect(active).toMatchObject({ custody, alg: algorithm });
      const target = aws.state.aliases.get(ALIAS);
      expect(target).toBe(custody === "kms" ? active?.publicJwk?.kid : undefined);
    }
    expect(flow.kids.size).toBe(moves.length + 1);
    const { parameters, signing: held, secrets, kms } = privateParts();
    // The active key is in the active document, the standby in a parameter of its own; nobody else's is left.
    expect([parameters.length, held.length, secrets.length, kms.length]).toStrictEqual([1, 2, 0, 0]);
    expect((await first.stores.keyring.read())?.keyring.keys.map(({ state }) => state).sort()).toStrictEqual([
      "active",
      "pending",
    ]);
  });
});
