import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { awsParts } from "../../src/assemble-aws.js";
import { createKms, type Kms } from "../../src/aws/kms.js";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import { createKmsCustodian } from "../../src/custody/kms/custodian.js";
import type { Custody } from "../../src/keyring/key-record.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import { createHandler } from "../../src/lambda/issuer/issuer.js";
import { createManager } from "../../src/rotation/manager.js";
import { amount, isInFull, some } from "../contracts/matrix.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:f";
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
let wrapping: string;
let installations = 0;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  aws.createBucket("keyrings");
  wrapping = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
  transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
});
afterAll(async () => {
  transport.close();
  await aws.close();
});
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 }));
afterEach(() => {
  aws.clearLag();
  aws.clearFaults();
  // A sweep asks for the tags of every key of the account.
  for (const id of aws.state.keys.keys()) if (!wrapping.endsWith(id)) aws.state.keys.delete(id);
  aws.state.aliases.clear();
  vi.useRealTimers();
});

const clock = () => Math.floor(Date.now() / 1_000);
const pass = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1_000);
const ROUNDS = amount(8, 24, 120);
const sleep = async (seconds: number) => pass(seconds);

/** An installation whose keys rotate every four days, its managers and its issuer. */
async function installed(custody: Custody) {
  const name = `identity-${++installations}`;
  const place = { installation: name, region: "eu-central-1", keyring: `s3://keyrings/${name}`, kmsKey: wrapping };
  const parts = awsParts({ ...place, custody, env: aws.env, credentials: () => FAKE_CREDENTIALS });
  const policy = { rotateEverySeconds: 4 * DAY, publishAheadSeconds: DAY, activeKeyMaxAgeSeconds: HOUR, clockSkewSeconds: 300 };
  const settings = { issuer: "https://issuer.example", algorithm: "ES256" as const, custody, policy };
  const limits = { maxTtlSeconds: 2 * HOUR, allowsUnlimitedTokens: false };
  // Nobody can tell of another function's process whether it lives.
  const stores = (holder: string) => ({ ...parts.stores, holder: () => holder, stateOfHolder: () => "unknown" as const });
  const manager = ({ kms, holder = "a" }: { kms?: Kms; holder?: string } = {}) =>
    createManager({
      stores: stores(holder),
      custodians: {
        ...parts.custodians,
        ...(kms && { kms: createKmsCustodian({ kms, installation: name, sleep: async () => {} }) }),
      },
      settings: { ...settings, ...limits },
      clock,
      sleep,
    });
  const issue = createHandler({ ...aws.env, SIGNET_INSTALLATION: name, SIGNET_ISSUER: settings.issuer }, () => undefined);
  await manager().tick({ createKeyring: true });
  return {
    name,
    manager,
    stores: parts.stores,
    custodian: parts.custodians[custody] as NonNullable<(typeof parts.custodians)[Custody]>,
    keyring: async () => ((await parts.stores.keyring.read()) as { keyring: Keyring }).keyring,
    async days(count: number, hours = 25) {
      for (let passed = 0; passed < count * DAY; passed += hours * HOUR) {
        pass(hours * HOUR);
        await manager().tick();
      }
    },
    async expectSigns() {
      const { token } = (await issue({ claims: {}, ttl: HOUR }, { awsRequestId: "r", invokedFunctionArn: ARN })) as {
        token: string;
      };
      const { jwks } = (await parts.stores.publicDocuments.read()) as { jwks: unknown };
      await jwtVerify(token, createLocalJWKSet(jwks as JSONWebKeySet), { currentDate: new Date() });
    },
    madeInKms: () => [...aws.state.keys.values()].filter((key) => key.tags.get("signet:installation") === name),
    alias: (id: string) => `alias/signet/${name}/${id}`,
  };
}

type Installed = Awaited<ReturnType<typeof installed>>;

/** Every key in KMS that a record names can be used, and every other one of the installation is about to go. */
async function expectTidy({ keyring, madeInKms }: Installed) {
  const kids = (await keyring()).keys.map(({ publicJwk }) => publicJwk?.kid);
  for (const { id, state } of madeInKms())
    expect([id, state]).toStrictEqual([id, kids.includes(id) ? "Enabled" : "PendingDeletion"]);
}

const activeOf = ({ keys }: Keyring) => keys.find(({ state }) => state === "active") as Keyring["keys"][number];
const foreignKey = (spec = "ECC_NIST_P256") =>
  aws.perform("kms", "CreateKey", { KeySpec: spec, KeyUsage: "SIGN_VERIFY" }).KeyMetadata.KeyId as string;

describe("a KMS key and its alias", () => {
  it("are two things: the record names the key's ARN, and a deleted alias loses no key", async () => {
    const there = await installed("kms");
    const { id, keyArn, publicJwk } = activeOf(await there.keyring());
    expect(keyArn).toBe(`arn:aws:kms:eu-central-1:111122223333:key/${publicJwk?.kid}`);
    aws.perform("kms", "DeleteAlias", { AliasName: there.alias(id) });
    aws.perform("kms", "DeleteAlias", { AliasName: there.alias("active") });
    await there.days(3);
    await there.expectSigns();
    await expectTidy(there);
    // The days on which it rotates, and its key is destroyed at last, by its ARN.
    await there.days(6);
    await there.expectSigns();
    expect(activeOf(await there.keyring()).id).not.toBe(id);
    await expectTidy(there);
    expect(aws.state.keys.get(publicJwk?.kid)).toMatchObject({ state: "PendingDeletion" });
  });

  it.each(isInFull ? [5, 30, 60, 250] : [30])(
    "are told apart where aliases and keys are listed %i s late: nothing is scheduled away that a record names",
    async (seconds) => {
      aws.lag("aliases", { seconds });
      aws.lag("keys", { seconds });
      const there = await installed("kms");
      for (let round = 0; round < ROUNDS; round++) {
        pass(round % 3 === 0 ? 17 : 5 * HOUR);
        // A failure makes the next tick sweep.
        aws.inject({ action: "kms:GetPublicKey", code: "AccessDeniedException", status: 400, skip: round % 7 });
        await there
          .manager()
          .tick()
          .catch(() => undefined);
        aws.clearFaults();
        const kids = (await there.keyring()).keys.map(({ publicJwk }) => publicJwk?.kid);
        for (const { id, state } of there.madeInKms()) if (kids.includes(id)) expect([id, state]).toStrictEqual([id, "Enabled"]);
        await there.expectSigns();
      }
      aws.clearLag();
      await there.days(4);
      await expectTidy(there);
      expect((await there.keyring()).strays).toStrictEqual([]);
    },
  );

  it("are told apart where an alias names a foreign key: that one is neither used nor destroyed, and the alias goes", async () => {
    const there = await installed("kms");
    const foreign = foreignKey();
    const mine = activeOf(await there.keyring());
    aws.perform("kms", "UpdateAlias", { AliasName: there.alias(mine.id), TargetKeyId: foreign });
    aws.perform("kms", "CreateAlias", { AliasName: there.alias("made-by-hand"), TargetKeyId: foreign });
    await there.days(1);
    expect([...aws.state.aliases].filter(([, target]) => target === foreign)).toStrictEqual([]);
    await there.days(8);
    await there.expectSigns();
    await expectTidy(there);
    expect(aws.state.keys.get(foreign)).toMatchObject({ state: "Enabled" });
  });

  it("are told apart while a key is made: an alias that was there first is not believed", async () => {
    const there = await installed("kms");
    const foreign = foreignKey();
    aws.perform("kms", "CreateAlias", { AliasName: there.alias("next"), TargetKeyId: foreign });
    const { kid } = await there.custodian.create("next", algorithmNamed("ES256"));
    expect(kid).not.toBe(foreign);
    expect(aws.state.keys.get(kid)?.tags.get("signet:key")).toBe("next");
  });

  it("move on where the alias of the key that signs names a key of another kind", async () => {
    const there = await installed("kms");
    aws.perform("kms", "DeleteAlias", { AliasName: there.alias("active") });
    const { KeyId } = aws.perform("kms", "CreateKey", {}).KeyMetadata;
    aws.perform("kms", "CreateAlias", { AliasName: there.alias("active"), TargetKeyId: KeyId });
    await there.days(6);
    const active = activeOf(await there.keyring());
    expect(active.id).not.toBe((await there.keyring()).ended?.[0]?.id);
    expect(aws.state.aliases.get(there.alias("active"))).toBe(active.publicJwk?.kid);
  });
});

/** KMS where one call waits until it is let go on, and says when it waits. */
function paused(call: "createAlias" | "scheduleKeyDeletion" | "deleteAlias" | "createKey") {
  let resume: () => void = () => undefined;
  let waits: () => void = () => undefined;
  const isWaiting = new Promise<void>((resolve) => {
    waits = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const kms = createKms(transport);
  let isFirst = true;
  const slow = async (...input: never[]) => {
    if (isFirst) {
      isFirst = false;
      waits();
      await gate;
    }
    return (kms[call] as (...input: never[]) => Promise<unknown>)(...input);
  };
  return { kms: { ...kms, [call]: slow } as Kms, isWaiting, resume: () => resume() };
}

describe("a manager that sleeps within a call to KMS", () => {
  it.each(some(1, ["createAlias", "createKey"] as const))(
    "makes nothing wrong of a key that another one has made meanwhile (%s)",
    async (call) => {
      const there = await installed("kms");
      await there.days(1, 13);
      const { kms, isWaiting, resume } = paused(call);
      const asleep = there
        .manager({ kms, holder: "asleep" })
        .rotate()
        .catch((error: Error) => error);
      await Promise.race([isWaiting, asleep.then((error) => expect(error).toBe("asleep in the middle"))]);
      pass(2 * HOUR);
      await there.days(1);
      const before = (await there.keyring()).keys.map(({ publicJwk }) => publicJwk?.kid);
      resume();
      expect(await asleep).toMatchObject({ code: expect.stringMatching(/^(lease_lost|keyring_conflict)$/) });
      for (const kid of before) expect(aws.state.keys.get(kid)).toMatchObject({ state: "Enabled" });
      await there.days(2);
      await there.expectSigns();
      await expectTidy(there);
    },
  );

  it.each(some(1, ["scheduleKeyDeletion", "deleteAlias"] as const))(
    "destroys nothing but what it began with (%s)",
    async (call) => {
      const there = await installed("kms");
      await there.days(3.7);
      const { kms, isWaiting, resume } = paused(call);
      let asleep: Promise<unknown> | undefined;
      // Whichever tick removes the first key falls asleep over it.
      for (let hours = 0; hours < 60 && asleep === undefined; hours += 3) {
        pass(3 * HOUR);
        const tick = there
          .manager({ kms, holder: "asleep" })
          .tick()
          .catch((error: Error) => error);
        const which = await Promise.race([tick.then(() => "ended"), isWaiting.then(() => "asleep")]);
        if (which === "asleep") asleep = tick;
      }
      expect(asleep).toBeDefined();
      pass(2 * HOUR);
      await there.days(9);
      resume();
      await asleep;
      await there.expectSigns();
      await there.days(1);
      await there.expectSigns();
      await expectTidy(there);
    },
  );
});

describe.each(some(1, ["parameter-store", "secrets-manager", "kms", "kms-data-key"] as const))(
  "private keys with %s",
  (custody) => {
    /** As its custodian lists it. */
    const nameOf = async ({ custodian }: Installed, id: string) => {
      for await (const name of custodian.list()) if (name.split(".")[0] === id) return name;
      return undefined;
    };
    const es256 = algorithmNamed("ES256");

    it("that no record names are told with their price, and destroyed by a person alone; those in use are refused", async () => {
      const there = await installed(custody);
      await there.custodian.create("left", es256);
      await there.days(3);
      const name = (await nameOf(there, "left")) as string;
      expect(name).toBeDefined();
      const { strays } = await there.manager().tick();
      expect(strays).toMatchObject([
        { custody, name, monthlyUsd: { kms: 1, "secrets-manager": 0.4 }[custody as string] ?? 0, destroyedAfter: null },
      ]);
      const keyring = await there.keyring();
      for (const { id } of keyring.keys) {
        for (const wanted of [id, (await nameOf(there, id)) ?? id]) {
          await expect(there.manager().destroyKey({ name: wanted })).rejects.toMatchObject({ code: "plan_refused" });
        }
      }
      await expect(there.manager().destroyKey({ name: "no-such" })).rejects.toMatchObject({ code: "key_not_found" });
      await there.manager().destroyKey({ name: "left", dryRun: true });
      expect(await nameOf(there, "left")).toBe(name);
      await there.manager().destroyKey({ name: "left" });
      expect(await nameOf(there, "left")).toBeUndefined();
      expect((await there.manager().tick()).strays).toStrictEqual([]);
      await there.expectSigns();
    });

    it("are never destroyed for a list that lacks something", async () => {
      const there = await installed(custody);
      for (const kind of ["aliases", "keys", "secrets", "parameters"] as const) aws.lag(kind, { hides: () => true });
      await there.days(6, 25);
      aws.clearLag();
      await there.days(2, 25);
      await there.expectSigns();
      for (const { id, state } of (await there.keyring()).keys)
        if (state === "pending") expect(await nameOf(there, id)).toBeDefined();
      expect((await there.keyring()).strays).toStrictEqual([]);
    });

    it("that ended go when two sweeps, half a day apart, have seen them", async () => {
      const there = await installed(custody);
      const late = (await there.keyring()).keys.find(({ state }) => state === "pending") as Keyring["keys"][number];
      // A standby is revoked; then a create of a manager that slept comes late.
      await there.manager().revoke({ kid: late.publicJwk?.kid as string });
      expect((await there.keyring()).ended).toMatchObject([{ id: late.id, custody, kid: late.publicJwk?.kid }]);
      await there.custodian.create(late.id, es256);
      pass(13 * HOUR);
      await there.manager().tick();
      const name = await nameOf(there, late.id);
      expect((await there.keyring()).strays).toMatchObject([{ custody, name, endedSeenAt: clock() }]);
      pass(11 * HOUR);
      await there.manager().tick();
      expect(await nameOf(there, late.id)).toBe(name);
      pass(2 * HOUR);
      await there.manager().tick();
      expect(await nameOf(there, late.id)).toBeUndefined();
      expect((await there.keyring()).ended?.map(({ id }) => id)).toContain(late.id);
      await there.expectSigns();
    });
  },
);

describe("a custodian that no key needs", () => {
  it("is searched too, and tells what it may not be searched for, without keeping the others from it", async () => {
    const there = await installed("parameter-store");
    const name = `signet/${there.name}/keys/left`;
    const SecretString = JSON.stringify({ publicJwk: { kid: "k" } });
    aws.perform("secretsmanager", "CreateSecret", {
      Name: name,
      SecretString,
      ClientRequestToken: "5f2e7c10-1d2c-11ee-be56-0242ac120001",
    });
    aws.inject({ action: "kms:ListKeys", times: 99, code: "AccessDeniedException", status: 400 });
    pass(13 * HOUR);
    const { waits, strays } = await there.manager().tick();
    const unsearched = waits.filter(({ rule }) => rule === "unsearched");
    expect(unsearched).toMatchObject([{ words: expect.stringMatching(/^kms, .*allow kms:ListKeys/) }]);
    expect(strays).toMatchObject([{ custody: "secrets-manager", name: "left", monthlyUsd: 0.4 }]);
  });
});

describe("a key that is about to be deleted elsewhere", () => {
  it.each([
    ["kms", "DisableKey", /aws kms enable-key --region eu-central-1 --key-id/],
    ["kms", "ScheduleKeyDeletion", /aws kms cancel-key-deletion --region eu-central-1 --key-id \S+, then `aws kms enable-key/],
    ["secrets-manager", "DeleteSecret", /aws secretsmanager restore-secret --secret-id signet/],
  ] as const)("is told with the command that saves it (%s, %s)", async (custody, action, command) => {
    const there = await installed(custody);
    await there.days(1);
    const standby = (await there.keyring()).keys.find(({ state }) => state === "pending") as Keyring["keys"][number];
    const input = custody === "kms" ? { KeyId: standby.publicJwk?.kid } : { SecretId: `signet/${there.name}/keys/${standby.id}` };
    aws.perform(custody === "kms" ? "kms" : "secretsmanager", action, input);
    pass(13 * HOUR);
    const { alerts } = await there.manager().tick();
    expect(alerts.join()).toMatch(command);
    expect((await there.keyring()).keys.map(({ id }) => id)).toContain(standby.id);
    await there.expectSigns();
  });

  it("is not destroyed with its record where it existed before, whatever tags it has by then", async () => {
    const there = await installed("kms");
    const existing = foreignKey();
    const key = { existing, algorithm: "ES256", custody: "kms", tokensExpireBy: clock() + HOUR } as const;
    await there.manager().importKey({ ...key, as: "standby" });
    aws.state.keys.get(existing).tags.set("signet:installation", there.name).set("signet:key", "other");
    await there.days(2);
    await there.manager().revoke({ kid: existing });
    await there.days(3);
    expect((await there.keyring()).keys.map(({ publicJwk }) => publicJwk?.kid)).not.toContain(existing);
    expect(aws.state.keys.get(existing)).toMatchObject({ state: "Enabled" });
  });
});
