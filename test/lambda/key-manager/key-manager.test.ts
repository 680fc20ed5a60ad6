import { decodeJwt, importSPKI, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { createHandler } from "../../../src/lambda/issuer/issuer.js";
import { some } from "../../contracts/matrix.js";
import { HOUR, playedManagers, STACK } from "./played-managers.js";

const { aws, bucket, lines, pass, context, installed, resource } = await playedManagers();

describe("the key manager", () => {
  /** One for those that are asked for what changes nothing. */
  let made: ReturnType<typeof installed> | undefined;
  async function asked(event: unknown) {
    if (made === undefined) {
      made = installed();
      await made.create();
    }
    return made.ask(event);
  }

  it.each(some(1, [{ "detail-type": "Scheduled Event", source: "aws.events", detail: {} }, { action: "tick" }, {}]))(
    "makes no first key when it ticks: its stack's creation does; then it reads four times where nothing is to do (%o)",
    async (event) => {
      const { name, ask, create, env, jwks } = installed();
      const began = aws.calls.length;
      await expect(ask(event)).rejects.toMatchObject({ name: "keyring_missing", message: expect.stringContaining("restore") });
      expect(aws.calls.slice(began).map(({ action }) => action)).toStrictEqual(["s3:GetObject"]);
      await create();
      const { token } = (await createHandler(env, () => undefined)({ claims: {} }, context())) as { token: string };
      expect((await jwtVerify(token, jwks(), { currentDate: new Date() })).payload.iss).toBe("https://issuer.example");
      const before = aws.calls.length;
      expect(await ask(event)).toMatchObject({ actions: [], blockedBy: null });
      // Each of the four is one that a tick repairs; the stack's mark, which only an upgrade needs, is not among them.
      expect(
        aws.calls
          .slice(before)
          .map(({ action, resource }) => `${action} ${resource.split(":").at(-1)}`)
          .sort(),
      ).toStrictEqual([
        `s3:GetObject keyrings/${name}/.well-known/jwks.json`,
        `s3:GetObject keyrings/${name}/.well-known/openid-configuration`,
        `s3:GetObject keyrings/${name}/keyring.json`,
        `ssm:GetParameters parameter/signet/${name}/active/*`,
      ]);
    },
  );

  it("lets an uploaded key sign when it is told, and no other one", async () => {
    const { ask, keyring, create } = installed({ SIGNET_ROTATION: '{"byUpload": true}', SIGNET_ISSUER: "" });
    await create();
    const kids = (state: string): string[] =>
      keyring().keys.flatMap((key: { state: string; publicJwk: { kid: string } }) =>
        key.state === state ? [key.publicJwk.kid] : [],
      );
    const [first] = kids("active");
    expect(kids("pending")).toStrictEqual([]);
    await ask({ action: "rotate" });
    const [next] = kids("pending");
    pass(100 * 24 * HOUR);
    await ask({});
    expect(kids("active")).toStrictEqual([first]);
    const { keys } = (await ask({ action: "explain" })) as unknown as { keys: { words: string }[] };
    expect(keys.map(({ words }) => words).join()).toContain(`signet keys rotate --uploaded ${next}`);
    await expect(ask({ action: "rotate", uploaded: first })).rejects.toMatchObject({ name: "plan_refused" });
    await expect(ask({ action: "rotate", uploaded: "" })).rejects.toMatchObject({ name: "invalid_request" });
    await expect(ask({ action: "tick", uploaded: next })).rejects.toMatchObject({ name: "unknown_field" });
    expect(await ask({ action: "rotate", uploaded: next })).toMatchObject({ rotated: { from: first, to: next } });
    expect([kids("active"), kids("pending")]).toStrictEqual([[next], []]);
  });

  it("publishes no discovery document for an issuer whose iss is no URL, and goes on so", async () => {
    const { name, ask, create, env, keyring } = installed({ SIGNET_TOKENS: '{"iss":"12345","kid":false}' });
    await create();
    expect(keyring().issuer).toBeNull();
    const { token } = (await createHandler(env, () => undefined)({ claims: {} }, context())) as { token: string };
    expect(decodeJwt(token).iss).toBe("12345");
    expect(await ask({})).toMatchObject({ actions: [], blockedBy: null });
    const names = [...aws.state.buckets.get("keyrings").objects.keys()].filter((key) => key.startsWith(`${name}/.well-known/`));
    expect(names).toStrictEqual([`${name}/.well-known/jwks.json`]);
  });

  it.each([
    [{ Tokens: '{"iat":301}' }, "Tokens.iat must be a whole number of seconds from 0 to 300"],
    [{ Tokens: "{" }, "Tokens must be a JSON object"],
    [{ Tokens: '{"iss":"1"}', IssuerUrl: "https://issuer.example" }, "IssuerUrl and iss of Tokens both say what iss is"],
  ])("answers its stack what is wrong with Tokens, before it makes anything (%o)", async (properties, words) => {
    const { ask, name } = installed({ SIGNET_TOKENS: properties.Tokens });
    await ask(resource("Create", properties));
    expect(bucket.answers.at(-1)).toMatchObject({ Status: "FAILED", Reason: expect.stringContaining(words) });
    expect([...aws.state.buckets.get("keyrings").objects.keys()].filter((key) => key.startsWith(name))).toStrictEqual([]);
  });

  it("rotates, revokes and explains when it is asked", async () => {
    const { ask, keyring, create } = installed();
    await create();
    const first = keyring().keys.find((key: { state: string }) => key.state === "active").publicJwk.kid;
    expect(await ask({ action: "rotate", dryRun: true })).toMatchObject({
      waits: expect.arrayContaining([expect.objectContaining({ rule: "second_standby" })]),
    });
    expect(keyring().rotationRequest).toBeNull();
    await ask({ action: "rotate" });
    const { keys } = (await ask({ action: "explain" })) as unknown as { keys: { kid: string; words: string }[] };
    expect(keys.find(({ kid }) => kid === first)?.words).toContain("sign");
    const revoked = await ask({ action: "revoke", kid: first, reason: "a laptop was stolen" });
    expect(revoked).toMatchObject({ tokensAtRisk: { issuedFrom: expect.any(Number) } });
    expect(keyring().keys.some((key: { publicJwk: { kid: string } }) => key.publicJwk.kid === first)).toBe(false);
  });

  it.each(some(1, ["RotationToken", "ExistingKmsKeyArn", "IssuerFunction"]))(
    "keeps neither in its keyring nor in its log what an invocation says at any length (%s)",
    async (property) => {
      const { ask, create, keyring } = installed();
      await create();
      await ask(resource("Update", { [property]: "x".repeat(100_000) }));
      expect(bucket.answers.at(-1)).toMatchObject({ Status: "FAILED" });
      expect(JSON.stringify(keyring())).not.toContain("x".repeat(129));
      for (const line of lines) expect(line).not.toContain("x".repeat(257));
    },
  );

  it("migrates to another custodian, with the keys of both in reach", async () => {
    const { ask, keyring, create } = installed();
    await create();
    await ask({ action: "migrate", custody: "kms" });
    pass(25 * HOUR);
    await ask({});
    const active = keyring().keys.find((key: { state: string }) => key.state === "active");
    expect(active).toMatchObject({ custody: "kms", alg: "ES256" });
  });

  it.each([
    [{ action: "tik" }, "invalid_request", "tick, rotate"],
    [{ action: "tick", force: true }, "unknown_field", "force"],
    [{ action: "revoke" }, "invalid_request", "kid"],
    [{ action: "revoke", kid: "nobody" }, "key_not_found", "no key of"],
    [{ action: "migrate", custody: "vault" }, "invalid_request", "secrets-manager"],
    [{ action: "migrate", algorithm: "RS256" }, "plan_refused", "--verifiers-accept"],
    [{ action: "rotate", dryRun: "yes" }, "invalid_request", "dryRun"],
    [{ action: "migrate", verifiersAccept: [{ toString: false }] }, "invalid_request", "verifiersAccept"],
    [{ action: "migrate", verifiersAccept: [null] }, "invalid_request", "verifiersAccept"],
    [{ action: "migrate", verifiersAccept: "ES256" }, "invalid_request", "verifiersAccept"],
    [{ action: "migrate", verifiersAccept: ["constructor"] }, "unsupported_algorithm", "ES256"],
    ["tick", "invalid_request", '{"action": "tick"}'],
    [null, "invalid_request", "object"],
    [{ action: "revoke", "\\": "a" }, "invalid_request", "rename the member"],
    [{ "detail-type": "Scheduled Event", source: "aws.events", detail: { "\\n": 1 } }, "invalid_request", "rename the member"],
  ])("refuses what it cannot do, in words and with a code (%o)", async (event, code, words) => {
    await asked({});
    const calls = aws.calls.length;
    const failure = await asked(event).catch((error: Error) => error);
    expect(failure).toMatchObject({ name: code, message: expect.stringContaining(words) });
    expect((failure as Error).stack).not.toContain(" at ");
    expect(aws.calls.slice(calls).some(({ action }) => action === "ssm:PutParameter")).toBe(false);
    expect(lines.at(-1)).toContain('"level":"ERROR"');
  });

  it("repeats no name that is long, and none at all in its log", async () => {
    const { ask } = installed();
    const name = "x".repeat(300_000);
    const failure = (await ask({ action: "tick", [name]: 1 }).catch((error: Error) => error)) as Error;
    expect(failure.message.length).toBeLessThan(100);
    await ask({ action: "tick", "my-name": 1 }).catch(() => undefined);
    expect(lines.join("")).not.toMatch(/x{10}|my-name/);
  });

  it("tells an operator which right is missing", async () => {
    const { ask, create } = installed({ SIGNET_CUSTODY: "kms" });
    aws.inject({ action: "kms:CreateKey", code: "AccessDeniedException", status: 400, times: 3 });
    await create();
    expect(bucket.answers.at(-1)).toMatchObject({ Status: "FAILED", Reason: expect.stringContaining("kms:CreateKey") });
    // The keyring is there by now: a tick goes on with it.
    await expect(ask({})).rejects.toMatchObject({ name: "aws_access_denied", message: expect.stringContaining("kms:CreateKey") });
  });

  it.each([
    [{ SIGNET_INSTALLATION: "" }, "SIGNET_INSTALLATION"],
    [{ SIGNET_KEYRING: "keyrings" }, "SIGNET_KEYRING"],
    [{ SIGNET_CUSTODY: "file" }, "parameter-store"],
    [{ SIGNET_ROTATION: '{"rotateEvery": 1}' }, "rotateEvery"],
    [{ SIGNET_LIMITS: "[]" }, "SIGNET_LIMITS"],
    [{ SIGNET_ALGORITHM: "HS256" }, "SIGNET_ALGORITHM"],
  ])("does not start with settings that say nothing (%o)", (more, words) => {
    expect(() => installed(more)).toThrow(words);
  });
});

describe("notices of the key manager", () => {
  it("go to the log, to an event bus, and to a webhook whose secret is in a parameter", async () => {
    const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    aws.perform("ssm", "PutParameter", { Name: "/hooks/secret", Value: secret, Type: "SecureString" });
    const { ask, create } = installed({
      SIGNET_EVENT_BUS: "default",
      SIGNET_WEBHOOK: `${bucket.url}/hook`,
      SIGNET_WEBHOOK_SECRET: "ssm:/hooks/secret",
    });
    await create();
    const events = aws.state.buses.get("default") as { detail: { change: { event: string } } }[];
    const told = lines.map((line) => JSON.parse(line)).filter(({ notice }) => notice !== undefined);
    expect(told.map(({ notice }) => notice)).toStrictEqual(events.map(({ detail }) => detail.change.event));
    expect(told.map(({ notice }) => notice)).toContain("key.activated");
    expect(told.every(({ level }) => level === "WARN")).toBe(true);
    // The last one is CloudFormation's.
    expect(bucket.answers).toHaveLength(events.length + 1);
    const calls = aws.calls.length;
    await ask({});
    expect(aws.calls.slice(calls).map(({ action }) => action)).not.toContain("events:PutEvents");
    expect(lines.join()).not.toContain("whsec_");
  });

  it("that cannot be sent are said to, and the keys go on", async () => {
    const { keyring, create } = installed({ SIGNET_WEBHOOK: `${bucket.url}/hook`, SIGNET_WEBHOOK_SECRET: "ssm:/not/there" });
    await create();
    expect(keyring().keys).toHaveLength(2);
    expect(lines.join()).toContain("a notice could not be sent");
  });
});

describe("the custom resource", () => {
  it("answers with a first key that has proven itself, and again the same when it is asked again", async () => {
    const { ask, jwks } = installed({ SIGNET_CUSTODY: "kms" });
    await ask(resource("Create"));
    await ask(resource("Create"));
    const [first, second] = bucket.answers;
    expect(first).toMatchObject({
      Status: "SUCCESS",
      StackId: STACK,
      RequestId: "request-Create",
      LogicalResourceId: "SigningKeys",
      Data: { KeyArn: expect.stringMatching(/^arn:aws:kms:.*:key\//), SigningMethod: "ES256" },
      method: "PUT",
      type: "",
    });
    expect(second).toStrictEqual(first);
    expect(first?.bytes).toBeLessThan(4_096);
    const { KeyID, PublicKeyPEMBase64 } = (first as { Data: Record<string, string> }).Data;
    await importSPKI(Buffer.from(PublicKeyPEMBase64 ?? "", "base64").toString(), "ES256");
    await expect(jwks()({ alg: "ES256", kid: KeyID as string })).resolves.toBeDefined();
  });

  it("answers that it failed where a name may have been misread, so that no stack waits", async () => {
    const { ask, keyring } = installed();
    await ask(resource("Create", { Callers: [{ "\\": "a" }] }));
    expect(bucket.answers).toStrictEqual([
      expect.objectContaining({ Status: "FAILED", Reason: expect.stringContaining("rename the member") }),
    ]);
    expect(keyring).toThrow();
  });

  it("changes nothing on an update that asks for nothing, rotates once for a token, and does nothing on a deletion", async () => {
    const { ask, keyring } = installed();
    await ask(resource("Create", { RotationToken: "1" }));
    pass(48 * HOUR);
    await ask({});
    const before = JSON.stringify(keyring());
    await ask(
      resource("Update", { RotationToken: "1" }, { OldResourceProperties: { RotationToken: "1" }, PhysicalResourceId: "p" }),
    );
    expect(JSON.stringify(keyring())).toBe(before);
    const asked = resource("Update", { RotationToken: "2" }, { OldResourceProperties: { RotationToken: "1" } });
    await ask(asked);
    await ask(asked);
    expect(keyring()).toMatchObject({ rotationToken: "2", rotationRequest: expect.any(Object) });
    pass(25 * HOUR);
    await ask({});
    expect(keyring().rotationRequest).toBeNull();
    const rotated = JSON.stringify(keyring());
    await ask(asked);
    const calls = aws.calls.length;
    await ask(resource("Delete", {}, { PhysicalResourceId: "p" }));
    expect(aws.calls).toHaveLength(calls);
    expect(JSON.stringify(keyring())).toBe(rotated);
    expect(bucket.answers.map(({ Status }) => Status)).toStrictEqual(Array(6).fill("SUCCESS"));
    expect([bucket.answers[1]?.PhysicalResourceId, bucket.answers[2]?.PhysicalResourceId]).toStrictEqual([
      "p",
      expect.stringMatching(/^managed-\d+-SigningKeys$/),
    ]);
  });

  it("asks for a migration where the template says another custodian or algorithm by now", async () => {
    const { ask, env, name, keyring } = installed();
    await ask(resource("Create"));
    const moved = installed({ ...env, SIGNET_CUSTODY: "secrets-manager" }, name);
    // A tick alone switches nothing.
    expect(await moved.ask({})).toMatchObject({
      actions: [],
      waits: expect.arrayContaining([expect.objectContaining({ rule: "settings_differ" })]),
    });
    await moved.ask(resource("Update"));
    expect(bucket.answers.at(-1)).toMatchObject({ Status: "SUCCESS" });
    expect(keyring().policy.custody).toBe("secrets-manager");
    pass(25 * HOUR);
    await moved.ask({});
    expect(keyring().keys.find((key: { state: string }) => key.state === "active").custody).toBe("secrets-manager");
    const other = installed({ ...env, SIGNET_CUSTODY: "secrets-manager", SIGNET_ALGORITHM: "RS256" }, name);
    await other.ask(resource("Update"));
    expect(bucket.answers.at(-1)).toMatchObject({
      Status: "FAILED",
      Reason: expect.stringContaining("--verifiers-accept RS256"),
    });
    await other.ask(resource("Update", { VerifiersAccept: "ES256,RS256" }));
    expect(bucket.answers.at(-1)).toMatchObject({ Status: "SUCCESS" });
  });

  it("answers where a key cannot be made, and where the time is nearly over; an answer that fails is sent again", async () => {
    const { ask } = installed({ SIGNET_CUSTODY: "kms" });
    aws.inject({ action: "kms:CreateKey", code: "AccessDeniedException", status: 400, times: 4 });
    bucket.refuse(2);
    await ask(resource("Create"));
    expect(bucket.answers).toMatchObject([{ Status: "FAILED", Reason: expect.stringContaining("kms:CreateKey") }]);
    aws.inject({ kind: "timeout" });
    await ask(resource("Create"), 5_000);
    expect(bucket.answers.at(-1)).toMatchObject({ Status: "FAILED", Reason: expect.stringContaining("time") });
  });

  it.each([
    ["another stack", { StackId: STACK.replace("signet/", "theirs/") }],
    ["another host", { ResponseURL: "https://evil.example/answer" }],
    ["a bucket of another account", { ResponseURL: "https://cloudformation-custom-resource-response-evil.s3.amazonaws.com/a" }],
    ["another region's", { ResponseURL: "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/a" }],
    ["plain http", { ResponseURL: "http://cloudformation-custom-resource-response-eucentral1.s3.amazonaws.com/a" }],
    ["a user", { ResponseURL: "https://cloudformation-custom-resource-response-eucentral1.s3.amazonaws.com@evil.example/a" }],
    ["the metadata service", { ResponseURL: "http://169.254.169.254/latest" }],
    ["another port of this machine", { ResponseURL: "http://127.0.0.1:1/a" }],
    ["no URL", { ResponseURL: "answer" }],
    ["an unknown request", { RequestType: "Replace" }],
    ["no properties", { ResourceProperties: null }],
  ])("does nothing and calls nobody for a request that names %s", async (_, forged) => {
    const { ask } = installed();
    const calls = aws.calls.length;
    await expect(ask(resource("Create", {}, forged))).rejects.toMatchObject({ name: "invalid_request" });
    expect(aws.calls).toHaveLength(calls);
    expect(bucket.answers).toHaveLength(0);
  });

  it("is not answered where the function belongs to no stack", async () => {
    const { ask } = installed({ SIGNET_STACK_ID: "" });
    await expect(ask(resource("Create"))).rejects.toThrow("SIGNET_STACK_ID");
  });
});
