import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { awsParts } from "../../src/assemble-aws.js";
import { CUSTODIES } from "../../src/custody/registry.js";
import { createHandler } from "../../src/lambda/issuer/issuer.js";
import { createKeyManager } from "../../src/lambda/key-manager/key-manager.js";
import { managerSettingsOf } from "../../src/lambda/key-manager/settings.js";
import { createManager, type Manager } from "../../src/rotation/manager.js";
import { amount } from "../contracts/matrix.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:f";
const DAY = 86_400;
/** Far above what an import takes. */
const MAX_CALLS = 300;
/** Every call in the full proof; of every day some, other ones in each state. */
const STRIDE = amount(8, 1);
const context = { awsRequestId: "r", invokedFunctionArn: ARN, getRemainingTimeInMillis: () => 800_000 };

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let places = 0;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  aws.createBucket("keyrings");
});

afterAll(() => aws.close());
// What is waited for passes at once.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => {
  aws.clearFaults();
  vi.useRealTimers();
});

interface KmsKey {
  readonly id: string;
  readonly state: string;
  readonly origin: string;
  readonly expirationModel?: string;
  readonly tags: ReadonlyMap<string, string>;
}

/** An installation in AWS, and managers of it that a power cut can stop before any of their calls. */
async function installation() {
  places += 1;
  const name = `import-${places}`;
  const env = {
    ...aws.env,
    SIGNET_INSTALLATION: name,
    SIGNET_KEYRING: `s3://keyrings/${name}`,
    SIGNET_ISSUER: "https://issuer.example",
    SIGNET_CUSTODY: "kms",
    SIGNET_ALGORITHM: "RS256",
    SIGNET_ROTATION: JSON.stringify({ rotateEverySeconds: 30 * DAY }),
  };
  const kms = CUSTODIES.find((custody) => custody.name === "kms");
  if (kms?.needsAws !== true) throw new Error("KMS is no custody in AWS");
  const { create } = await kms.load();
  const pass = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1_000);
  const manager = (calls = Number.POSITIVE_INFINITY, stop?: PowerCut): Manager => {
    let left = calls;
    const credentials = async () => {
      if (left-- <= 0) await stop?.fall();
      return FAKE_CREDENTIALS;
    };
    const { rotation } = managerSettingsOf(env);
    const sleep = async (milliseconds: number) => pass(milliseconds / 1_000);
    const place = { installation: name, keyring: env.SIGNET_KEYRING, region: "eu-central-1", custody: "kms", sleep };
    const { stores, custodians } = awsParts({ ...place, env, credentials }, undefined, { kms: create });
    const holder = `holder ${Math.random()}`;
    return createManager({
      // Whoever held the lease before is known to have ended, as on one machine.
      stores: { ...stores, holder: () => holder, stateOfHolder: () => "gone" },
      custodians,
      settings: rotation,
      clock: () => Math.floor(Date.now() / 1_000),
      sleep: async (seconds) => pass(seconds),
    });
  };
  const objects = () => aws.state.buckets.get("keyrings").objects;
  const object = (key: string) => JSON.parse(objects().get(`${name}/${key}`)?.at(-1)?.body?.toString() ?? "null");
  return {
    name,
    env,
    pass,
    manager,
    keyring: () =>
      object("keyring.json") as { keys: { state: string; origin: string; id: string; publicJwk: { kid: string } }[] },
    jwks: () => object(".well-known/jwks.json"),
    audit: () =>
      [...objects().keys()].filter((key) => key.startsWith(`${name}/audit/`)).map((key) => object(key.slice(name.length + 1))),
    /** The KMS keys of this installation that took a private key, or wait for one. */
    external: (): KmsKey[] =>
      [...aws.state.keys.values()].filter(
        (key) => key.origin === "EXTERNAL" && key.tags.get("signet:installation") === name && key.state !== "PendingDeletion",
      ),
    tick: () =>
      createKeyManager(env, () => undefined, { sleep: async (seconds: number) => pass(seconds) })({ action: "tick" }, context),
    async issue() {
      const { token } = (await createHandler(env, () => undefined)({ claims: {}, ttl: 60 }, context)) as { token: string };
      return (await jwtVerify(token, createLocalJWKSet(object(".well-known/jwks.json")), { currentDate: new Date() }))
        .protectedHeader;
    },
  };
}

/** One in an account without other keys: with each of those a list of one's own takes more calls. */
function soleInstallation() {
  aws.state.keys.clear();
  aws.state.aliases.clear();
  return installation();
}

type Place = Awaited<ReturnType<typeof installation>>;

// Of a size that no key is made with here: the fake's own come from the same pool.
const ask = (privateKey: KeyObject, algorithm: "RS256" | "ES384" = "RS256") =>
  ({ privateKey, algorithm, custody: "kms", as: "standby" }) as const;

/** A power cut. Calls from then on fail, and reach nothing: one that waited for ever would keep one of the turns that calls to KMS take. */
interface PowerCut {
  fall(): Promise<never>;
}

/** Lets a manager import until it is stopped before its n-th call; answers whether it came to its end. */
async function stoppedAt(place: Place, calls: number, deed: (manager: Manager) => Promise<unknown>): Promise<boolean> {
  let stopped: () => void = () => undefined;
  const isStopped = new Promise<"stopped">((resolve) => {
    stopped = () => resolve("stopped");
  });
  const fall = () => {
    stopped();
    return isStopped.then(() => Promise.reject(new Error("there is no power")));
  };
  return (await Promise.race([deed(place.manager(calls, { fall })), isStopped])) !== "stopped";
}

/** How often KMS signs in an import before it has the key. */
async function signaturesBefore(signs: () => number): Promise<number> {
  const place = await installation();
  await place.manager().tick({ createKeyring: true });
  const before = signs();
  aws.inject({ action: "kms:GetParametersForImport", code: "AccessDeniedException", status: 400 });
  await place
    .manager()
    .importKey(ask(rsaPair(3072).privateKey))
    .catch(() => undefined);
  return signs() - before;
}

function assertImported(place: Place, privateKey: KeyObject): void {
  const [only, ...others] = place.external();
  expect(others).toStrictEqual([]);
  expect(only).toMatchObject({ state: "Enabled", expirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" });
  const record = place.keyring().keys.find(({ origin }) => origin === "imported");
  expect(record?.publicJwk.kid).toBe(only?.id);
  const { n, e } = privateKey.export({ format: "jwk" });
  expect(place.jwks().keys).toContainEqual(expect.objectContaining({ kid: only?.id, n, e }));
}

describe("a private key that is imported into KMS", () => {
  it("is proven before anybody is told of it, named by KMS, and can be imported again without harm", async () => {
    const place = await installation();
    await place.manager().tick({ createKeyring: true });
    const { privateKey } = rsaPair(3072);
    const before = aws.calls.length;
    const { publicJwk } = await place.manager().importKey(ask(privateKey));
    assertImported(place, privateKey);
    const calls = aws.calls.slice(before).map(({ action }) => action);
    const order = [
      "kms:CreateKey",
      "kms:GetParametersForImport",
      "kms:ImportKeyMaterial",
      "kms:DescribeKey",
      "kms:GetPublicKey",
      "kms:Sign",
    ];
    const places = order.map((action, index) =>
      calls.indexOf(action, index === 0 ? 0 : calls.indexOf(order[index - 1] as string)),
    );
    expect(places).not.toContain(-1);
    expect(place.audit().filter(({ event }) => event === "key.imported")).toMatchObject([{ keys: [publicJwk.kid] }]);
    const keys = aws.state.keys.size;
    expect((await place.manager().importKey(ask(privateKey))).publicJwk).toStrictEqual(publicJwk);
    expect(aws.state.keys.size).toBe(keys);
    // The standby that was there before it comes first.
    for (const _ of ["the standby", "the imported key"]) {
      await place.manager().rotate();
      for (let hours = 0; hours < 3 * 24; hours += 12) {
        place.pass(12 * 3_600);
        await place.tick();
      }
    }
    expect(await place.issue()).toMatchObject({ kid: publicJwk.kid, alg: "RS256" });
  });

  it("is one KMS key or none wherever a power cut falls, and the same import finishes it", { timeout: 240_000 }, async () => {
    const { privateKey } = rsaPair(3072);
    let calls = 0;
    const states = new Set<string>();
    for (let isDone = false; !isDone; calls += STRIDE) {
      if (calls > MAX_CALLS) throw new Error("the import does not come to its end");
      const place = await soleInstallation();
      await place.manager().tick({ createKeyring: true });
      isDone = await stoppedAt(place, calls, (manager) => manager.importKey(ask(privateKey)));
      expect(place.external().length, `stopped before call ${calls}`).toBeLessThanOrEqual(1);
      for (const { state } of place.external()) states.add(state);
      await place.manager().importKey(ask(privateKey));
      assertImported(place, privateKey);
      expect(place.audit().filter(({ event }) => event === "key.imported")).toHaveLength(1);
    }
    expect(states).toStrictEqual(new Set(["PendingImport", "Enabled"]));
    expect(calls).toBeGreaterThan(20);
  });

  it("makes a new issuer with it wherever a power cut falls", { timeout: 240_000 }, async () => {
    const { privateKey } = rsaPair(3072);
    const first = { ...ask(privateKey), as: "active", createKeyring: true } as const;
    for (let calls = 2; ; calls += 4 * STRIDE) {
      const place = await soleInstallation();
      const isDone = await stoppedAt(place, calls, (manager) => manager.importKey(first));
      expect(place.external().length, `stopped before call ${calls}`).toBeLessThanOrEqual(1);
      await place.manager().importKey(first);
      assertImported(place, privateKey);
      expect(await place.issue()).toMatchObject({ kid: place.external()[0]?.id });
      if (isDone) break;
      if (calls > MAX_CALLS) throw new Error("the import does not come to its end");
    }
  });

  it("that was never finished leaves the keyring by ticks, and its KMS key is scheduled away: it is ours, and never signed", async () => {
    const place = await installation();
    await place.manager().tick({ createKeyring: true });
    aws.inject({ action: "kms:ImportKeyMaterial", code: "AccessDeniedException", status: 400, times: 100 });
    const { privateKey } = rsaPair(3072);
    const refused = place.manager().importKey(ask(privateKey));
    await expect(refused).rejects.toMatchObject({
      code: "aws_access_denied",
      message: expect.stringMatching(/allow kms:ImportKeyMaterial on arn:aws:kms:/),
    });
    const [left] = place.external();
    expect(left).toMatchObject({ state: "PendingImport" });
    // The function of a stack ticks without the right to import, and without the code.
    for (let hours = 0; hours < 4 * 24; hours += 6) {
      place.pass(6 * 3_600);
      await place.tick();
    }
    expect(place.keyring().keys.filter(({ origin }) => origin === "imported")).toStrictEqual([]);
    expect(aws.state.keys.get(left?.id)).toMatchObject({ state: "PendingDeletion" });
    expect(
      [...aws.state.keys.values()].filter(
        ({ state, tags }) => state === "PendingDeletion" && tags.get("signet:installation") === place.name,
      ),
    ).toHaveLength(1);
    aws.clearFaults();
    await place.manager().importKey(ask(privateKey));
    assertImported(place, privateKey);
  });

  it("signs again after its material was deleted, once the same key is imported again, and no other", async () => {
    const place = await installation();
    const { privateKey } = rsaPair(3072);
    const first = { ...ask(privateKey), as: "active", createKeyring: true } as const;
    const { publicJwk } = await place.manager().importKey(first);
    aws.perform("kms", "DeleteImportedKeyMaterial", { KeyId: publicJwk.kid });
    await expect(place.issue()).rejects.toMatchObject({ name: "key_unusable" });
    await expect(place.tick()).rejects.toMatchObject({ name: "key_unusable" });
    await place.manager().importKey(ask(privateKey));
    assertImported(place, privateKey);
    expect(await place.issue()).toMatchObject({ kid: publicJwk.kid });
  });

  it.each([
    ["is pending deletion", (KeyId: string) => aws.perform("kms", "ScheduleKeyDeletion", { KeyId })],
    ["is disabled", (KeyId: string) => aws.perform("kms", "DisableKey", { KeyId })],
  ])("is not made once more where the KMS key that has it %s", async (_, befall) => {
    const place = await installation();
    const { privateKey } = rsaPair(3072);
    const first = { ...ask(privateKey), as: "active", createKeyring: true } as const;
    const { publicJwk } = await place.manager().importKey(first);
    befall(publicJwk.kid);
    const before = aws.calls.length;
    await place
      .manager()
      .importKey(first)
      .catch(() => undefined);
    const made = aws.calls.slice(before).map(({ action }) => action);
    expect(made).not.toContain("kms:GetParametersForImport");
    expect(
      [...aws.state.keys.values()].filter(
        ({ origin, tags }) => origin === "EXTERNAL" && tags.get("signet:installation") === place.name,
      ),
    ).toHaveLength(1);
  });

  it("is not made once more where it was adopted from KMS before", async () => {
    const place = await installation();
    const other = await installation();
    await place.manager().tick({ createKeyring: true });
    const { privateKey } = rsaPair(3072);
    const { publicJwk } = await other.manager().importKey({ ...ask(privateKey), as: "active", createKeyring: true });
    await place.manager().importKey({ existing: publicJwk.kid, algorithm: "RS256", custody: "kms", as: "standby" });
    expect((await place.manager().importKey(ask(privateKey))).publicJwk).toStrictEqual(publicJwk);
    expect(place.external()).toStrictEqual([]);
  });

  it("is finished by a tick of the stack's function, where KMS has it and the command could not go on", async () => {
    const place = await installation();
    await place.manager().tick({ createKeyring: true });
    const { privateKey } = rsaPair(3072);
    aws.inject({ action: "kms:GetPublicKey", code: "AccessDeniedException", status: 400 });
    await expect(place.manager().importKey(ask(privateKey))).rejects.toMatchObject({ code: "aws_access_denied" });
    expect(place.external()).toMatchObject([{ state: "Enabled" }]);
    await place.tick();
    assertImported(place, privateKey);
  });

  it("is published by no signature that the file's public half refuses", async () => {
    const place = await installation();
    await place.manager().tick({ createKeyring: true });
    const { privateKey } = rsaPair(3072);
    const published = place.jwks();
    const signs = () => aws.calls.filter(({ action }) => action === "kms:Sign").length;
    // Keys that are there prove themselves first: as often as in another installation that does the same.
    const before = await signaturesBefore(signs);
    aws.inject({ action: "kms:Sign", kind: "corrupt-signature", times: 2, skip: before });
    await expect(place.manager().importKey(ask(privateKey))).rejects.toMatchObject({ code: "signature_unproven" });
    expect(place.jwks()).toStrictEqual(published);
    expect(place.keyring().keys.find(({ origin }) => origin === "imported")).toMatchObject({ state: "creating" });
    aws.clearFaults();
    await place.manager().importKey(ask(privateKey));
    assertImported(place, privateKey);
  });

  it("is none of the functions' rights, nor of their code", () => {
    const template = readFileSync(new URL("../../dist/template.yaml", import.meta.url), "utf8");
    expect(template).toContain("kms:GetPublicKey");
    for (const action of ["ImportKeyMaterial", "GetParametersForImport"]) expect(template).not.toContain(action);
  });

  it("is finished where the answer to the import was lost", async () => {
    const place = await installation();
    await place.manager().tick({ createKeyring: true });
    const { privateKey } = rsaPair(3072);
    aws.inject({ action: "kms:ImportKeyMaterial", kind: "lost-reply" });
    await place.manager().importKey(ask(privateKey));
    assertImported(place, privateKey);
  });

  it("of elliptic curves as well, and of Ed25519 never", async () => {
    const place = await installation();
    await place.manager().tick({ createKeyring: true });
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const { publicJwk } = await place.manager().importKey(ask(privateKey, "ES384"));
    expect(publicJwk).toMatchObject({ crv: "P-384", kid: place.external()[0]?.id });
    const ed25519 = generateKeyPairSync("ed25519").privateKey;
    const before = aws.calls.filter(({ action }) => action === "kms:CreateKey").length;
    const refused = place.manager().importKey({ ...ask(ed25519), algorithm: "EdDSA" });
    await expect(refused).rejects.toMatchObject({
      code: "unsupported_algorithm",
      message: expect.stringContaining("parameter-store"),
    });
    expect(aws.calls.filter(({ action }) => action === "kms:CreateKey")).toHaveLength(before);
  });
});
