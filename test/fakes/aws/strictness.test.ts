import {
  constants,
  createCipheriv,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  randomUUID,
  verify,
} from "node:crypto";
import aws4 from "aws4";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { rsaPair } from "../../contracts/rsa-keys.mjs";
import { FAKE_CREDENTIALS, startFakeAws } from "./fake-aws.mjs";

/** What emulators get wrong, and the fake must not: each as AWS's documentation has it. */
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  aws = await startFakeAws();
});

afterAll(() => aws.close());

const base64 = (data: string | Buffer) => Buffer.from(data).toString("base64");
const key = (KeySpec: string) =>
  aws.perform("kms", "CreateKey", { KeySpec, KeyUsage: "SIGN_VERIFY" }).KeyMetadata.KeyId as string;
const refuses = (service: string, action: string, input: object, code: string) =>
  expect(() => aws.perform(service, action, input)).toThrow(expect.objectContaining({ code }));

describe("a KMS key that a service encrypts with", () => {
  const put = (KeyId: string, Value = "v") => ({ Name: `/rest/${randomUUID()}`, Value, Type: "SecureString", KeyId });

  it("is there, symmetric and enabled", () => {
    refuses("ssm", "PutParameter", put("no-such-key"), "InvalidKeyId");
    refuses("ssm", "PutParameter", put(key("ECC_NIST_P256")), "InvalidKeyId");
    const { KeyId } = aws.perform("kms", "CreateKey", {}).KeyMetadata;
    const parameter = put(KeyId);
    aws.perform("ssm", "PutParameter", parameter);
    const secret = { Name: randomUUID(), SecretString: "s", ClientRequestToken: randomUUID(), KmsKeyId: KeyId };
    aws.perform("secretsmanager", "CreateSecret", secret);
    aws.perform("kms", "DisableKey", { KeyId });
    refuses("ssm", "GetParameters", { Names: [parameter.Name], WithDecryption: true }, "InvalidKeyId");
    expect(aws.perform("ssm", "GetParameters", { Names: [parameter.Name] }).Parameters).toHaveLength(1);
    refuses("secretsmanager", "GetSecretValue", { SecretId: secret.Name }, "DecryptionFailure");
    refuses("secretsmanager", "CreateSecret", { ...secret, Name: randomUUID() }, "EncryptionFailure");
  });

  it("is used in the caller's name: directly, or by a data key beyond 4,096 bytes", () => {
    const { KeyId, Arn } = aws.perform("kms", "CreateKey", {}).KeyMetadata;
    const before = aws.keyUses.length;
    const parameter = put(KeyId);
    aws.perform("ssm", "PutParameter", parameter);
    aws.perform("ssm", "PutParameter", { ...put(KeyId, "v".repeat(5_000)), Tier: "Advanced" });
    aws.perform("ssm", "GetParameters", { Names: [parameter.Name], WithDecryption: true });
    aws.perform("ssm", "PutParameter", { ...put(KeyId), KeyId: undefined });
    const uses = aws.keyUses.slice(before);
    expect(uses.map(({ action }) => action)).toStrictEqual(["kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"]);
    expect(new Set(uses.map(({ resource }) => resource))).toStrictEqual(new Set([Arn]));
  });
});

describe("the fake KMS", () => {
  it("takes no message beyond 4,096 bytes, and no digest of another length", () => {
    const KeyId = key("ECC_NIST_P256");
    const sign = { KeyId, SigningAlgorithm: "ECDSA_SHA_256" };
    refuses("kms", "Sign", { ...sign, Message: base64("a".repeat(4_097)) }, "ValidationException");
    refuses("kms", "Sign", { ...sign, Message: base64("a".repeat(33)), MessageType: "DIGEST" }, "ValidationException");
  });

  it.each([
    ["ECC_NIST_P256", "ECDSA_SHA_256", "sha256"],
    ["ECC_NIST_P384", "ECDSA_SHA_384", "sha384"],
    ["ECC_NIST_P521", "ECDSA_SHA_512", "sha512"],
    ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", "sha256"],
  ])("signs a digest of %s as OpenSSL verifies the message (%s)", (spec, SigningAlgorithm, hash) => {
    const KeyId = key(spec);
    const digest = createHash(hash).update("message").digest();
    const { Signature } = aws.perform("kms", "Sign", { KeyId, SigningAlgorithm, Message: base64(digest), MessageType: "DIGEST" });
    const publicKey = aws.state.keys.get(KeyId).pair.publicKey;
    expect(verify(hash, Buffer.from("message"), publicKey, Buffer.from(Signature, "base64"))).toBe(true);
    const wrong = { KeyId, SigningAlgorithm, Message: base64("other"), Signature };
    refuses("kms", "Verify", wrong, "KMSInvalidSignatureException");
    expect(aws.perform("kms", "Verify", { ...wrong, Message: base64("message") }).SignatureValid).toBe(true);
  });

  it("signs with a key only by its own algorithm, in its own state", () => {
    const KeyId = key("ECC_NIST_P256");
    const sign = { KeyId, SigningAlgorithm: "ECDSA_SHA_256", Message: base64("a") };
    refuses("kms", "Sign", { ...sign, SigningAlgorithm: "ECDSA_SHA_384" }, "InvalidKeyUsageException");
    refuses("kms", "Sign", { ...sign, DryRun: true }, "DryRunOperationException");
    aws.perform("kms", "DisableKey", { KeyId });
    refuses("kms", "Sign", sign, "DisabledException");
    aws.perform("kms", "ScheduleKeyDeletion", { KeyId });
    refuses("kms", "Sign", sign, "KMSInvalidStateException");
  });

  it("takes Ed25519 raw alone, and no alias of AWS's own", () => {
    const KeyId = key("ECC_NIST_EDWARDS25519");
    const sign = { KeyId, SigningAlgorithm: "ED25519_SHA_512", Message: base64("a".repeat(64)) };
    refuses("kms", "Sign", { ...sign, MessageType: "DIGEST" }, "ValidationException");
    refuses("kms", "CreateAlias", { AliasName: "alias/aws/mine", TargetKeyId: KeyId }, "NotAuthorizedException");
  });

  it("opens a ciphertext only with the context that it was made with", () => {
    const { KeyId } = aws.perform("kms", "CreateKey", {}).KeyMetadata;
    const { CiphertextBlob } = aws.perform("kms", "Encrypt", { KeyId, Plaintext: base64("a"), EncryptionContext: { a: "b" } });
    refuses("kms", "Decrypt", { KeyId, CiphertextBlob, EncryptionContext: { a: "c" } }, "InvalidCiphertextException");
  });

  it("knows no key of another region", () => {
    const arn = aws.state.keys.get(key("ECC_NIST_P256")).arn as string;
    refuses("kms", "DescribeKey", { KeyId: arn.replace("eu-central-1", "us-east-1") }, "NotFoundException");
  });
});

describe("the fake Parameter Store and Secrets Manager", () => {
  it("hold their sizes", () => {
    const put = { Name: "/a", Type: "String", Value: "a".repeat(4_097) };
    refuses("ssm", "PutParameter", put, "ValidationException");
    refuses("ssm", "GetParameters", { Names: Array.from({ length: 11 }, (_, index) => `/${index}`) }, "ValidationException");
    const create = { Name: "big", ClientRequestToken: randomUUID(), SecretString: "a".repeat(65_537) };
    refuses("secretsmanager", "CreateSecret", create, "ValidationException");
  });

  it("show a SecureString to no caller that does not ask for its decryption", () => {
    aws.perform("ssm", "PutParameter", { Name: "/secret", Type: "SecureString", Value: "the-value" });
    const [shown] = aws.perform("ssm", "GetParameters", { Names: ["/secret"] }).Parameters;
    expect(Buffer.from(shown.Value, "base64").toString()).not.toContain("the-value");
  });

  it("take a request token once, and move a label only from where it is said to be", () => {
    const [first, second] = [randomUUID(), randomUUID()];
    aws.perform("secretsmanager", "CreateSecret", { Name: "s", ClientRequestToken: first, SecretString: "a" });
    const again = { SecretId: "s", ClientRequestToken: first, SecretString: "b" };
    refuses("secretsmanager", "PutSecretValue", again, "ResourceExistsException");
    aws.perform("secretsmanager", "PutSecretValue", { ...again, ClientRequestToken: second, VersionStages: ["AWSPENDING"] });
    const move = { SecretId: "s", VersionStage: "AWSCURRENT", MoveToVersionId: second };
    refuses("secretsmanager", "UpdateSecretVersionStage", { ...move, RemoveFromVersionId: second }, "InvalidParameterException");
    aws.perform("secretsmanager", "UpdateSecretVersionStage", { ...move, RemoveFromVersionId: first });
    expect(aws.perform("secretsmanager", "GetSecretValue", { SecretId: "s" }).SecretString).toBe("b");
  });
});

describe("the fake S3", () => {
  /** @returns status, error code or body, and the version, of a request that aws4 has signed */
  async function ask(method: string, path: string, body = Buffer.alloc(0), headers: Record<string, string> = {}) {
    const { host } = new URL(aws.url);
    const signed = aws4.sign(
      { service: "s3", region: "eu-central-1", method, host, path, headers, ...(method === "PUT" && { body }) } as never,
      FAKE_CREDENTIALS,
    ) as unknown as { headers: Record<string, string> };
    const { Host: _, "Content-Length": __, ...sent } = signed.headers;
    const answer = await fetch(aws.url + path, {
      method,
      headers: sent,
      ...(method === "PUT" && { body: new Uint8Array(body) }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return {
      status: answer.status,
      code: /<Code>(\w+)/.exec(bytes.toString())?.[1],
      bytes,
      version: answer.headers.get("x-amz-version-id"),
    };
  }

  it("keeps bytes as they are, every version of them, and believes no digest that does not match", async () => {
    aws.createBucket("strict");
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0xc3]);
    const md5 = createHash("md5").update(bytes).digest("base64");
    const first = await ask("PUT", "/strict/a", bytes, { "Content-MD5": md5 });
    expect(first.status).toBe(200);
    expect(await ask("PUT", "/strict/a", Buffer.from("b"), { "Content-MD5": md5 })).toMatchObject({ code: "BadDigest" });
    expect((await ask("PUT", "/strict/a", Buffer.from("b"))).status).toBe(200);
    expect((await ask("GET", "/strict/a")).bytes.toString()).toBe("b");
    expect((await ask("GET", `/strict/a?versionId=${first.version}`)).bytes).toStrictEqual(bytes);
    expect(await ask("GET", "/strict/a?versionId=other")).toMatchObject({ status: 404, code: "NoSuchVersion" });
  });
});

describe("the fake CloudWatch Logs", () => {
  const queryString = 'filter outcome = "issued" | stats max(@timestamp) as at, sum(tokens) as n by caller';
  const endTime = Math.floor(Date.now() / 1_000);
  const start = { logGroupName: "log", queryString, startTime: endTime - 60, endTime };

  it("starts a query on one group that is there, in seconds and within what is kept, and knows no other members", () => {
    refuses("logs", "StartQuery", start, "ResourceNotFoundException");
    aws.state.logs.groups.set("log", { createdAt: Date.now() - 1_000_000, retentionDays: 90, lines: [] });
    expect(aws.perform("logs", "StartQuery", start).queryId).toBeTypeOf("string");
    refuses("logs", "StartQuery", { ...start, logGroupNames: ["log"] }, "InvalidParameterException");
    refuses("logs", "StartQuery", { ...start, endTime: endTime * 1_000 }, "InvalidParameterException");
    refuses("logs", "StartQuery", { ...start, startTime: endTime + 1 }, "InvalidParameterException");
    refuses("logs", "StartQuery", { ...start, startTime: 0, endTime: endTime - 2_000 }, "MalformedQueryException");
    refuses("logs", "StartQuery", { ...start, queryString: "stats max(@timestamp)" }, "MalformedQueryException");
    refuses("logs", "StartQuery", { ...start, LogGroupName: "log" }, "SerializationException");
    refuses("logs", "GetQueryResults", { queryId: "other" }, "ResourceNotFoundException");
  });
});

describe("the fake Parameter Store and KMS", () => {
  it("take no name twice, tell of those that are not there, and move no alias to a key that goes", () => {
    refuses("ssm", "GetParameters", { Names: ["/a", "/a"] }, "ValidationException");
    expect(aws.perform("ssm", "DeleteParameters", { Names: ["/gone"] })).toMatchObject({ InvalidParameters: ["/gone"] });
    const [TargetKeyId, going] = [key("ECC_NIST_P256"), key("ECC_NIST_P256")];
    aws.perform("kms", "CreateAlias", { AliasName: "alias/moved", TargetKeyId });
    aws.perform("kms", "ScheduleKeyDeletion", { KeyId: going });
    refuses("kms", "UpdateAlias", { AliasName: "alias/moved", TargetKeyId: going }, "KMSInvalidStateException");
  });
});

describe("the fake IAM", () => {
  /** @returns status and error code, or the body, of a form that aws4 has signed for a region */
  async function ask(form: string, region = "us-east-1") {
    const { host } = new URL(aws.url);
    const headers = { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" };
    const request = { service: "iam", region, method: "POST", host, path: "/", headers, body: form };
    const signed = aws4.sign(request as never, FAKE_CREDENTIALS) as unknown as { headers: Record<string, string> };
    const { Host: _, "Content-Length": __, ...sent } = signed.headers;
    const answer = await fetch(`${aws.url}/`, { method: "POST", headers: sent, body: form });
    const text = await answer.text();
    return [answer.status, /<Code>(\w+)/.exec(text)?.[1] ?? text];
  }
  const SIMULATE = "Action=SimulatePrincipalPolicy&Version=2010-05-08&ActionNames.member.1=a:b&ResourceArns.member.1=arn:r";
  const arn = "arn:aws:iam::111122223333:role/r";

  it("is signed for its home, whatever the region of the rest, and takes no field that it does not know", async () => {
    const list = "Action=ListRoles&Version=2010-05-08";
    expect(await ask(list)).toStrictEqual([200, expect.stringContaining("<Roles></Roles><IsTruncated>false</IsTruncated>")]);
    expect(await ask(list, "eu-central-1")).toStrictEqual([403, expect.any(String)]);
    expect(await ask(`${list}&MaxItems=1001`)).toStrictEqual([400, "ValidationError"]);
    expect(await ask(`${list}&Marker=AAAA`)).toStrictEqual([400, "InvalidMarkerException"]);
    expect(await ask(`${list}&Limit=3`)).toStrictEqual([400, "MalformedInput"]);
    expect(await ask(`${list}&MaxItems=3&MaxItems=4`)).toStrictEqual([400, "MalformedInput"]);
    expect(await ask("Action=DeleteRole&Version=2010-05-08")).toStrictEqual([400, "InvalidAction"]);
  });

  it("knows whom it is asked about, and answers one decision for all resources beside each one's own", async () => {
    expect(await ask(`${SIMULATE}&PolicySourceArn=${arn}`)).toStrictEqual([404, "NoSuchEntity"]);
    const statements = [{ Effect: "Allow", Action: "a:*", Resource: "arn:r" }];
    aws.state.iam.principals.set(arn, { policies: [{ name: "p", statements }] });
    const [, body] = await ask(`${SIMULATE}&ResourceArns.member.2=arn:s&PolicySourceArn=${arn}`);
    expect(body).toContain("<EvalDecision>implicitDeny</EvalDecision>");
    const each = /<EvalResourceName>(arn:.)<\/EvalResourceName><EvalResourceDecision>(\w+)/g;
    expect([...String(body).matchAll(each)].map(([, name, decision]) => [name, decision])).toStrictEqual([
      ["arn:r", "allowed"],
      ["arn:s", "implicitDeny"],
    ]);
  });
});

describe("key material that is imported", () => {
  const external = (KeySpec: string) =>
    aws.perform("kms", "CreateKey", { KeySpec, KeyUsage: "SIGN_VERIFY", Origin: "EXTERNAL" }).KeyMetadata.KeyId as string;
  const WRAPPING = { WrappingAlgorithm: "RSA_AES_KEY_WRAP_SHA_256", WrappingKeySpec: "RSA_4096" };
  const STAYS = { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" };
  const ec = (namedCurve: string, paramEncoding: "named" | "explicit" = "named") =>
    generateKeyPairSync("ec", { namedCurve, paramEncoding }).privateKey.export({ format: "der", type: "pkcs8" });
  const rsa = (bits: 2048 | 3072) => rsaPair(bits).privateKey.export({ format: "der", type: "pkcs8" });

  /** What is sent for a key: its material, wrapped as it was asked for. */
  function material(KeyId: string, plain: Buffer, more: object = STAYS) {
    const { ImportToken, PublicKey } = aws.perform("kms", "GetParametersForImport", { KeyId, ...WRAPPING });
    const aes = randomBytes(32);
    const cipher = createCipheriv("id-aes256-wrap-pad", aes, Buffer.from("A65959A6", "hex"));
    const key = createPublicKey({ key: Buffer.from(PublicKey, "base64"), format: "der", type: "spki" });
    const sealed = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, aes);
    const EncryptedKeyMaterial = base64(Buffer.concat([sealed, cipher.update(plain), cipher.final()]));
    return { KeyId, ImportToken, EncryptedKeyMaterial, ...more };
  }

  it("goes by a key's id or ARN, into a key that waits for it, and of no kind that KMS only makes", () => {
    const KeyId = external("ECC_NIST_P256");
    aws.perform("kms", "CreateAlias", { AliasName: "alias/external", TargetKeyId: KeyId });
    refuses("kms", "GetParametersForImport", { KeyId: "alias/external", ...WRAPPING }, "NotFoundException");
    refuses("kms", "ImportKeyMaterial", { ...material(KeyId, ec("P-256")), KeyId: "alias/external" }, "NotFoundException");
    refuses("kms", "GetParametersForImport", { KeyId: key("ECC_NIST_P256"), ...WRAPPING }, "UnsupportedOperationException");
    const input = { KeySpec: "ECC_NIST_EDWARDS25519", KeyUsage: "SIGN_VERIFY", Origin: "EXTERNAL" };
    refuses("kms", "CreateKey", input, "UnsupportedOperationException");
    for (const action of ["Sign", "GetPublicKey"]) refuses("kms", action, { KeyId }, "KMSInvalidStateException");
    aws.perform("kms", "ScheduleKeyDeletion", { KeyId });
    refuses("kms", "GetParametersForImport", { KeyId, ...WRAPPING }, "KMSInvalidStateException");
  });

  it("is wrapped by AES where it is RSA, with a token of this key that is a day old at most", () => {
    const [KeyId, other] = [external("RSA_2048"), external("RSA_2048")];
    const bare = { ...WRAPPING, WrappingAlgorithm: "RSAES_OAEP_SHA_256" };
    refuses("kms", "GetParametersForImport", { KeyId, ...bare }, "UnsupportedOperationException");
    const old = { ...WRAPPING, WrappingAlgorithm: "RSAES_PKCS1_V1_5" };
    refuses("kms", "GetParametersForImport", { KeyId, ...old }, "UnsupportedOperationException");
    const input = material(KeyId, rsa(2048));
    refuses("kms", "ImportKeyMaterial", { ...input, KeyId: other }, "InvalidImportTokenException");
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 86_400_001);
    refuses("kms", "ImportKeyMaterial", input, "ExpiredImportTokenException");
    vi.useRealTimers();
    const broken = { ...input, EncryptedKeyMaterial: base64(randomBytes(800)) };
    refuses("kms", "ImportKeyMaterial", broken, "InvalidCiphertextException");
    aws.perform("kms", "ImportKeyMaterial", input);
  });

  it("expires unless it is said not to, and then at a time", () => {
    const KeyId = external("ECC_NIST_P256");
    const plain = ec("P-256");
    const inADay = Math.floor(Date.now() / 1_000) + 86_400;
    refuses("kms", "ImportKeyMaterial", material(KeyId, plain, {}), "ValidationException");
    refuses("kms", "ImportKeyMaterial", material(KeyId, plain, { ...STAYS, ValidTo: inADay }), "ValidationException");
    refuses("kms", "ImportKeyMaterial", material(KeyId, plain, { ValidTo: inADay * 2 }), "ValidationException");
    aws.perform("kms", "ImportKeyMaterial", material(KeyId, plain, { ValidTo: inADay }));
    const { KeyMetadata } = aws.perform("kms", "DescribeKey", { KeyId });
    expect(KeyMetadata).toMatchObject({ Origin: "EXTERNAL", ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo: inADay });
  });

  it.each([
    ["RSA_2048", () => rsa(3072)],
    ["ECC_NIST_P256", () => ec("P-384")],
    ["ECC_NIST_P256", () => ec("P-256", "explicit")],
    ["ECC_NIST_P256", () => Buffer.from("no key")],
  ] as const)("is of the key's own kind, size and named curve (%s)", (spec, plain) => {
    const KeyId = external(spec);
    refuses("kms", "ImportKeyMaterial", material(KeyId, plain()), "IncorrectKeyMaterialException");
  });

  it("is the same for good", () => {
    const KeyId = external("ECC_NIST_P256");
    const plain = ec("P-256");
    aws.perform("kms", "ImportKeyMaterial", material(KeyId, plain));
    aws.perform("kms", "ImportKeyMaterial", material(KeyId, plain));
    refuses("kms", "ImportKeyMaterial", material(KeyId, ec("P-256")), "IncorrectKeyMaterialException");
    aws.perform("kms", "DeleteImportedKeyMaterial", { KeyId });
    refuses("kms", "ImportKeyMaterial", material(KeyId, ec("P-256")), "IncorrectKeyMaterialException");
    refuses("kms", "GetPublicKey", { KeyId }, "KMSInvalidStateException");
    aws.perform("kms", "ImportKeyMaterial", material(KeyId, plain));
    expect(aws.perform("kms", "DescribeKey", { KeyId }).KeyMetadata).toMatchObject({ KeyState: "Enabled" });
  });
});
