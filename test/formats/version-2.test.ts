import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { parseDocument } from "yaml";
import { CUSTODIES } from "../../src/custody/registry.js";
import { createActiveKey } from "../../src/issue/active-key.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { keyringText, parseKeyring } from "../../src/keyring/parse.js";
import { createManager } from "../../src/rotation/manager.js";
import { verifyAudit } from "../../src/rotation/session/audit.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { SETTINGS } from "../rotation/settings-fixture.js";
import { AWS_FIXTURES_2, type AwsFixture, type FileFixture, fixture, openInAws, openOnFiles } from "./fixtures.js";

const HOUR = 3_600;
const scratch = scratchDirectories();
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
});
afterAll(() => aws.close());
afterEach(() => void vi.useRealTimers());

const clock = () => Math.floor(Date.now() / 1_000);
const sleep = async (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1_000);

async function onFiles() {
  const found = fixture<FileFixture>("rotated", "v2");
  return { ...(await openOnFiles(found, await scratch())), now: found.now };
}

function inAws(name: string) {
  const found = fixture<AwsFixture>(name, "v2");
  return { ...openInAws(found, aws), now: found.now };
}

const everyFixture = [["rotated", onFiles] as const, ...AWS_FIXTURES_2.map((name) => [name, () => inAws(name)] as const)];

describe.each(everyFixture)("the installation %s of version 2, whose material names no custodian", (name, put) => {
  it("goes on: it issues, rotates, destroys the private part that is over, and breaks no token", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { stores, custodians, open, now, keyringText: text } = await put();
    vi.setSystemTime(now * 1_000);
    const before = parseKeyring(text, name);
    expect(keyringText(before)).toBe(text);
    const { version: _, maxTtlSeconds, allowsUnlimitedTokens, algorithm, custody, ...policy } = before.policy;
    const settings = { ...SETTINGS, maxTtlSeconds, allowsUnlimitedTokens, algorithm, custody, policy };
    const activeKey = createActiveKey({ read: () => stores.active.read(), open, maxAgeSeconds: HOUR, clock });
    const issuer = createIssuer({ signer: activeKey, issuer: "https://issuer.example", clock });
    const issued = async () => {
      await activeKey.refresh();
      return (await issuer.issue({ claims: {}, ttl: 7_200 })).token;
    };
    const verify = async (token: string) =>
      (
        await jwtVerify(token, createLocalJWKSet((await stores.publicDocuments.read())?.jwks as never), {
          currentDate: new Date(),
        })
      ).protectedHeader.kid;
    const tick = () => createManager({ stores, custodians, settings, clock, sleep, actor: "user bob" }).tick();
    // The standby behind the next key, then its activation.
    await sleep(3 * 24 * HOUR);
    await tick();
    await sleep(2 * 24 * HOUR);
    const old = await issued();
    await tick();
    const first = await verify(old);
    expect(await verify(await issued())).not.toBe(first);
    await sleep(2 * 24 * HOUR);
    await tick();
    const { keyring } = (await stores.keyring.read()) as { keyring: ReturnType<typeof parseKeyring> };
    expect(keyring.keys.map(({ publicJwk }) => publicJwk?.kid)).not.toContain(first);
    const document = (await stores.active.read())[0];
    expect(document?.kid).toBe(keyring.keys.find(({ state }) => state === "active")?.publicJwk?.kid);
    expect(await verifyAudit(stores, keyring)).toMatchObject({ isIntact: true });
  });
});

describe("the template's parameters of that time", () => {
  it("are still there, with their values", () => {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
    const before = JSON.parse(read("./v2/template-parameters.json")) as Record<
      string,
      { Type: string; AllowedValues?: string[] }
    >;
    const values = CUSTODIES.flatMap(({ templateValue }) => templateValue ?? []);
    const text = read("../../src/deploy/template.yaml").replace("{{custodies}}", values.join(", "));
    const source = parseDocument(text, { logLevel: "silent" }).toJS();
    for (const [name, { Type, AllowedValues = [] }] of Object.entries(before)) {
      expect(source.Parameters[name]?.Type, name).toBe(Type);
      expect(source.Parameters[name].AllowedValues ?? [], name).toEqual(expect.arrayContaining(AllowedValues));
    }
  });
});
