import { beforeEach, describe, expect, it } from "vitest";
import { SignetError } from "../../src/errors.js";
import { createActiveKey } from "../../src/issue/active-key.js";
import type { ActiveDocument } from "../../src/keyring/active-document.js";

const document = (sequence: number): ActiveDocument => ({
  sequence,
  kid: `key-${sequence}`,
  alg: "ES256",
  maxTtlSeconds: 60,
  material: { file: `key-${sequence}` },
});

let now: number;
let reads: number;
let answer: () => Promise<readonly ActiveDocument[]>;
/** Called before a key is opened. */
let opening: () => void;

function activeKey() {
  return createActiveKey({
    read: () => {
      reads += 1;
      return answer();
    },
    open: async ({ kid, alg }) => {
      opening();
      return { kid, alg, publicJwk: { kty: "EC", use: "sig", alg, kid }, sign: () => Buffer.alloc(64) };
    },
    maxAgeSeconds: 3_600,
    clock: () => now,
    random: () => 0.5,
  });
}

async function kidOf(key: ReturnType<typeof activeKey>): Promise<string> {
  return (await key.current(now)).signer.kid;
}

beforeEach(() => {
  now = 1_000_000;
  reads = 0;
  answer = async () => [document(1)];
  opening = () => undefined;
});

describe("the active key", () => {
  it("is read once for many concurrent first uses", async () => {
    const key = activeKey();
    expect(await Promise.all([kidOf(key), kidOf(key), kidOf(key)])).toStrictEqual(["key-1", "key-1", "key-1"]);
    expect(reads).toBe(1);
  });

  it("is used without a promise while it is confirmed, and confirmed again after a minute", async () => {
    const key = activeKey();
    await key.current(now);
    now += 59;
    expect(key.current(now)).not.toBeInstanceOf(Promise);
    expect(reads).toBe(1);
    now += 1;
    expect(key.current(now)).not.toBeInstanceOf(Promise);
    expect(reads).toBe(2);
  });

  it("follows a new document", async () => {
    const key = activeKey();
    await key.current(now);
    answer = async () => [document(2), document(1)];
    await key.refresh();
    expect(await kidOf(key)).toBe("key-2");
  });

  it("outlives failing reads until its age is reached, and then signs nothing", async () => {
    const key = activeKey();
    await key.current(now);
    answer = () => Promise.reject(new Error("down"));
    now += 3_599;
    expect(await kidOf(key)).toBe("key-1");
    now += 1;
    await expect(Promise.resolve(key.current(now))).rejects.toMatchObject({ code: "active_key_stale" });
    answer = async () => [document(1)];
    expect(await kidOf(key)).toBe("key-1");
  });

  it("is not used while its confirmation lies in the future", async () => {
    const key = activeKey();
    await key.current(now);
    now -= 10;
    answer = () => Promise.reject(new Error("down"));
    await expect(Promise.resolve(key.current(now))).rejects.toMatchObject({ code: "active_key_stale" });
  });

  it("does not go back to a lower sequence, and does not count such a read as a confirmation", async () => {
    answer = async () => [document(2)];
    const key = activeKey();
    await key.current(now);
    answer = async () => [document(1)];
    await expect(key.refresh()).rejects.toMatchObject({ code: "active_key_stale" });
    expect(await kidOf(key)).toBe("key-2");
    now += 3_600;
    await expect(Promise.resolve(key.current(now))).rejects.toMatchObject({ code: "active_key_stale" });
  });

  it("is dated by when its read was sent: one frozen in the middle of a read does not sign with what it then gets", async () => {
    const key = activeKey();
    await key.current(now);
    now += 60;
    let land: (documents: readonly ActiveDocument[]) => void = () => undefined;
    answer = () =>
      new Promise((resolve) => {
        land = resolve;
      });
    key.current(now);
    now += 7_200;
    answer = async () => [document(2)];
    const afterThaw = kidOf(key);
    land([document(1)]);
    expect(await afterThaw).toBe("key-2");
    expect(reads).toBe(3);
  });

  it("that is missing is an error that says what makes one", async () => {
    answer = async () => [];
    await expect(Promise.resolve(activeKey().current(now))).rejects.toMatchObject({ code: "no_active_key", status: 503 });
  });

  it("is the one of a newer document where that was written, and the key removed, between the read and the opening", async () => {
    opening = () => {
      answer = async () => [document(2)];
      opening = () => undefined;
      throw new SignetError("key_not_found", "there is no private key");
    };
    expect(await kidOf(activeKey())).toBe("key-2");
  });

  it("that is gone is an error where its document is still the newest", async () => {
    opening = () => {
      throw new SignetError("key_not_found", "there is no private key");
    };
    await expect(kidOf(activeKey())).rejects.toMatchObject({ code: "key_not_found" });
  });
});
