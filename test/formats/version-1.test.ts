import type { webcrypto } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createActiveKey } from "../../src/issue/active-key.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { type ActiveDocument, parseActiveDocument } from "../../src/keyring/active-document.js";
import { activeRecord, type Keyring } from "../../src/keyring/keyring.js";
import { keyringText, parseKeyring } from "../../src/keyring/parse.js";
import { createManager } from "../../src/rotation/manager.js";
import { verifyAudit } from "../../src/rotation/session/audit.js";
import type { Stores } from "../../src/storage/contract.js";
import { isInFull, some } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { SETTINGS } from "../rotation/settings-fixture.js";
import { AWS_FIXTURES, type AwsFixture, FILE_FIXTURES, type FileFixture, fixture, openInAws, openOnFiles } from "./fixtures.js";

const HOUR = 3_600;
const DAY = 24 * HOUR;
/** How long it waits after each tick: a day, or, in the short form, as long as nothing is due. */
const WAITS = isInFull ? Array.from({ length: 7 }, () => DAY) : [4 * DAY, DAY, DAY, DAY];
const scratch = scratchDirectories();
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
});
afterAll(() => aws.close());
afterEach(() => void vi.useRealTimers());

/** A passphrase is made to be slow. There is one here, so what it derives by a salt is derived once. */
const derived = new Map<string, Promise<ArrayBuffer>>();
const deriveBits = crypto.subtle.deriveBits.bind(crypto.subtle);
beforeAll(() => {
  vi.spyOn(crypto.subtle, "deriveBits").mockImplementation((parameters, key, length) => {
    const { hash, iterations, salt } = parameters as webcrypto.Pbkdf2Params & { salt: Uint8Array };
    const name = JSON.stringify([hash, iterations, [...salt], length]);
    const bits = derived.get(name) ?? deriveBits(parameters, key, length as number);
    derived.set(name, bits);
    return bits;
  });
});
afterAll(() => void vi.restoreAllMocks());

const clock = () => Math.floor(Date.now() / 1_000);
const sleep = async (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1_000);

/** An installation as it was recorded, with the parts that work on it by now. */
async function onFiles(name: string) {
  const found = fixture<FileFixture>(name);
  vi.useFakeTimers({ toFake: ["Date"], now: found.now * 1_000 });
  return openOnFiles(found, await scratch());
}

async function inAws(name: string) {
  const found = fixture<AwsFixture>(name);
  vi.useFakeTimers({ toFake: ["Date"], now: found.now * 1_000 });
  return openInAws(found, aws);
}

/** As its keyring has the policy, so that nothing of it changes. */
function settingsOf({ policy, issuer }: Keyring) {
  const { rotateEverySeconds, publishAheadSeconds, activeKeyMaxAgeSeconds, clockSkewSeconds, ...rest } = policy;
  return {
    ...SETTINGS,
    ...rest,
    issuer,
    policy: { rotateEverySeconds, publishAheadSeconds, activeKeyMaxAgeSeconds, clockSkewSeconds },
  };
}

const everyFixture = [
  ...FILE_FIXTURES.map((name) => [name, onFiles] as const),
  ...AWS_FIXTURES.map((name) => [name, inAws] as const),
];

describe.each(everyFixture)("the installation %s of version 1", (name, put) => {
  it("is read, and written as it was while version 1 is what all read", async () => {
    const { keyringText: text } = await put(name);
    const keyring = parseKeyring(text, name);
    expect(keyring.version).toBe(1);
    const key = { ...(keyring.keys[0] as Keyring["keys"][number]), keyArn: "arn:aws:kms:eu-central-1:111122223333:key/k" };
    const later: Keyring = { ...keyring, ended: [], strays: [], keys: [key, ...keyring.keys.slice(1)] };
    expect(keyringText(later)).toBe(text);
  });
});

describe.each(some(6, everyFixture))("the installation %s of version 1", (name, put) => {
  it("goes on: it issues, is brought to version 2 by the first write, rotates, and breaks no token", async () => {
    const { stores, custodians, open, keyringText: text } = await put(name);
    const before = parseKeyring(text, name);
    const settings = settingsOf(before);
    const activeKey = createActiveKey({ read: () => stores.active.read(), open, maxAgeSeconds: HOUR, clock });
    const issuer = createIssuer({ signer: activeKey, issuer: "https://issuer.example", clock });
    const tick = () => createManager({ stores, custodians, settings, clock, sleep, actor: "user bob" }).tick();
    const tokens: { token: string; endsAt: number }[] = [];
    const issueAndVerify = async () => {
      await activeKey.refresh();
      tokens.push({ token: (await issuer.issue({ claims: {}, ttl: 7_200 })).token, endsAt: clock() + 7_200 });
      const keys = createLocalJWKSet((await stores.publicDocuments.read())?.jwks as never);
      for (const { token } of tokens.filter(({ endsAt }) => endsAt > clock())) {
        await jwtVerify(token, keys, { currentDate: new Date() });
      }
    };
    await issueAndVerify();
    const kids = new Set<string | undefined>();
    // A lease that somebody was killed with is over by then.
    await sleep(HOUR);
    for (const seconds of WAITS) {
      await tick();
      await issueAndVerify();
      kids.add(activeRecord((await stores.keyring.read())?.keyring as Keyring)?.publicJwk?.kid);
      await sleep(seconds);
    }
    const { keyring } = (await stores.keyring.read()) as { keyring: Keyring };
    expect(keyring).toMatchObject({ version: 2, activation: null, lease: null });
    expect(kids.size).toBeGreaterThanOrEqual(name === "imported" ? 1 : 2);
    expect((await stores.active.read()).map(({ version }) => version)).toStrictEqual([2]);
    expect(await verifyAudit(stores, keyring)).toMatchObject({ isIntact: true });
  });
});

describe("a keyring that others may have to read who know version 1 alone", () => {
  const parsed = ({ keyring }: { keyring: Keyring }) => parseKeyring(keyringText(keyring), "it");

  it("stays in version 1, with its active documents, and is brought on once they are gone", async () => {
    const { stores, custodians, keyringText: text } = await onFiles("young");
    let readable: 1 | 2 = 1;
    const keyring = { ...stores.keyring, readableVersion: async () => readable };
    const beside: Stores = { ...stores, keyring };
    const settings = settingsOf(parseKeyring(text, "young"));
    const tick = () => createManager({ stores: beside, custodians, settings, clock, sleep }).tick();
    for (let day = 0; day < 6; day++) {
      await sleep(DAY);
      await tick();
    }
    const found = await stores.keyring.read();
    expect(parsed(found as never)).toMatchObject({ version: 1, confirmedSequence: 2 });
    expect((found as { keyring: object }).keyring).not.toHaveProperty("ended");
    expect((await stores.active.read())[0]).not.toHaveProperty("version");
    readable = 2;
    await sleep(DAY);
    await tick();
    expect(parsed((await stores.keyring.read()) as never)).toMatchObject({ version: 2, ended: expect.any(Array) });
  });

  it("is refused in a version that is not known yet", () => {
    const { files } = fixture<FileFixture>("young");
    const text = (files["keyring.json"] ?? "").replace('"version": 1', '"version": 3');
    expect(() => parseKeyring(text, "keyring.json")).toThrow(/reads versions 1 and 2: use the signet that wrote it/);
  });

  it("has nothing that came with version 2", () => {
    const { files } = fixture<FileFixture>("young");
    const withMember = JSON.stringify({ ...JSON.parse(files["keyring.json"] ?? ""), ended: [] });
    expect(() => parseKeyring(withMember, "keyring.json")).toThrow(/a member ended that this version does not know/);
  });
});

describe("an active document", () => {
  const document: ActiveDocument = { sequence: 1, kid: "k", alg: "ES256", maxTtlSeconds: 60, material: { file: "k" } };
  const read = (more: object) => parseActiveDocument(JSON.stringify({ ...document, ...more }), "it");

  it("is read in both versions, and in no other", () => {
    expect(read({})).toStrictEqual(document);
    expect(read({ version: 2 })).toStrictEqual({ version: 2, ...document });
    for (const version of [0, 1, 3, "2", null])
      expect(() => read({ version })).toThrow(/a version that this signet does not know/);
  });
});
