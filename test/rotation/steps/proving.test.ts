import { copyFile, cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publicKeyFromJwk } from "../../../src/algorithms/jwk.js";
import { signatureChecker } from "../../../src/algorithms/signature.js";
import { algorithmNamed } from "../../../src/algorithms/table.js";
import { createTransport } from "../../../src/aws/transport.js";
import type { Custodian } from "../../../src/custody/contract.js";
import { createFileCustodian } from "../../../src/custody/file/custodian.js";
import { SignetError } from "../../../src/errors.js";
import type { Custody } from "../../../src/keyring/key-record.js";
import { activeRecord, type Keyring } from "../../../src/keyring/keyring.js";
import { createManager, type Manager } from "../../../src/rotation/manager.js";
import type { Stores } from "../../../src/storage/contract.js";
import { custodianOf, type KINDS } from "../../aws/custodians.js";
import { some } from "../../contracts/matrix.js";
import { type MemoryPlace, memoryPlace } from "../../contracts/memory-place.js";
import { scratchDirectories } from "../../contracts/scratch.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../../fakes/aws/fake-aws.mjs";
import { SETTINGS } from "../settings-fixture.js";

const scratch = scratchDirectories();
const START = 1_800_000_000;

/** An issuer whose clock the test moves, with a first key and a standby: made anew, or as another one is, of which it gets a copy. */
async function issuerWith(
  custodyOf: (directory: string) => Custodian,
  made?: { readonly directory: string; readonly place: MemoryPlace },
) {
  const directory = await scratch();
  if (made !== undefined) await cp(made.directory, directory, { recursive: true });
  const place = made?.place.copy() ?? memoryPlace();
  const { stores } = place;
  const custodian = custodyOf(directory);
  let now = START;
  const pass = (seconds: number): void => {
    now += seconds;
  };
  const wrapped = { ...custodian };
  const managerOver = (over: Stores): Manager =>
    createManager({
      stores: over,
      custodians: { [custodian.custody]: wrapped } as Readonly<Record<Custody, Custodian>>,
      settings: { ...SETTINGS, algorithm: "ES256", custody: custodian.custody },
      clock: () => now,
      sleep: async (seconds) => pass(seconds),
    });
  const manager = managerOver(stores);
  if (made === undefined) await manager.tick({ createKeyring: true });
  const keyring = async (): Promise<Keyring> => (await stores.keyring.read())?.keyring as Keyring;
  const kidOf = async (state: string) => (await keyring()).keys.find((key) => key.state === state)?.publicJwk?.kid as string;
  const idOf = async (state: string) => (await keyring()).keys.find((key) => key.state === state)?.id as string;
  const published = async () => (await stores.publicDocuments.read())?.jwks.keys.map(({ kid }) => kid) ?? [];
  return {
    directory,
    place,
    stores,
    custodian: wrapped,
    real: custodian,
    manager,
    managerOver,
    keyring,
    kidOf,
    idOf,
    published,
    pass,
  };
}

type Issuer = Awaited<ReturnType<typeof issuerWith>>;

/** As an issuer and a verifier would: the top document's key signs, and the JWKS verifies. */
async function assertSigns({ stores, real }: Issuer): Promise<string> {
  const [top] = await stores.active.read();
  if (top === undefined) throw new Error("there is no active document");
  const jwk = (await stores.publicDocuments.read())?.jwks.keys.find(({ kid }) => kid === top.kid);
  if (jwk === undefined) throw new Error("the key that signs is not published");
  const signer = await real.open(top);
  expect(signatureChecker(algorithmNamed(jwk.alg), publicKeyFromJwk(jwk))("a.b", await signer.sign("a.b"))).toBe(true);
  return top.kid;
}

const custodyOnFiles = (directory: string) => createFileCustodian({ directory: join(directory, "keys") });
let begun: Promise<Issuer> | undefined;

async function onFiles(): Promise<Issuer> {
  begun ??= issuerWith(custodyOnFiles);
  return issuerWith(custodyOnFiles, await begun);
}
const fileOf = ({ directory }: Issuer, id: string) => join(directory, "keys", `${id}.key`);

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  // A digit of the private part, so that the file is still a JWK.
  const at = bytes.indexOf('"d":"') + 12;
  bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41;
  await writeFile(path, bytes);
}

/** What people and disks do to the private part of a standby. */
const DAMAGES: readonly (readonly [string, (issuer: Issuer, id: string) => Promise<void>])[] = [
  ["whose file was emptied", (issuer, id) => writeFile(fileOf(issuer, id), "")],
  ["whose file has a byte flipped", (issuer, id) => flip(fileOf(issuer, id))],
  [
    "in whose place is another's file",
    async (issuer, id) => copyFile(fileOf(issuer, await issuer.idOf("active")), fileOf(issuer, id)),
  ],
  ["whose file was deleted", (issuer, id) => rm(fileOf(issuer, id))],
];

/** How an issuer in AWS loses the use of a standby. */
const LOSSES: readonly (readonly [Custody, string, (id: string, name: string) => void])[] = [
  ["kms", "that was disabled", (id, name) => aws.perform("kms", "DisableKey", { KeyId: `alias/signet/${name}/${id}` })],
  [
    "kms",
    "that is pending deletion",
    (id, name) => aws.perform("kms", "ScheduleKeyDeletion", { KeyId: aliasTarget(`alias/signet/${name}/${id}`) }),
  ],
  [
    "secrets-manager",
    "whose secret was swapped",
    (id, name) => {
      const others = [...aws.state.secrets.keys()].filter((key) => !String(key).includes(id));
      const other = aws.perform("secretsmanager", "GetSecretValue", { SecretId: others.at(-1) });
      const input = {
        SecretId: `signet/${name}/keys/${id}`,
        SecretString: other.SecretString,
        ClientRequestToken: crypto.randomUUID(),
      };
      aws.perform("secretsmanager", "PutSecretValue", input);
    },
  ],
  [
    "parameter-store",
    "whose parameter was deleted",
    (id, name) => aws.perform("ssm", "DeleteParameter", { Name: `/signet/${name}/keys/${id}` }),
  ],
  ["kms-data-key", "whose data key was damaged", (id, name) => damageWrapped(`/signet/${name}/keys/${id}`)],
];

function aliasTarget(alias: string): string {
  return aws.perform("kms", "DescribeKey", { KeyId: alias }).KeyMetadata.KeyId;
}

function damageWrapped(Name: string): void {
  const { Value } = aws.perform("ssm", "GetParameter", { Name }).Parameter;
  const held = JSON.parse(Value);
  const bytes = Buffer.from(held.wrapped, "base64");
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  aws.perform("ssm", "DeleteParameter", { Name });
  aws.perform("ssm", "PutParameter", {
    Name,
    Value: JSON.stringify({ ...held, wrapped: bytes.toString("base64") }),
    Type: "String",
  });
}

/** How an issuer in AWS loses the use of every key for a while. */
const OUTAGES: readonly (readonly [Custody, string, () => void])[] = [
  ["kms-data-key", "whose Decrypt is denied", () => fail("kms:Decrypt", "AccessDeniedException")],
  ["kms-data-key", "whose Decrypt is throttled", () => fail("kms:Decrypt", "ThrottlingException")],
  ["kms", "whose signatures are throttled", () => fail("kms:Sign", "ThrottlingException")],
];

function fail(action: string, code: string): void {
  aws.inject({ action, code, status: 400, every: 1 });
}

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let wrapping: string;
let installations = 0;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  wrapping = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
});
afterAll(() => aws.close());

function awsCustodian(kind: Custody, installation: string, deadlineMs?: number): Custodian {
  const transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env, deadlineMs });
  return custodianOf(kind as (typeof KINDS)[number], transport, { installation, kmsKey: wrapping });
}

async function inAws(kind: Custody): Promise<Issuer & { name: string }> {
  const name = `proving-${++installations}`;
  return { ...(await issuerWith(() => awsCustodian(kind, name))), name };
}

async function revokeActive(issuer: Issuer): Promise<{ before: string; report: Awaited<ReturnType<Manager["revoke"]>> }> {
  const before = await issuer.kidOf("active");
  return { before, report: await issuer.manager.revoke({ kid: before, reason: "stolen" }) };
}

async function assertSucceeded(issuer: Issuer, before: string, damaged: string): Promise<void> {
  const now = await assertSigns(issuer);
  expect([before, damaged]).not.toContain(now);
  expect(await issuer.published()).not.toContain(before);
  expect(activeRecord(await issuer.keyring())?.publicJwk?.kid).toBe(now);
}

describe("a revocation of the key that signs, beside a standby", () => {
  it.each(some(2, DAMAGES))("%s, makes, publishes and proves another key", async (_what, damage) => {
    const issuer = await onFiles();
    const damaged = await issuer.kidOf("pending");
    await damage(issuer, await issuer.idOf("pending"));
    const { before, report } = await revokeActive(issuer);
    await assertSucceeded(issuer, before, damaged);
    expect(report.alerts.join()).toContain(damaged);
    expect(report.actions.map(({ words }) => words)).not.toContainEqual(expect.stringContaining(`activate key ${damaged}`));
  });

  it.each(some(2, LOSSES))("in %s %s, makes, publishes and proves another key", async (kind, _what, lose) => {
    const issuer = await inAws(kind);
    const damaged = await issuer.kidOf("pending");
    lose(await issuer.idOf("pending"), issuer.name);
    const { before } = await revokeActive(issuer);
    await assertSucceeded(issuer, before, damaged);
  });

  it.each(some(1, DAMAGES))("%s, is shown by a dry run as it would go", async (_what, damage) => {
    const issuer = await onFiles();
    const [damaged, active] = [await issuer.kidOf("pending"), await issuer.kidOf("active")];
    await damage(issuer, await issuer.idOf("pending"));
    const { actions, alerts } = await issuer.manager.revoke({ kid: active, dryRun: true });
    const words = actions.map((action) => action.words).join("\n");
    expect(words).not.toContain(`activate key ${damaged}`);
    expect(words).toContain("activate key new key 1");
    expect(alerts).toStrictEqual([expect.stringContaining(`standby ${damaged} `)]);
    expect(await assertSigns(issuer)).toBe(active);
  });

  it.each(some(1, OUTAGES))(
    "in %s %s, fails or finds another key, destroys nothing, and ends when it is over",
    async (kind, _what, strike) => {
      const issuer = await inAws(kind);
      const ids = [await issuer.idOf("active"), await issuer.idOf("pending")];
      const before = await issuer.kidOf("active");
      const held = async () => {
        const names: string[] = [];
        for await (const name of issuer.real.list()) names.push(name.split(".")[0] as string);
        return names;
      };
      const left = await held();
      strike();
      // Whoever is throttled is so for as long as one has patience.
      Object.assign(issuer.custodian, awsCustodian(kind, issuer.name, 200));
      await expect(issuer.manager.revoke({ kid: before })).rejects.toThrow(/still signs/);
      aws.clearFaults();
      Object.assign(issuer.custodian, issuer.real);
      expect(await held()).toStrictEqual(expect.arrayContaining(left));
      expect(ids).toStrictEqual([await issuer.idOf("active"), await issuer.idOf("pending")]);
      expect(await assertSigns(issuer)).toBe(before);
      expect(await issuer.published()).toContain(before);
      await issuer.manager.tick();
      expect(await assertSigns(issuer)).not.toBe(before);
      expect(await issuer.published()).not.toContain(before);
    },
  );

  it.each(some(1, DAMAGES))("%s, fails where no other key can be made, and the old key stays", async (_what, damage) => {
    const issuer = await onFiles();
    await damage(issuer, await issuer.idOf("pending"));
    issuer.custodian.create = async () => {
      throw new SignetError("store_failed", "the disk is full");
    };
    const before = await issuer.kidOf("active");
    await expect(issuer.manager.revoke({ kid: before })).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringMatching(/the disk is full.*still signs/),
    });
    expect(await assertSigns(issuer)).toBe(before);
    expect(await issuer.published()).toContain(before);
    // It goes on by itself when keys can be made again.
    issuer.custodian.create = issuer.real.create;
    await issuer.manager.tick();
    expect(await assertSigns(issuer)).not.toBe(before);
    expect(await issuer.published()).not.toContain(before);
  });
});

const HALF_A_DAY = 43_200;

describe("a sweep", () => {
  it.each(some(1, DAMAGES))("tells days before a rotation of a standby %s, and has another one made", async (_what, damage) => {
    const issuer = await onFiles();
    const damaged = await issuer.kidOf("pending");
    await damage(issuer, await issuer.idOf("pending"));
    issuer.pass(HALF_A_DAY);
    const report = await issuer.manager.tick();
    expect(report.alerts).toStrictEqual([expect.stringContaining(`standby ${damaged} `)]);
    const sound = (await issuer.keyring()).keys.filter(
      ({ state, unprovenAt }) => state === "pending" && unprovenAt === undefined,
    );
    expect(sound).toHaveLength(1);
    expect(sound[0]?.publicJwk?.kid).not.toBe(damaged);
  });

  it("gives up a standby only where its private part is absent or another's, and destroys no other", async () => {
    // One of each kind at least.
    for (const [what, damage] of some(2, DAMAGES)) {
      const issuer = await onFiles();
      const [id, kid] = [await issuer.idOf("pending"), await issuer.kidOf("pending")];
      await damage(issuer, id);
      issuer.pass(HALF_A_DAY);
      await issuer.manager.tick();
      const isListed = (await issuer.keyring()).keys.some((key) => key.id === id);
      expect(isListed, what).toBe(/emptied|flipped/.test(what));
      expect((await issuer.published()).includes(kid), what).toBe(isListed);
      if (isListed) await expect(readFile(fileOf(issuer, id))).resolves.toBeDefined();
    }
  });

  it("makes one key a day in the place of those that cannot be proven, and takes them back when they can", async () => {
    const issuer = await onFiles();
    const first = await issuer.idOf("pending");
    const whole = await readFile(fileOf(issuer, first));
    const denied = new Set([first]);
    issuer.custodian.open = async (key) => {
      if ("file" in key.material && denied.has(key.material.file as string))
        throw new SignetError("aws_access_denied", "not allowed");
      return issuer.real.open(key);
    };
    const standbys = async () => (await issuer.keyring()).keys.filter(({ state }) => state === "pending");
    issuer.pass(6 * 3_600);
    for (let hours = 0; hours < 48; hours += 6) {
      issuer.pass(6 * 3_600);
      const { alerts } = await issuer.manager.tick();
      expect(alerts.length).toBeGreaterThan(0);
      // The new ones are denied as well, once they are made.
      for (const { id } of await standbys()) denied.add(id);
    }
    const made = (await standbys()).length;
    expect(made).toBeGreaterThan(1);
    expect(made).toBeLessThanOrEqual(4);
    denied.clear();
    expect((await issuer.manager.tick()).alerts).toStrictEqual([]);
    expect((await standbys()).filter(({ unprovenAt }) => unprovenAt !== undefined)).toStrictEqual([]);
    expect(await readFile(fileOf(issuer, first))).toStrictEqual(whole);
  });

  it("gives nothing up where the private part of the key that signs is gone as well: a folder may not be mounted", async () => {
    const issuer = await onFiles();
    const before = (await issuer.keyring()).keys.map(({ id }) => id);
    const files = await Promise.all(before.map((id) => readFile(fileOf(issuer, id))));
    for (const id of before) await rm(fileOf(issuer, id));
    issuer.pass(HALF_A_DAY);
    await expect(issuer.manager.tick()).rejects.toMatchObject({
      code: "plan_refused",
      message: expect.stringContaining("none of this issuer's private keys is found at file, so no key was made there"),
    });
    expect(await readdir(join(issuer.directory, "keys"))).toStrictEqual([]);
    for (const [index, id] of before.entries()) await writeFile(fileOf(issuer, id), files[index] as Buffer, { mode: 0o600 });
    expect((await issuer.manager.tick()).alerts).toStrictEqual([]);
    expect((await issuer.keyring()).keys.map(({ id }) => id)).toStrictEqual(expect.arrayContaining(before));
    await assertSigns(issuer);
  });
});

describe("any tick", () => {
  it("tells that the private part of the key that signs is missing, until it is back", async () => {
    const issuer = await onFiles();
    const path = fileOf(issuer, await issuer.idOf("active"));
    const whole = await readFile(path);
    await rm(path);
    expect((await issuer.manager.tick()).alerts).toStrictEqual([expect.stringContaining("the key that signs")]);
    await writeFile(path, whole, { mode: 0o600 });
    expect((await issuer.manager.tick()).alerts).toStrictEqual([]);
  });
});

const FAR = 2 * 86_400;

/** Lets the manager die right after it has recorded its intent, before the document is written. */
function dieAtWrite(issuer: Issuer): Manager {
  const active = {
    ...issuer.stores.active,
    write: async () => {
      throw new SignetError("store_failed", "killed");
    },
  };
  return issuer.managerOver({ ...issuer.stores, active });
}

/** Two standbys that every verifier has, and a rotation that was asked for. */
async function readyToRotate(): Promise<Issuer> {
  const issuer = await onFiles();
  await issuer.manager.rotate();
  issuer.pass(FAR);
  return issuer;
}

describe("an intent whose key is not proven any more when its document is written", () => {
  it("moves to the next standby under a new sequence, and the failed key counts as having signed", async () => {
    const issuer = await readyToRotate();
    await expect(dieAtWrite(issuer).tick()).rejects.toMatchObject({ code: "store_failed" });
    const { activation } = await issuer.keyring();
    expect(activation?.because).toBe("requested");
    await writeFile(fileOf(issuer, activation?.id as string), "");
    const old = await issuer.kidOf("active");
    const report = await issuer.manager.tick();
    expect(report.alerts.join()).toContain("could not be proven");
    const keyring = await issuer.keyring();
    const failed = keyring.keys.find(({ id }) => id === activation?.id);
    expect(failed).toMatchObject({ state: "retired", maxTtlSeconds: SETTINGS.maxTtlSeconds, retiredAt: expect.any(Number) });
    expect(keyring.confirmedSequence).toBeGreaterThan(activation?.sequence as number);
    const now = await assertSigns(issuer);
    expect([old, failed?.publicJwk?.kid]).not.toContain(now);
    expect(await issuer.published()).toContain(failed?.publicJwk?.kid);
  });

  it("is proven again by the very run that has promised it", async () => {
    const issuer = await readyToRotate();
    let promised: string | undefined;
    const write = async (...[keyring, tag]: Parameters<Stores["keyring"]["write"]>): Promise<string> => {
      const newTag = await issuer.stores.keyring.write(keyring, tag);
      if (promised === undefined && keyring.activation !== null) {
        promised = keyring.activation.id;
        await writeFile(fileOf(issuer, promised), "");
      }
      return newTag;
    };
    const written: string[] = [];
    const active = {
      ...issuer.stores.active,
      write: async (document: Parameters<Stores["active"]["write"]>[0]) => {
        written.push(document.kid);
        await issuer.stores.active.write(document);
      },
    };
    const manager = issuer.managerOver({ ...issuer.stores, active, keyring: { ...issuer.stores.keyring, write } });
    const { alerts } = await manager.tick();
    expect(alerts.join()).toContain("was passed over");
    const failed = (await issuer.keyring()).keys.find(({ id }) => id === promised);
    expect(failed).toMatchObject({ state: "retired", maxTtlSeconds: SETTINGS.maxTtlSeconds });
    expect(await assertSigns(issuer)).not.toBe(failed?.publicJwk?.kid);
    expect(written).not.toContain(failed?.publicJwk?.kid);
  });

  it("goes back to the key before where no other standby is known to every verifier", async () => {
    const issuer = await readyToRotate();
    await expect(dieAtWrite(issuer).tick()).rejects.toMatchObject({ code: "store_failed" });
    const old = await issuer.kidOf("active");
    for (const { id, state } of (await issuer.keyring()).keys) if (state === "pending") await writeFile(fileOf(issuer, id), "");
    await issuer.manager.tick();
    expect(await assertSigns(issuer)).toBe(old);
    expect(await issuer.keyring()).toMatchObject({ activation: null, rotationRequest: { requestedAt: expect.any(Number) } });
  });
});

describe("a planned rotation", () => {
  it("passes over a standby that cannot be proven, before anything is promised", async () => {
    const issuer = await readyToRotate();
    const [first] = (await issuer.keyring()).keys.filter(({ state }) => state === "pending");
    await writeFile(fileOf(issuer, first?.id as string), "");
    const old = await issuer.kidOf("active");
    await issuer.manager.tick();
    // Only one is left that is ready: the rotation waits for another, and the key before signs on.
    expect(await assertSigns(issuer)).toBe(old);
    expect((await issuer.keyring()).keys.find(({ id }) => id === first?.id)).not.toHaveProperty("maxTtlSeconds");
    issuer.pass(FAR);
    await issuer.manager.tick();
    expect([old, first?.publicJwk?.kid]).not.toContain(await assertSigns(issuer));
  });
});

describe("what a hand does to documents", () => {
  it("restarts the time of a retired key whose document can be read again", async () => {
    const issuer = await readyToRotate();
    const old = (await issuer.stores.active.read())[0];
    await issuer.manager.tick();
    const retiredAt = async () => (await issuer.keyring()).keys.find(({ publicJwk }) => publicJwk?.kid === old?.kid)?.retiredAt;
    const before = (await retiredAt()) as number;
    issuer.pass(3_600);
    await issuer.stores.active.write(old as NonNullable<typeof old>);
    await issuer.manager.tick();
    expect(await retiredAt()).toBeGreaterThanOrEqual(before + 3_600);
    expect((await issuer.stores.active.read()).map(({ kid }) => kid)).not.toContain(old?.kid);
  });

  it("restarts it as well where the top document was deleted and the old one signs again", async () => {
    const issuer = await readyToRotate();
    const old = (await issuer.stores.active.read())[0] as NonNullable<Awaited<ReturnType<typeof issuer.stores.active.read>>[0]>;
    await issuer.manager.tick();
    const [top] = await issuer.stores.active.read();
    await issuer.stores.active.write(old);
    await issuer.stores.active.delete(top?.sequence as number);
    issuer.pass(7_200);
    await issuer.manager.tick();
    const keyring = await issuer.keyring();
    const now = keyring.sweptAt as number;
    const record = keyring.keys.find(({ publicJwk }) => publicJwk?.kid === old.kid);
    expect(record?.state).toBe("retired");
    expect(now - (record?.retiredAt as number)).toBeLessThan(7_200);
    expect(await assertSigns(issuer)).toBe(top?.kid);
  });
});
