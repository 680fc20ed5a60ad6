import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { algorithmNamed } from "../../src/algorithms/table.js";
import type { Transport } from "../../src/aws/transport.js";
import { createImportingKmsCustodian } from "../../src/custody/kms/importing.js";
import { keyWrapPadded, wrapForImport } from "../../src/custody/kms/wrap.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { unwrapped } from "../fakes/aws/kms-import.mjs";
import { awsPlaces } from "./aws-places.js";

const places = awsPlaces();

/** A custodian over a new installation; `alter` changes what a service answers to an action. */
function custodian(alter: (action: string, answer: Record<string, unknown>) => object = (_, answer) => answer) {
  const altering: Transport = {
    ...places.transport,
    async call(request) {
      const answer = await places.transport.call(request);
      return { ...answer, body: JSON.stringify(alter(request.action, JSON.parse(answer.body || "{}"))) };
    },
  };
  return createImportingKmsCustodian(places.place(altering));
}

const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;

describe("what KMS takes", () => {
  it.each([
    ["RS256", "RSA_2048", () => rsaPair(2048).privateKey],
    ["PS256", "RSA_3072", () => rsaPair(3072).privateKey],
    ["RS512", "RSA_4096", () => rsaPair(4096).privateKey],
    ["ES256", "ECC_NIST_P256", () => ec("P-256")],
    ["ES256", "ECC_NIST_P256", () => generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }).privateKey],
    ["ES384", "ECC_NIST_P384", () => ec("P-384")],
    ["ES512", "ECC_NIST_P521", () => ec("P-521")],
  ] as const)("is an %s key of %s, whose halves match and which signs", async (alg, spec, make) => {
    const keeper = custodian();
    const jwk = await keeper.importKey("a", make(), algorithmNamed(alg));
    expect(places.aws.state.keys.get(jwk.kid)).toMatchObject({
      spec,
      origin: "EXTERNAL",
      expirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
    });
    const signer = await keeper.open({ kid: jwk.kid, alg, material: await keeper.material("a") });
    expect(signer.publicJwk).toStrictEqual(jwk);
    expect((await signer.sign("a.b")).length).toBeGreaterThan(63);
  });

  it.each([
    ["EdDSA", () => generateKeyPairSync("ed25519").privateKey, "unsupported_algorithm"],
    ["RS256", () => generateKeyPairSync("rsa", { modulusLength: 2_056 }).privateKey, "invalid_key"],
  ] as const)("is no %s key of a kind that it has not, and nothing is made", async (alg, make, code) => {
    const before = places.aws.state.keys.size;
    const key = make();
    const keeper = custodian();
    expect(() => keeper.assertTakes?.(key, algorithmNamed(alg))).toThrow(expect.objectContaining({ code }));
    await expect(keeper.importKey("a", key, algorithmNamed(alg))).rejects.toMatchObject({ code });
    expect(places.aws.state.keys.size).toBe(before);
  });

  it("is only the same key again, also where its material was deleted", async () => {
    const keeper = custodian();
    const [key, other] = [rsaPair(2048).privateKey, rsaPair(2048).privateKey];
    const jwk = await keeper.importKey("a", key, algorithmNamed("RS256"));
    places.aws.perform("kms", "DeleteImportedKeyMaterial", { KeyId: jwk.kid });
    await expect(keeper.importKey("a", other, algorithmNamed("RS256"))).rejects.toMatchObject({
      code: "key_mismatch",
      message: expect.stringContaining("the same again and no other"),
    });
    expect(await keeper.importKey("a", key, algorithmNamed("RS256"))).toStrictEqual(jwk);
    expect(places.aws.state.keys.get(jwk.kid)).toMatchObject({ state: "Enabled" });
  });
});

it("the private key in the clear is overwritten once KMS has it, or has refused it", async () => {
  for (const code of [undefined, "AccessDeniedException"]) {
    const { privateKey } = rsaPair(3072);
    const clear: Buffer[] = [];
    const real = privateKey.export.bind(privateKey);
    const watched = (options: never) => {
      const exported: unknown = real(options);
      if (Buffer.isBuffer(exported)) clear.push(exported);
      return exported;
    };
    Object.defineProperty(privateKey, "export", { value: watched });
    if (code !== undefined) places.aws.inject({ action: "kms:ImportKeyMaterial", code, status: 400 });
    await custodian()
      .importKey("a", privateKey, algorithmNamed("RS256"))
      .catch((error: unknown) => expect([code, error]).toStrictEqual(["AccessDeniedException", expect.anything()]));
    expect(clear.length).toBe(1);
    for (const each of clear) expect(each.every((byte) => byte === 0)).toBe(true);
  }
});

describe("what KMS says of an imported key is not believed", () => {
  const metadata = (change: object) => (action: string, answer: Record<string, unknown>) =>
    action === "kms:DescribeKey" ? { KeyMetadata: { ...(answer.KeyMetadata as object), ...change } } : answer;
  const otherKey = rsaPair(2048).publicKey.export({ format: "der", type: "spki" }).toString("base64");

  it.each([
    [
      "that its private part will go",
      metadata({ ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo: 1_900_000_000 }),
      "key_unusable",
    ],
    ["that it goes at some time all the same", metadata({ ValidTo: 1_900_000_000 }), "key_unusable"],
    ["that KMS has made it", metadata({ Origin: "AWS_KMS" }), "key_mismatch"],
    ["that it is of another size", metadata({ KeySpec: "RSA_4096" }), "key_mismatch"],
    ["that it still waits", metadata({ KeyState: "PendingImport" }), "key_unusable"],
    [
      "that it has another public key",
      (action: string, answer: Record<string, unknown>) =>
        action === "kms:GetPublicKey" ? { ...answer, PublicKey: otherKey } : answer,
      "key_mismatch",
    ],
    [
      "that a smaller key wraps it",
      (action: string, answer: Record<string, unknown>) =>
        action === "kms:GetParametersForImport" ? { ...answer, PublicKey: otherKey } : answer,
      "custodian_failed",
    ],
  ])("%s", async (_, alter, code) => {
    const keeper = custodian(alter);
    await expect(keeper.importKey("a", rsaPair(2048).privateKey, algorithmNamed("RS256"))).rejects.toMatchObject({ code });
  });
});

describe("the wrap", () => {
  it("is RFC 5649's, by its examples", () => {
    const key = Buffer.from("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "hex");
    const wrapped = (hex: string) => keyWrapPadded(key, Buffer.from(hex, "hex")).toString("hex");
    expect(wrapped("c37b7e6492584340bed12207808941155068f738")).toBe(
      "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
    );
    expect(wrapped("466f7250617369")).toBe("afbeb0f07dfbf5419200f2ccb50bb24f");
  });

  it("is opened by who has the wrapping key, and the AES key is another one each time", () => {
    const pair = rsaPair(4096);
    const spki = pair.publicKey.export({ format: "der", type: "spki" });
    const plain = ec("P-256").export({ format: "der", type: "pkcs8" });
    const [first, second] = [wrapForImport(plain, spki), wrapForImport(plain, spki)];
    for (const each of [first, second])
      expect(unwrapped(each, { algorithm: "RSA_AES_KEY_WRAP_SHA_256", pair })).toStrictEqual(plain);
    expect(first.subarray(512)).not.toStrictEqual(second.subarray(512));
    expect(opens(plain)).toBe(true);
    expect(first.includes(plain.subarray(40, 60))).toBe(false);
  });
});

function opens(pkcs8: Buffer): boolean {
  return createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).type === "private";
}
