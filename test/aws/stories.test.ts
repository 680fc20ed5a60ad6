import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { awsParts } from "../../src/assemble-aws.js";
import { createHandler } from "../../src/lambda/issuer/issuer.js";
import { createKeyManager } from "../../src/lambda/key-manager/key-manager.js";
import { managerSettingsOf } from "../../src/lambda/key-manager/settings.js";
import { createManager, type Manager } from "../../src/rotation/manager.js";
import { amount, isInFull } from "../contracts/matrix.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

/** In full by `npm run proof:aws`. */
const STORIES = isInFull ? 200 : 1;
const STEPS = amount(16, 40);
const HOUR = 3_600;
const TTL = 2 * HOUR;
const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:f";
const CUSTODIES = ["parameter-store", "secrets-manager", "kms", "kms-data-key"] as const;
const ALGORITHMS = ["ES256", "EdDSA", "ES384"] as const;

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let wrapping: string;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  aws.createBucket("keyrings");
  wrapping = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
});

afterAll(() => aws.close());
afterEach(() => void vi.useRealTimers());

/** Numbers from 0 up to 1, the same ones for the same seed (mulberry32). */
function chance(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const FAULTS = [
  { kind: "reset" },
  { kind: "lost-reply" },
  { kind: "truncated" },
  { kind: "stale-read", action: "ssm:GetParameters" },
  { code: "ThrottlingException", status: 400, times: 3 },
  { code: "InternalServerError", status: 500, times: 3 },
  { code: "AccessDeniedException", status: 400 },
  { code: "ConditionalRequestConflict", status: 409, action: "s3:PutObject" },
];

/** A manager that is stopped before one of its calls: for ever, as by kill -9, or until it is resumed. */
function stoppable(env: Record<string, string>, pass: (seconds: number) => void, calls: number) {
  let resume: () => void = () => undefined;
  let stopped: () => void = () => undefined;
  const isStopped = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const pause = new Promise<void>((resolve) => {
    resume = resolve;
  });
  let left = calls;
  const credentials = async () => {
    if (left-- === 0) stopped();
    if (left < 0) await pause;
    return FAKE_CREDENTIALS;
  };
  const { SIGNET_INSTALLATION: installation = "", SIGNET_KEYRING: keyring, SIGNET_KMS_KEY: kmsKey } = env;
  const { rotation } = managerSettingsOf(env);
  const place = { installation, keyring, kmsKey, region: "eu-central-1", custody: rotation.custody };
  const { stores, custodians } = awsParts({ ...place, env, credentials });
  const holder = `stoppable ${Math.random()}`;
  const manager = createManager({
    // As another machine's: nobody can tell whether it lives.
    stores: { ...stores, holder: () => holder, stateOfHolder: () => "unknown" },
    custodians,
    settings: rotation,
    clock: () => Math.floor(Date.now() / 1_000),
    sleep: async (seconds) => pass(seconds),
  });
  return {
    resume,
    /** Until it has ended, or is stopped. */
    async run(deed: (manager: Manager) => Promise<unknown>): Promise<{ ended: Promise<unknown> }> {
      const ended = deed(manager).catch((error: unknown) => {
        if (!TOLERABLE.test((error as { code?: string }).code ?? String(error))) throw error;
      });
      await Promise.race([ended, isStopped]);
      return { ended };
    },
  };
}

/** What managers may fail with while services fail, or while another one has the lease; everything else is a fault of ours. */
const TOLERABLE =
  /^(aws_|lease_|keyring_conflict|store_|publication_unconfirmed|plan_refused|key_not_found|not_ready|no_active_key|active_key_stale)/;

type Asked = { action: string } & Record<string, unknown>;

function installation(seed: number, random: () => number) {
  const name = `story-${seed}`;
  const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const env = (custody: string, algorithm: string) => ({
    ...aws.env,
    SIGNET_INSTALLATION: name,
    SIGNET_KEYRING: `s3://keyrings/${name}`,
    SIGNET_ISSUER: "https://issuer.example",
    SIGNET_KMS_KEY: wrapping,
    SIGNET_CUSTODY: custody,
    SIGNET_ALGORITHM: algorithm,
    SIGNET_LIMITS: JSON.stringify({ maxTtlSeconds: TTL }),
    SIGNET_ROTATION: JSON.stringify({ rotateEverySeconds: 3 * 24 * HOUR }),
  });
  // What happens to services happens at an instant: a read is stale for no longer than stores need to settle.
  const pass = (seconds: number) => {
    aws.clearFaults();
    vi.setSystemTime(Date.now() + seconds * 1_000);
  };
  const first = env(any(CUSTODIES), any(ALGORITHMS));
  const manager = () => createKeyManager(first, () => undefined, { sleep: async (seconds) => pass(seconds) });
  const managers = [manager(), manager()];
  const issuers = [1, 2].map(() => createHandler(first, () => undefined));
  const context = { awsRequestId: "r", invokedFunctionArn: ARN, getRemainingTimeInMillis: () => 800_000 };
  const object = (key: string) => {
    const text = aws.state.buckets.get("keyrings").objects.get(`${name}/${key}`)?.at(-1)?.body?.toString();
    return text === undefined ? undefined : JSON.parse(text);
  };
  return {
    name,
    any,
    pass,
    stoppable: (calls: number) => stoppable(first, pass, calls),
    keyring: () => object("keyring.json"),
    jwks: () => object(".well-known/jwks.json") as JSONWebKeySet,
    ask: async (which: number, event: Asked) => {
      try {
        await managers[which]?.(event, context);
      } catch (error) {
        if (!TOLERABLE.test((error as Error).name)) throw error;
      }
    },
    async issue(which: number): Promise<string | undefined> {
      try {
        const answer = await issuers[which]?.({ claims: {}, ttl: TTL }, context);
        return (answer as { token: string }).token;
      } catch (error) {
        if (!TOLERABLE.test((error as Error).name)) throw error;
        return undefined;
      }
    },
  };
}

/** Every token that has not ended, against the JWKS that is published: only those of revoked keys may be refused. */
function ledger(jwks: () => JSONWebKeySet) {
  let living: { token: string; kid: string; endsAt: number }[] = [];
  const seconds = () => Math.floor(Date.now() / 1_000);
  return {
    checks: 0,
    add(token: string | undefined) {
      if (token === undefined) return;
      const { kid } = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
      living.push({ token, kid, endsAt: seconds() + TTL });
    },
    async check(revoked: ReadonlySet<string>) {
      living = living.filter(({ endsAt, kid }) => endsAt > seconds() && !revoked.has(kid));
      if (living.length === 0) return;
      const keys = createLocalJWKSet(jwks());
      for (const { token } of living) await jwtVerify(token, keys, { currentDate: new Date() });
      this.checks += living.length;
    },
  };
}

async function tell(seed: number): Promise<number> {
  const random = chance(seed);
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 + seed * 86_400_000 });
  const { name, any, pass, keyring, jwks, ask, issue, stoppable } = installation(seed, random);
  const paused: (() => Promise<unknown>)[] = [];
  const stopSomebody = async () => {
    const manager = stoppable(Math.floor(random() * 30));
    const deed = any<(manager: Manager) => Promise<unknown>>([(each) => each.tick(), (each) => each.rotate()]);
    const { ended } = await manager.run(deed);
    return { resume: manager.resume, ended };
  };
  const revoked = new Set<string>();
  const tokens = ledger(jwks);
  // What the creation of a stack does.
  await (await stoppable(Number.POSITIVE_INFINITY).run((each) => each.tick({ createKeyring: true }))).ended;
  const deeds: readonly (() => Promise<unknown>)[] = [
    () => ask(0, { action: "tick" }),
    () => ask(1, { action: "tick" }),
    () => Promise.all([ask(0, { action: "tick" }), ask(1, { action: "tick" })]),
    () => Promise.all([ask(0, { action: "rotate" }), ask(1, { action: "tick" })]),
    async () => aws.inject({ ...any(FAULTS), skip: Math.floor(random() * 12) } as never),
    async () => {
      aws.inject({ ...any(FAULTS), skip: Math.floor(random() * 12) } as never);
      await ask(Math.round(random()), { action: "tick" });
    },
    () => ask(0, { action: "migrate", custody: any(CUSTODIES), algorithm: any(ALGORITHMS), verifiersAccept: [...ALGORITHMS] }),
    async () => {
      const keys = (keyring()?.keys ?? []) as { publicJwk?: { kid: string } }[];
      const kid = any(keys)?.publicJwk?.kid;
      if (kid === undefined || random() < 0.5) return;
      revoked.add(kid);
      await ask(1, { action: "revoke", kid });
    },
    // Killed: its lease is left, and whatever it was about to do.
    () => stopSomebody(),
    async () => {
      const { resume, ended } = await stopSomebody();
      paused.push(async () => {
        resume();
        await ended;
      });
    },
    async () => paused.shift()?.(),
    async () => pass(Math.floor(random() * 26 * HOUR)),
    async () => pass(Math.floor(random() * HOUR)),
  ];
  for (let step = 0; step < STEPS; step++) {
    await any(deeds)();
    for (const which of [0, 1]) tokens.add(await issue(which));
    await tokens.check(revoked);
    pass(any([0, 0, 1, 30, 90]));
  }
  for (const resume of paused) await resume();
  for (let hour = 0; hour < 60; hour += 4) {
    pass(4 * HOUR);
    await ask(0, { action: "tick" });
    tokens.add(await issue(0));
    await tokens.check(revoked);
  }
  assertTidy(name, keyring());
  return tokens.checks;
}

/** Once everything is quiet, private parts are those of the keys that sign or will sign, and no others. */
function assertTidy(
  name: string,
  { keys, activation, lease }: { keys: { id: string; state: string; custody: string }[]; activation: unknown; lease: unknown },
) {
  expect([activation, lease]).toStrictEqual([null, null]);
  expect(keys.filter(({ state }) => state === "active")).toHaveLength(1);
  expect(keys.filter(({ state }) => state === "creating" || state === "revoked")).toHaveLength(0);
  const ids = (custody: string) => keys.filter((key) => key.custody === custody).map(({ id }) => id);
  const { parameters, secrets, keys: kmsKeys } = aws.state;
  const kept = (names: Iterable<string>, prefix: string) =>
    [...names].filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
  const inParameters = kept(parameters.keys(), `/signet/${name}/keys/`);
  const inSecrets = kept(
    [...secrets.values()].map((secret: { name: string }) => secret.name),
    `signet/${name}/keys/`,
  );
  const tagged = [...kmsKeys.values()].filter((key) => key.tags.get("signet:installation") === name && key.state === "Enabled");
  expect(inParameters.filter((id) => ![...ids("parameter-store"), ...ids("kms-data-key")].includes(id))).toStrictEqual([]);
  expect(inSecrets.filter((id) => !ids("secrets-manager").includes(id))).toStrictEqual([]);
  expect(tagged.map((key) => key.tags.get("signet:key") as string).filter((id) => !ids("kms").includes(id))).toStrictEqual([]);
}

describe("two managers and two issuers in AWS, whatever fails", () => {
  it(`break no token in ${STORIES} stories, and leave nothing behind`, { timeout: STORIES * 180_000 }, async () => {
    let checks = 0;
    for (let seed = 1; seed <= STORIES; seed++) {
      checks += await tell(seed).catch((error: unknown) => {
        throw new Error(`story ${seed}: ${error instanceof Error ? `${error.name}: ${error.message}` : error}`, { cause: error });
      });
    }
    expect(checks).toBeGreaterThan(STORIES * 50);
  });
});
