import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publicKeyFromJwk } from "../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import type { Installation } from "../../src/assemble.js";
import { createTransport } from "../../src/aws/transport.js";
import type { Custodian } from "../../src/custody/contract.js";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import type { ActiveDocument } from "../../src/keyring/active-document.js";
import { bodyOf, certificateOf, type NamedKey, pemOf } from "../../src/operator/upload-text.js";
import { custodianOf, KINDS } from "../aws/custodians.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const scratch = scratchDirectories();
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
});
afterAll(() => aws.close());

async function custodian(custody: string): Promise<Custodian> {
  if (custody === "file") return createFileCustodian({ directory: join(await scratch(), "keys") });
  const transport = createTransport({ region: "eu-central-1", credentials: async () => FAKE_CREDENTIALS, env: aws.env });
  const wrapping = aws.perform("kms", "CreateKey", { KeySpec: "SYMMETRIC_DEFAULT", KeyUsage: "ENCRYPT_DECRYPT" });
  return custodianOf(custody, transport, { installation: `pem-${custody}`, kmsKey: wrapping.KeyMetadata.Arn });
}

/** What the commands know of an issuer whose one key a custodian holds. */
async function installed(custody: string, documents: readonly ActiveDocument[] = []) {
  const held = await custodian(custody);
  const publicJwk = await held.create("a", algorithmNamed("PS256"));
  const record: NamedKey = {
    ...{ id: "a", state: "pending", alg: "PS256", custody, origin: "created", creatingAt: 1_800_000_000 },
    publicJwk,
  };
  const stores = { active: { read: async () => documents } };
  return { held, record, installation: { custodians: { [custody]: held }, stores } as unknown as Installation };
}

describe("the certificate of a key that signs PS256", () => {
  it.each([["file", true], ...KINDS.map((kind): [string, boolean] => [kind, kind !== "secrets-manager"])])(
    "is signed by the custodian %s; the same each time: %s",
    async (custody, isStable) => {
      const { installation, record } = await installed(custody);
      const [first, again] = [await certificateOf(installation, record), await certificateOf(installation, record)];
      expect([first.isStable, again.pem === first.pem]).toStrictEqual([isStable, isStable]);
      for (const { pem } of [first, again]) {
        const read = new X509Certificate(pem);
        expect(read.verify(publicKeyFromJwk(record.publicJwk))).toBe(true);
        expect(read.subject).toBe(`CN=${record.publicJwk.kid}`);
      }
    },
  );

  it("is signed with what the active document holds, once the custodian has no other copy", async () => {
    const { held, record } = await installed("parameter-store");
    const { kid } = record.publicJwk;
    const document: ActiveDocument = {
      sequence: 1,
      kid,
      alg: "PS256",
      maxTtlSeconds: 60,
      material: await held.material("a", { kid }),
    };
    await held.destroy("a", { kid });
    const stores = { active: { read: async () => [document] } };
    const installation = { custodians: { "parameter-store": held }, stores } as unknown as Installation;
    expect(new X509Certificate((await certificateOf(installation, record)).pem).subject).toBe(`CN=${kid}`);
    await expect(
      certificateOf({ ...installation, stores: { active: { read: async () => [] } } } as never, record),
    ).rejects.toMatchObject({
      code: "key_not_found",
    });
  });

  it("is not made of a key whose private part is elsewhere", async () => {
    const { installation, record } = await installed("file");
    await expect(certificateOf(installation, { ...record, origin: "foreign" })).rejects.toThrow("is held by another issuer");
    await expect(certificateOf(installation, { ...record, custody: "kms" })).rejects.toThrow("kms, which is not configured here");
  });
});

describe("a public key", () => {
  it("is a PEM, and its body one line of it", async () => {
    const { record } = await installed("file");
    const pem = pemOf(record.publicJwk);
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+\n-----END PUBLIC KEY-----$/);
    const spki = publicKeyFromJwk(record.publicJwk).export({ format: "der", type: "spki" });
    expect(Buffer.from(bodyOf(pem), "base64").equals(spki)).toBe(true);
    expect(bodyOf(pem)).not.toContain("\n");
  });
});
