import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { awsParts } from "../../src/assemble-aws.js";
import { isSignetError } from "../../src/errors.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import { createManager } from "../../src/rotation/manager.js";
import { amount } from "../contracts/matrix.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { SETTINGS } from "./settings-fixture.js";

const HOUR = 3_600;

type Call = { readonly action: string; readonly resource: string };

/** What is refused at present. */
let isRefused: (call: Call) => boolean = () => false;
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  const credentials = [{ ...FAKE_CREDENTIALS, allows: (call: Call) => !isRefused(call) }];
  aws = await startFakeAws({ isDirect: true, credentials });
  aws.createBucket("keyrings");
});
afterAll(() => aws.close());
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 }));
afterEach(() => {
  vi.useRealTimers();
  isRefused = () => false;
  aws.state.keys.clear();
  aws.state.aliases.clear();
});

let installations = 0;

/** What starts a manager of a new installation, which knows nothing but what is written down. */
function starts() {
  const installation = `incident-${++installations}`;
  const place = { installation, region: "eu-central-1", keyring: `s3://keyrings/${installation}` };
  return () => {
    const parts = awsParts({ ...place, custody: "kms", env: aws.env, credentials: () => FAKE_CREDENTIALS });
    const manager = createManager({
      ...{ stores: { ...parts.stores, holder: () => "manager" }, custodians: parts.custodians },
      settings: { ...SETTINGS, custody: "kms" },
      clock: () => Math.floor(Date.now() / 1_000),
      sleep: async (seconds) => void vi.setSystemTime(Date.now() + seconds * 1_000),
    });
    const keyring = async () => ((await parts.stores.keyring.read()) as { keyring: Keyring }).keyring;
    return { tick: () => manager.tick({ createKeyring: true }), keyring };
  };
}

const keysInKms = () => [...aws.state.keys.values()].filter(({ state }) => state === "Enabled");

// Where a step after CreateKey failed, the key was forgotten, and the next start made another one: 16,000 keys at a dollar a month each.
// https://github.com/spiffe/spire/issues/5497
describe("spire#5497: keys that are made and forgotten", () => {
  /** How often it starts; the pod of the report did 106 times. */
  const STARTS = amount(4, 24);

  /** The steps behind CreateKey: what it is that fails at each start. */
  const BEHIND: readonly (readonly [string, typeof isRefused])[] = [
    ["the key cannot be named", ({ action }) => action === "kms:CreateAlias"],
    ["the JWKS cannot be written", ({ action, resource }) => action === "s3:PutObject" && resource.endsWith("jwks.json")],
    ["the public key cannot be read", ({ action }) => action === "kms:GetPublicKey"],
    ["the key cannot prove itself", ({ action }) => action === "kms:Sign"],
  ];

  it("are one for each start of a naive issuer", () => {
    // The key is made, what comes next fails, and nothing remembers the key.
    const prepare = () => {
      aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
      throw new Error("it could not be published");
    };
    for (let number = 0; number < STARTS; number++) expect(prepare).toThrow("published");
    expect(keysInKms()).toHaveLength(STARTS);
  });

  it.each(BEHIND)("are none of ours where %s: the next start takes the key up again", async (_, step) => {
    const start = starts();
    isRefused = step;
    for (let number = 0; number < STARTS; number++) {
      const outcome = await start()
        .tick()
        .catch((error: unknown) => error);
      expect(isSignetError(outcome), String(outcome)).toBe(true);
      expect(keysInKms().length).toBeLessThanOrEqual(1);
      vi.setSystemTime(Date.now() + HOUR * 1_000);
    }

    isRefused = () => false;
    const { tick, keyring } = start();
    await tick();
    const { keys, lease } = await keyring();
    expect([keys.map(({ state }) => state), lease]).toStrictEqual([["active", "pending"], null]);
    expect(keysInKms().map(({ id }) => id)).toStrictEqual(keys.map(({ publicJwk }) => publicJwk?.kid));
  });
});
