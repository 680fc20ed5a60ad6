import { readFileSync } from "node:fs";
import { createLocalJWKSet, decodeProtectedHeader, importSPKI, jwtVerify } from "jose";
import { describe, expect, it, vi } from "vitest";
import { some } from "../contracts/matrix.js";
import { answerBucketAt, askResource, context, managerContext, startStack, template } from "./stack.js";

const HOUR_MS = 3_600_000;
const START = 1_800_000_000_000;

const bucket = await answerBucketAt(START);

const pass = (hours: number) => vi.setSystemTime(Date.now() + hours * HOUR_MS);

/** A stack that was made, and how it is deployed again. */
async function aStack(parameters: Record<string, string> = {}, name = "Keys", more = {}) {
  const stack = await startStack(bucket.url);
  const made = await askResource(stack, bucket, { parameters, id: "Keys", type: "Create", name, more });
  expect(made.outcome).toBe("SUCCESS");
  let old = made.ResourceProperties;
  let deployments = 0;
  return {
    stack,
    made,
    async deploy(changed: Record<string, string> = {}) {
      const next = { ...parameters, RenewOutputs: String(++deployments), ...changed };
      const asked = await askResource(stack, bucket, { parameters: next, id: "Keys", type: "Update", name, old });
      if (asked.outcome === "SUCCESS") old = asked.ResourceProperties;
      return asked;
    },
    async rotate() {
      const manage = stack.start(stack.put(parameters), "Manager");
      await manage({ action: "rotate" }, managerContext);
      for (let day = 0; day < 2; day++) {
        pass(25);
        await manage({ action: "tick" }, managerContext);
      }
    },
    async token() {
      const issue = stack.start(stack.put(parameters), "Issuer");
      return ((await issue({ claims: {}, ttl: 600 }, context(stack.issuerArn))) as unknown as { token: string }).token;
    },
  };
}

describe("the resource that answers with the stack's outputs", () => {
  it("has every parameter among its properties, so that each deployment which changes one renews them", () => {
    const referred = JSON.stringify(template.Resources.Keys.Properties).matchAll(/"Ref":"(\w+)"/g);
    const named = [...referred].map(([, name = ""]) => name).filter((name) => !Object.hasOwn(template.Resources, name));
    expect(named.sort()).toStrictEqual(Object.keys(template.Parameters).sort());
  });

  it("answers with the key that signs where only outputs are renewed and the tick fails", async () => {
    const { stack, made, deploy } = await aStack();
    // The sweep that is due writes.
    pass(13);
    stack.aws.inject({ action: "s3:PutObject", times: 1_000, code: "InternalFailure", status: 500 });
    expect(await deploy({ LogLevelApplicationParameter: "WARN" })).toMatchObject({ outcome: "SUCCESS", Data: made.Data });
    expect(stack.lines.filter((line) => line.includes('"level":"ERROR"')).join()).toContain("s3:PutObject");
    // What the keys are to be is another thing: that they are not is told.
    expect((await deploy({ MaxTtlSeconds: "7200" })).outcome).toMatch(/^FAILED .*s3:PutObject/);
    stack.aws.clearFaults();
    expect(await deploy({ MaxTtlSeconds: "7200" })).toMatchObject({ outcome: "SUCCESS", Data: made.Data });
    await stack.aws.close();
  });

  it("answers so beside a manager that works all the time, and where access to the key is lost", async () => {
    const { stack, made, deploy } = await aStack({ KeyCustodianParameter: "KMS" });
    const latest = stack.aws.state.buckets.get(stack.bucket).objects.get("keyring.json").at(-1);
    const lease = { holder: "function tick", manager: "other", generation: 1, expiresAt: Date.now() / 1_000 + 400 };
    latest.body = Buffer.from(JSON.stringify({ ...JSON.parse(latest.body.toString()), lease }));
    expect(await deploy()).toMatchObject({ outcome: "SUCCESS", Data: made.Data });
    pass(13);
    stack.aws.inject({ action: "kms:Sign", times: 1_000, code: "AccessDeniedException", status: 400 });
    expect(await deploy()).toMatchObject({ outcome: "SUCCESS", Data: made.Data });
    await stack.aws.close();
  });

  it("hands out no PEM that is another key's than the one that signs", async () => {
    const { stack, deploy } = await aStack();
    const versions = stack.aws.state.buckets.get(stack.bucket).objects.get(".well-known/jwks.json");
    const [signing, standby] = stack.read(".well-known/jwks.json").keys;
    const keys = [{ ...standby, kid: signing.kid }, standby];
    versions.push({ ...versions.at(-1), body: Buffer.from(JSON.stringify({ keys })) });
    // No tick puts it right.
    stack.aws.inject({ action: "s3:PutObject", times: 1_000, code: "InternalFailure", status: 500 });
    expect((await deploy()).outcome).toMatch(/^FAILED the private part is another key's/);
    await stack.aws.close();
  });

  it("refuses another issuer's URL, which no verifier of the tokens so far would take", async () => {
    const { stack, deploy } = await aStack();
    expect((await deploy({ IssuerUrl: "https://other.example" })).outcome).toMatch(/^FAILED .*issuer/i);
    expect((await deploy()).outcome).toBe("SUCCESS");
    await stack.aws.close();
  });
});

describe("a stack that the version before has made", () => {
  /** What its resource had not, and what its outputs were. */
  const BEFORE = { Parameters: undefined, IssuerUrl: undefined, JwksEndpoint: undefined };
  const OUTPUTS =
    "JWTIssuerFunctionArn JwtIssuerFunctionArn KeyManagerFunctionArn KeyArn KeyID PublicKeyPEMBase64 SigningMethod Version WrappingKeyArn " +
    "KeyPolicy KeyringBucket IssuerUrl JwksUrl DiscoveryUrl";

  it.each(some(1, ["ParameterStore", "KMS"]))(
    "is updated, rotated and migrated: no key changes by itself, no output is lost, and each deployment's PEM verifies the next token (%s)",
    async (custodian) => {
      const { stack, made, deploy, rotate, token } = await aStack({ KeyCustodianParameter: custodian }, "Keys", BEFORE);
      const tokens = [await token()];
      expect(await deploy()).toMatchObject({ outcome: "SUCCESS", Data: made.Data });
      await rotate();
      const next = await token();
      expect(decodeProtectedHeader(next).kid).not.toBe(made.Data.KeyID);
      const { outcome, Data } = await deploy();
      expect([outcome, Data.KeyID]).toStrictEqual(["SUCCESS", decodeProtectedHeader(next).kid]);
      const pem = await importSPKI(Buffer.from(Data.PublicKeyPEMBase64 ?? "", "base64").toString(), "ES256");
      await jwtVerify(next, pem, { currentDate: new Date() });
      expect(Data.KeyArn === "").toBe(custodian === "ParameterStore");
      const moved = await deploy({ KeyCustodianParameter: custodian === "KMS" ? "SecretsManager" : "KMS" });
      expect(moved).toMatchObject({ outcome: "SUCCESS", Data });
      const jwks = createLocalJWKSet(stack.read(".well-known/jwks.json"));
      for (const each of [...tokens, next, await token()]) await jwtVerify(each, jwks, { currentDate: new Date(START) });
      expect(Object.keys(template.Outputs)).toStrictEqual(expect.arrayContaining(OUTPUTS.split(" ")));
      await stack.aws.close();
    },
  );
});

describe("two issuers in one stack", () => {
  it("share no kid: only the template's own takes the stack's id", async () => {
    const [own, other] = [await aStack(), await aStack({}, "OtherTemplateKeys17AB")];
    expect(own.made.Data.KeyID).toBe("5f2e7c10-1111-4222-8333-000000000001");
    expect(other.made.Data.KeyID).toMatch(/^[\w-]{43}$/);
    expect(decodeProtectedHeader(await other.token()).kid).toBe(other.made.Data.KeyID);
    for (const { stack } of [own, other]) await stack.aws.close();
  });
});

describe("docs/install-aws.md", () => {
  const page = readFileSync(new URL("../../docs/install-aws.md", import.meta.url), "utf8");

  /** What the first cells of a table name. */
  function namesBelow(head: string): string[] {
    const lines = page
      .slice(page.indexOf(`\n| ${head} |`))
      .split("\n")
      .slice(3);
    const rows = lines.slice(
      0,
      lines.findIndex((line) => !line.startsWith("|")),
    );
    return rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
  }

  it.each([
    ["parameter", template.Parameters],
    ["output", template.Outputs],
  ])("has a row for each %s of the template, and for no other", (head, declared) => {
    expect(namesBelow(head).sort()).toStrictEqual(Object.keys(declared).sort());
  });
});
