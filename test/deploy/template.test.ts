import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { withNestedPath } from "../../src/deploy/nested-path.js";
import { isInFull, some } from "../contracts/matrix.js";
import { isAllowed, parseTemplate, resolveStack } from "./cloudformation.mjs";
import { askedAt, denied, issuedBy, type Stack, tick, verified } from "./life.js";
import { answerBucketAt, managerContext, pseudo, STACK_ID, startStack, template, templateText } from "./stack.js";

/** What the service does with a key that only some stacks give, or with a right that another action takes besides. */
const FOR_SOME = ["kms:TagResource", "kms:Encrypt", "kms:GenerateDataKey", "xray:PutTraceSegments", "xray:PutTelemetryRecords"];
/** Lambda itself writes the log, and asks for these. */
const OF_LAMBDA = ["logs:CreateLogStream", "logs:PutLogEvents"];

const used = new Map<string, Set<string>>();
const bucket = await answerBucketAt(1_800_000_000_000);
const ask = askedAt(bucket);

function remember({ aws, roles }: Stack) {
  for (const [name, { accessKeyId }] of Object.entries(roles)) {
    const own = (aws.calls as { who?: string; action: string }[]).filter(({ who }) => who === accessKeyId);
    used.set(name, new Set([...(used.get(name) ?? []), ...own.map(({ action }) => action)]));
  }
}

const lives = (token: string) => (decodeJwt(token).exp as number) * 1_000 > Date.now();

/** The first and the third move use all of the manager's rights together. */
const NEXT = {
  KMS: "SecretsManager",
  ParameterStore: "KMS",
  SecretsManager: "KMSDataKey",
  KMSDataKey: "ParameterStore",
} as const;

describe.each(some(2, Object.entries(NEXT)))("a stack with the custodian %s", (custodian, next) => {
  it(`issues, rotates and moves to ${next} with nothing but its roles' rights`, async () => {
    const stack = await startStack(bucket.url);
    const own = stack.aws.perform("kms", "CreateKey", {}) as never as { KeyMetadata: { Arn: string } };
    const key: Record<string, string> = custodian === "SecretsManager" ? {} : { SecretKmsKeyArn: own.KeyMetadata.Arn };
    const first = { KeyCustodianParameter: custodian, ...(custodian !== "KMSDataKey" && key) };
    const made = await ask(stack, first, "Keys", "Create");
    expect(made.outcome).toBe("SUCCESS");
    expect(made.Data.SigningMethod).toBe("ES256");
    expect((await ask(stack, first, "Complete", "Create")).outcome).toBe("SUCCESS");
    const warm = stack.start(stack.put(first), "Issuer");
    const tokens = [await issuedBy(warm, stack)];
    expect(decodeProtectedHeader(tokens[0] as string).kid).toBe(made.Data.KeyID);

    const rotating = { ...first, RotationToken: "once", Callers: '{"chat":{}}' };
    expect((await ask(stack, rotating, "Keys", "Update", made.ResourceProperties)).outcome).toBe("SUCCESS");
    expect([...(stack.aws.state.functions.get(stack.issuerArn)?.keys() ?? [])]).toStrictEqual(["chat"]);
    await tick(stack, rotating, 26, 2);
    tokens.push(await issuedBy(warm, stack));
    expect(decodeProtectedHeader(tokens[1] as string).kid).not.toBe(made.Data.KeyID);

    const moved = { ...first, ...key, KeyCustodianParameter: next, RotationToken: "once" };
    expect(
      (await ask(stack, moved, "Keys", "Update", (await ask(stack, rotating, "Keys", "Update")).ResourceProperties)).outcome,
    ).toBe("SUCCESS");
    for (let round = 0; round < 10; round++) {
      await tick(stack, moved, 5, 5);
      tokens.push(await issuedBy(warm, stack, 43_200), await issuedBy(stack.start(stack.put(moved), "Issuer"), stack, 43_200));
      for (const token of tokens.filter(lives)) await verified(stack, token);
    }
    await tick(stack, moved, 40, 5);
    const { keys } = stack.read("keyring.json") as { keys: { custody: string; state: string }[] };
    expect(new Set(keys.map(({ custody }) => custody.replaceAll("-", "")))).toStrictEqual(new Set([next.toLowerCase()]));
    expect(denied(stack)).toStrictEqual([]);
    expect((await ask(stack, moved, "Keys", "Delete")).outcome).toBe("SUCCESS");
    expect(stack.read("keyring.json")).toMatchObject({ keys });
    remember(stack);
    await stack.aws.close();
  });

  it("leaves nothing behind, also without an issuer's URL, where its creation failed", async () => {
    const stack = await startStack(bucket.url);
    const parameters = { KeyCustodianParameter: custodian, JwksEndpoint: "off" };
    expect((await ask(stack, parameters, "Keys", "Create")).outcome).toBe("SUCCESS");
    expect((await ask(stack, parameters, "Keys", "Delete")).outcome).toBe("SUCCESS");
    const { keys, parameters: texts, secrets, buckets, aliases } = stack.aws.state;
    const wrapping = custodian === "KMSDataKey" ? 1 : 0;
    expect([...keys.values()].filter(({ state }) => state === "Enabled")).toHaveLength(wrapping);
    const isNothingLeft = () =>
      expect([texts.size, secrets.size, aliases.size, buckets.get(stack.bucket).objects.size]).toStrictEqual([0, 0, 0, 0]);
    isNothingLeft();
    expect((await ask(stack, parameters, "Keys", "Delete")).outcome).toBe("SUCCESS");
    // In a stack of other things another one of them may fail after it.
    for (const id of ["Keys", "Complete"]) expect((await ask(stack, parameters, id, "Create")).outcome).toBe("SUCCESS");
    stack.aws.state.stacks.set(STACK_ID, "ROLLBACK_IN_PROGRESS");
    expect((await ask(stack, parameters, "Keys", "Delete")).outcome).toBe("SUCCESS");
    isNothingLeft();
    expect(denied(stack)).toStrictEqual([]);
    remember(stack);
    await stack.aws.close();
  });
});

it("a stack without an issuer's URL takes away a discovery document that somebody has put there", async () => {
  const stack = await startStack(bucket.url);
  const parameters = { JwksEndpoint: "off" };
  expect((await ask(stack, parameters, "Keys", "Create")).outcome).toBe("SUCCESS");
  const { objects } = stack.aws.state.buckets.get(stack.bucket);
  const key = ".well-known/openid-configuration";
  const jwks = objects.get(".well-known/jwks.json").at(-1);
  objects.set(key, [{ ...jwks, body: Buffer.from('{"issuer":"https://attacker.example"}') }]);
  await stack.start(stack.put(parameters), "Manager")({ action: "tick" }, managerContext);
  expect(stack.aws.calls.some(({ action }: { action: string }) => action === "s3:DeleteObject")).toBe(true);
  expect(denied(stack)).toStrictEqual([]);
  remember(stack);
  await stack.aws.close();
});

describe("a stack whose creation fails at any call", () => {
  // Every call in the long form; here as many as the tests of every day have time for.
  const everyNth = isInFull ? 1 : 41;

  it.each(some(1, Object.keys(NEXT)))("leaves nothing behind, and can be made again (%s)", async (custodian) => {
    const stack = await startStack(bucket.url);
    const parameters = { KeyCustodianParameter: custodian };
    let outcome = "";
    for (let call = 0; outcome !== "SUCCESS"; call += everyNth) {
      stack.aws.inject({ skip: call, times: 1_000, code: "InternalFailure", status: 500 });
      outcome = (await ask(stack, parameters, "Keys", "Create")).outcome;
      stack.aws.clearFaults();
      expect((await ask(stack, parameters, "Keys", "Delete")).outcome).toBe("SUCCESS");
      const { keys, parameters: texts, secrets, buckets, aliases } = stack.aws.state;
      const usable = [...keys.values()].filter(({ state, tags }) => state === "Enabled" && tags.size > 0);
      expect([usable.length, texts.size, secrets.size, aliases.size, buckets.get(stack.bucket).objects.size]).toStrictEqual(
        Array(5).fill(0),
      );
    }
    expect((await ask(stack, parameters, "Keys", "Create")).outcome).toBe("SUCCESS");
    await stack.aws.close();
  });

  it.each(some(1, Object.entries(NEXT)))(
    "is rolled back from any failed update, breaks no token, and is updated at last (%s to %s)",
    async (custodian, next) => {
      const stack = await startStack(bucket.url);
      const parameters = { KeyCustodianParameter: custodian };
      const made = await ask(stack, parameters, "Keys", "Create");
      await ask(stack, parameters, "Complete", "Create");
      const token = await issuedBy(stack.start(stack.put(parameters), "Issuer"), stack);
      const moved = { ...parameters, KeyCustodianParameter: next, Callers: '{"chat":{}}' };
      let outcome = "";
      for (let call = 0; outcome !== "SUCCESS"; call += everyNth) {
        // One call fails for good, with all its tries.
        stack.aws.inject({ skip: call, times: 14, code: "InternalFailure", status: 500 });
        const asked = await ask(stack, moved, "Keys", "Update", made.ResourceProperties);
        outcome = asked.outcome;
        stack.aws.clearFaults();
        if (outcome === "SUCCESS") break;
        // CloudFormation asks for what was before, and says what was tried.
        expect((await ask(stack, parameters, "Keys", "Update", asked.ResourceProperties)).outcome).toBe("SUCCESS");
        await verified(stack, token);
        await verified(stack, await issuedBy(stack.start(stack.put(parameters), "Issuer"), stack));
      }
      await verified(stack, token);
      await stack.aws.close();
    },
  );

  it.each(some(1, Object.keys(NEXT)))(
    "is taken back by another try where taking it back fails at any call (%s)",
    async (custodian) => {
      const stack = await startStack(bucket.url);
      const parameters = { KeyCustodianParameter: custodian };
      expect((await ask(stack, parameters, "Keys", "Create")).outcome).toBe("SUCCESS");
      let outcome = "";
      for (let call = 0; outcome !== "SUCCESS"; call += everyNth === 1 ? 1 : 5) {
        stack.aws.inject({ skip: call, times: 1_000, code: "InternalFailure", status: 500 });
        outcome = (await ask(stack, parameters, "Keys", "Delete")).outcome;
        stack.aws.clearFaults();
      }
      const { parameters: texts, secrets, buckets, aliases } = stack.aws.state;
      expect([texts.size, secrets.size, aliases.size, buckets.get(stack.bucket).objects.size]).toStrictEqual([0, 0, 0, 0]);
      await stack.aws.close();
    },
  );

  it("waits for a manager that is at work, and says so where that takes too long", async () => {
    const stack = await startStack(bucket.url);
    const made = await ask(stack, {}, "Keys", "Create");
    const { objects } = stack.aws.state.buckets.get(stack.bucket);
    const holdFor = (seconds: number) => {
      const latest = objects.get("keyring.json").at(-1);
      const lease = { holder: "function tick", manager: "other", generation: 1, expiresAt: Date.now() / 1_000 + seconds };
      latest.body = Buffer.from(JSON.stringify({ ...JSON.parse(latest.body.toString()), lease }));
    };
    holdFor(120);
    expect((await ask(stack, { MaxTtlSeconds: "7200" }, "Keys", "Update", made.ResourceProperties)).outcome).toBe("SUCCESS");
    holdFor(400);
    expect((await ask(stack, {}, "Keys", "Update", made.ResourceProperties)).outcome).toMatch(/^FAILED .*is changing keys/);
    await stack.aws.close();
  });

  it("waits until KMS knows its roles", async () => {
    const stack = await startStack(bucket.url);
    stack.aws.inject({ action: "kms:CreateKey", times: 3, code: "MalformedPolicyDocumentException", status: 400 });
    expect((await ask(stack, { KeyCustodianParameter: "KMS" }, "Keys", "Create")).outcome).toBe("SUCCESS");
    await stack.aws.close();
  });
});

describe("a stack that Secrets Manager rotates", () => {
  const NEXT_VERSION = "5f2e7c10-1d2c-11ee-be56-0242ac120002";

  it("is tried out when it is made, and names the new key after the four steps", async () => {
    const stack = await startStack(bucket.url);
    const parameters = { SecretsManagerRotation: "on", RotateEveryDays: "30" };
    const { Data } = await ask(stack, parameters, "Keys", "Create");
    const resolved = stack.put(parameters);
    const { Name } = resolved.properties("ActiveSecret");
    const first = { SecretString: `{"kid":"${Data.KeyID}"}`, ClientRequestToken: "5f2e7c10-1d2c-11ee-be56-0242ac120001" };
    const { ARN: SecretId } = stack.aws.perform("secretsmanager", "CreateSecret", { Name, ...first }) as never as { ARN: string };
    const step = (Step: string, ClientRequestToken: string) =>
      stack.start(resolved, "Manager")({ Step, SecretId, ClientRequestToken }, managerContext);
    const staged = (ClientRequestToken: string) =>
      stack.aws.perform("secretsmanager", "RotateSecret", { SecretId, ClientRequestToken });
    // RotateImmediatelyOnUpdate: false asks for testSecret alone, over an empty version.
    staged("5f2e7c10-1d2c-11ee-be56-0242ac120003");
    await step("testSecret", "5f2e7c10-1d2c-11ee-be56-0242ac120003");
    await tick(stack, parameters, 48, 6);
    staged(NEXT_VERSION);
    // A second standby has to be old enough: it is asked for, and Secrets Manager tries again.
    await expect(step("createSecret", NEXT_VERSION)).rejects.toMatchObject({ name: "plan_refused" });
    await tick(stack, parameters, 26, 2);
    for (const each of ["createSecret", "setSecret", "testSecret", "finishSecret"]) await step(each, NEXT_VERSION);
    const { SecretString } = stack.aws.perform("secretsmanager", "GetSecretValue", { SecretId }) as never as {
      SecretString: string;
    };
    const token = await issuedBy(stack.start(resolved, "Issuer"), stack);
    expect([JSON.parse(SecretString).kid, Data.KeyID]).toStrictEqual([
      decodeProtectedHeader(token).kid,
      expect.not.stringMatching(`^${decodeProtectedHeader(token).kid}$`),
    ]);
    expect(denied(stack)).toStrictEqual([]);
    remember(stack);
    await stack.aws.close();
  });
});

describe("the rights of the roles", () => {
  it.each(["Issuer", "Manager"])("are what the code of %s calls, and no more", async (name) => {
    const stack = await startStack(bucket.url);
    const rotated = { SecretsManagerRotation: "on", RotateEveryDays: "30" };
    stack.put({ SecretKmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/k", Tracing: "on", ...rotated });
    const statements = stack.roles[name as "Issuer"].statements as { Action: string | string[] }[];
    const granted = new Set(statements.flatMap(({ Action }) => Action));
    const needless = [...granted].filter(
      (action) => !used.get(name)?.has(action) && ![...FOR_SOME, ...OF_LAMBDA].includes(action),
    );
    expect(needless).toStrictEqual([]);
    await stack.aws.close();
  });

  it("are none but its log's for the function that fetches what callers name", async () => {
    const stack = await startStack(bucket.url);
    stack.put({ DecodeRoute: "on" });
    expect(stack.roles.Decoder.statements).toMatchObject([{ Action: OF_LAMBDA, Resource: expect.stringMatching(/decoderlog$/) }]);
    await stack.aws.close();
  });
});

describe("a key manager in the wrong hands", () => {
  // The right to give tags at a making is the right to give them to any key of the account.
  it.each(["kms:Sign", "kms:ScheduleKeyDeletion", "kms:GetPublicKey"])(
    "may not %s with a foreign key that it has tagged",
    async (action) => {
      const stack = await startStack(bucket.url);
      stack.put({ KeyCustodianParameter: "KMS" });
      const foreign = {
        resource: "arn:aws:kms:eu-central-1:111122223333:key/foreign",
        context: { "aws:ResourceTag/signet:installation": stack.bucket },
      };
      for (const { statements } of Object.values(stack.roles)) expect(isAllowed(statements, { action, ...foreign })).toBe(false);
      await stack.aws.close();
    },
  );
});

const DOMAIN = {
  DomainName: "auth.example.com",
  CertificateArn: "arn:aws:acm:eu-central-1:111122223333:certificate/5f2e7c10-1111-4222-8333-000000000002",
};

describe("the template", () => {
  const resolved = (parameters: Record<string, string>, more = {}) =>
    resolveStack(template, {
      parameters,
      pseudo: { ...pseudo, ...more },
      attributes: (id, name) => `${id}.${name}`,
      ref: (id) => id,
    });

  it("names no partition and no domain by itself", () => {
    const written = templateText
      .split("\n")
      .filter((line) => line.length < 5_000 && !/^ *(AllowedPattern|Description): /.test(line))
      .join("\n")
      // The names of services are the same in every partition (IAM user guide, "AWS service principals").
      .replaceAll(
        /(lambda|scheduler|apigateway)\.amazonaws\.com$|Service: (lambda|scheduler|apigateway)\.amazonaws\.com|Principal: (apigateway|secretsmanager)\.amazonaws\.com/g,
        "",
      );
    const code = /\n {6}("use strict"[\s\S]*?)\n {4}Role/g;
    expect(written.replaceAll(code, "").match(/arn:aws:|amazonaws|us-east-1/g)).toBeNull();
  });

  it.each([
    ["aws-cn", "amazonaws.com.cn", "cn-north-1"],
    ["aws-us-gov", "amazonaws.com", "us-gov-west-1"],
    ["aws-iso", "c2s.ic.gov", "us-iso-east-1"],
    ["aws-eusc", "amazonaws.eu", "eusc-de-east-1"],
  ])("is of the partition that it is put in (%s)", (partition, suffix, region) => {
    const stack = resolved(
      { SecretKmsKeyArn: "", Tracing: "on", IssueRoutes: "on", AlarmEmail: "a@b", DomainName: "a.example", BasePath: "auth" },
      { "AWS::Partition": partition, "AWS::URLSuffix": suffix, "AWS::Region": region, "AWS::StackId": "stack" },
    );
    const all = JSON.stringify(stack.made.map((id) => ({ ...stack.properties(id), Code: undefined })));
    const partitions = new Set([...all.matchAll(/"arn:([a-z-]+):|[:"]arn:([a-z-]+):/g)].map(([, a, b]) => a ?? b));
    expect(partitions).toStrictEqual(new Set([partition]));
    expect(stack.outputs().IssuerUrl).toBe(`https://Api.execute-api.${region}.${suffix}/v1`);
  });

  it("answers at a regional domain too, says where DNS has to lead, and leaves iss to IssuerUrl", () => {
    const stack = resolved({ ...DOMAIN, BasePath: "auth" });
    expect(stack.properties("Domain")).toStrictEqual({
      DomainName: "auth.example.com",
      RegionalCertificateArn: DOMAIN.CertificateArn,
      EndpointConfiguration: { Types: ["REGIONAL"] },
      SecurityPolicy: "TLS_1_2",
    });
    expect(stack.properties("DomainPath")).toStrictEqual({
      DomainName: "Domain",
      BasePath: "auth",
      RestApiId: "Api",
      Stage: "Stage",
    });
    const { DomainUrl, DomainTarget, DomainHostedZoneId, IssuerUrl } = stack.outputs();
    expect({ DomainUrl, DomainTarget, DomainHostedZoneId }).toStrictEqual({
      DomainUrl: "https://auth.example.com/auth",
      DomainTarget: "Domain.RegionalDomainName",
      DomainHostedZoneId: "Domain.RegionalHostedZoneId",
    });
    expect(IssuerUrl).toBe(resolved({}).outputs().IssuerUrl);
    expect(stack.properties("Issuer").Environment.Variables.SIGNET_ISSUER).toBe(IssuerUrl);
    // Without a base path the whole domain: then the property is absent.
    expect(resolved(DOMAIN).properties("DomainPath")).not.toHaveProperty("BasePath");
    expect(resolved(DOMAIN).outputs().DomainUrl).toBe("https://auth.example.com");
    expect(Object.keys(resolved({}).outputs()).filter((name) => name.startsWith("Domain"))).toStrictEqual([]);
  });

  it.each([
    [
      "DomainName",
      ["auth.example.com", "a-b.example"],
      ["example", "Auth.example.com", "https://auth.example.com", "auth.example.com/", "-a.example", "*.example.com"],
    ],
    ["BasePath", ["auth", "v1.2", "a_b-c"], ["/auth", "auth/", "a/b", "..", "a b", "a?b"]],
    ["CertificateArn", [DOMAIN.CertificateArn], ["arn:aws:iam::111122223333:server-certificate/a", "certificate/a"]],
  ])("takes %s as API Gateway does", (name, good, bad) => {
    const pattern = new RegExp(template.Parameters[name].AllowedPattern);
    expect([...good, ""].filter((each) => !pattern.test(each))).toStrictEqual([]);
    expect(bad.filter((each) => pattern.test(each))).toStrictEqual([]);
  });

  it("has another form for a path of several segments, which differs in nothing else", () => {
    const nested = withNestedPath({ text: templateText, parameters: template.Parameters });
    const stackOf = (parameters: Record<string, string>) =>
      resolveStack(parseTemplate(nested.text), {
        parameters,
        pseudo,
        attributes: (id, name) => `${id}.${name}`,
        ref: (id) => id,
      });
    const stack = stackOf({ ...DOMAIN, BasePath: "tenant/a" });
    const mapping = { DomainName: "Domain", ApiMappingKey: "tenant/a", ApiId: "Api", Stage: "Stage" };
    expect(stack.properties("DomainPaths")).toStrictEqual(mapping);
    expect(stack.outputs().DomainUrl).toBe("https://auth.example.com/tenant/a");
    expect(stack.refusals()).toStrictEqual([]);
    // What refers to the mapping refers to its new name: a type may not change under the old one.
    expect([...stack.made].sort()).toStrictEqual(
      resolved({ ...DOMAIN, BasePath: "auth" })
        .made.map((id: string) => (id === "DomainPath" ? "DomainPaths" : id))
        .sort(),
    );
    const before = templateText.split("\n");
    const changed = nested.text.split("\n").filter((line, index) => line !== before[index]);
    expect(changed.map((line) => line.trim().split(":")[0])).toStrictEqual([
      ...["AllowedPattern", "Description", "DomainPaths", "Type", "Properties", "After"],
    ]);
    const pattern = new RegExp(nested.parameters.BasePath?.AllowedPattern as string);
    const bad = ["/auth", "auth/", "a//b", "..", "a/../b", "a b", "a/b?c", "a/.b"];
    expect(["", "auth", "tenant/a", "a/b/c.d"].filter((each) => !pattern.test(each))).toStrictEqual([]);
    expect(bad.filter((each) => pattern.test(each))).toStrictEqual([]);
  });

  it("refuses what cannot be, before anything is made", () => {
    expect(resolved({ KeyCustodianParameter: "KMSDataKey", Algorithm: "ML-DSA-65" }).refusals()).toHaveLength(1);
    expect(resolved({ IssueRoutes: "on", JwksEndpoint: "off" }).refusals()).toHaveLength(1);
    expect(resolved({ DecodeRoute: "on", JwksEndpoint: "off" }).refusals()).toHaveLength(1);
    expect(resolved({ SecretsManagerRotation: "on" }).refusals()).toHaveLength(1);
    const watched = { AlarmEmail: "ops@example.com", LogLevelApplicationParameter: "ERROR" };
    expect(resolved(watched).refusals()).toStrictEqual([]);
    expect(resolved({ ...watched, LogLevelApplicationParameter: "FATAL" }).refusals()).toHaveLength(1);
    expect(resolved({ RotateByUpload: "on", RotateEveryDays: "90" }).refusals()).toHaveLength(1);
    expect(resolved({ RotateByUpload: "on" }).refusals()).toStrictEqual([]);
    expect(resolved({ ExistingKmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/k" }).refusals()).toHaveLength(1);
    expect(resolved({ DomainName: "auth.example.com" }).refusals()).toHaveLength(1);
    expect(resolved({ CertificateArn: DOMAIN.CertificateArn }).refusals()).toHaveLength(1);
    expect(resolved({ BasePath: "auth" }).refusals()).toHaveLength(1);
    expect(resolved({ ...DOMAIN, JwksEndpoint: "off" }).refusals()).toHaveLength(1);
    expect(resolved({ ...DOMAIN, BasePath: "auth" }).refusals()).toStrictEqual([]);
    expect(resolved({}).refusals()).toStrictEqual([]);
  });

  it.each([
    {},
    { JwksEndpoint: "off" },
    { AccessLog: "on" },
    { AccessLog: "on", JwksEndpoint: "off" },
    { IssueRoutes: "on" },
    { DecodeRoute: "on", SecretsManagerRotation: "on", RotateEveryDays: "30" },
    { DecodeRoute: "on", IssueRoutes: "on" },
    { AlarmEmail: "ops@example.com", Tracing: "on", PermissionsBoundaryArn: "arn:aws:iam::111122223333:policy/b" },
    { KeyCustodianParameter: "KMSDataKey" },
    { KeyCustodianParameter: "KMSDataKey", SecretKmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/k" },
    { IssuerUrl: "https://issuer.example", JwksEndpoint: "off" },
    { ...DOMAIN, IssueRoutes: "on" },
    { ...DOMAIN, BasePath: "auth", IssuerUrl: "https://auth.example.com/auth" },
    { ...DOMAIN, JwksEndpoint: "off" },
  ])(
    "refers to nothing that is not made, waits in no circle, and is complete at the end (%o)",
    (parameters: Record<string, string>) => {
      const stack = resolved(parameters);
      stack.outputs();
      const order: string[] = [];
      const visit = (id: string, trail: readonly string[]) => {
        expect(trail).not.toContain(id);
        if (order.includes(id)) return;
        for (const other of stack.needs(id)) if (stack.made.includes(other)) visit(other, [...trail, id]);
        order.push(id);
      };
      for (const id of stack.made) visit(id, []);
      for (const id of stack.made) stack.properties(id);
      // Whatever can fail is made before the mark that keeps keys: all but what nothing else waits for and what cannot fail by itself.
      const waited = new Set<string>();
      const collect = (id: string) => {
        for (const other of stack.needs(id)) if (stack.made.includes(other) && !waited.has(other)) collect(other);
        waited.add(id);
      };
      collect("Complete");
      expect(stack.made.filter((id) => !waited.has(id))).toStrictEqual([]);
    },
  );

  it("logs access to the API where that is asked for, and nothing that a caller wrote", () => {
    expect(resolved({}).properties("Stage").AccessLogSetting).toBeUndefined();
    const { Format } = resolved({ AccessLog: "on" }).properties("Stage").AccessLogSetting;
    const named = [...Format.matchAll(/\$context\.([\w.]+)/g)].map(([, name]) => name);
    expect(named).toContain("identity.userArn");
    for (const name of named) expect(name).not.toMatch(/^(path|protocol|authorizer|identity\.(userAgent|apiKey))/);
    // One an account and region: a stack that set it would overwrite what others rely on.
    expect(Object.values(template.Resources).map((each) => (each as { Type: string }).Type)).not.toContain(
      "AWS::ApiGateway::Account",
    );
  });
});
