import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { publicKeyFromJwk } from "../../src/algorithms/jwk.js";
import { parseKeyring } from "../../src/keyring/parse.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { startCloudFormation } from "../fakes/aws/cloudformation.js";
import { type FileFixture, fixture } from "../formats/fixtures.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:signet-Issuer-1A2B3C";
const API = "https://abc123.execute-api.eu-central-1.amazonaws.com/v1";
const CERTIFICATE = "arn:aws:acm:eu-central-1:111122223333:certificate/5f2e7c10-1111-4222-8333-000000000002";
const DOMAIN = ["DomainName=auth.example.com", `CertificateArn=${CERTIFICATE}`, "BasePath=auth"];

/** A keyring whose standby has taken over. */
const recorded = JSON.parse(fixture<FileFixture>("rotated", "v2").files["keyring.json"] as string);
const SINCE = 1_790_000_000;
const MOVED = { active: { state: "retired", retiredAt: SINCE }, pending: { state: "active", activatedAt: SINCE } };
const movedKeys = recorded.keys.map((key: { state: "active" | "pending" }) => ({ ...key, ...MOVED[key.state] }));
const keyringText = JSON.stringify({ ...recorded, keys: movedKeys });
const { keys } = parseKeyring(keyringText, "it");
const jwkOf = (state: string) => keys.find((key) => key.state === state)?.publicJwk as never as { kid: string; alg: string };
const outputsOf = (state: string) => {
  const jwk = jwkOf(state);
  const pem = publicKeyFromJwk(jwk as never)
    .export({ format: "pem", type: "spki" })
    .toString();
  return { KeyID: jwk.kid, SigningMethod: jwk.alg, PublicKeyPEMBase64: Buffer.from(pem).toString("base64"), KeyArn: "" };
};

const heldBy = (...custodies: string[]) => {
  const held = movedKeys.map((key: object, index: number) => ({ ...key, custody: custodies[index] ?? "parameter-store" }));
  aws.objects.set("/kept/keyring.json", JSON.stringify({ ...recorded, keys: held }));
};

let aws: Awaited<ReturnType<typeof startCloudFormation>>;
let cwd: string;

beforeAll(async () => {
  aws = await startCloudFormation();
  cwd = await scratch();
});
afterAll(() => aws.close());
beforeEach(() => {
  const place = {
    JWTIssuerFunctionArn: FUNCTION,
    KeyringBucket: "kept",
    JwksUrl: `${API}/.well-known/jwks.json`,
    IssuerUrl: API,
  };
  Object.assign(aws, { stack: undefined, prepared: [], executed: 0, changes: ["Keyring", "Keys"], failing: undefined });
  aws.outputs = { ...place, ...outputsOf("active") };
  aws.objects.set("/kept/keyring.json", keyringText);
});

const run = (...args: string[]) =>
  signet(args, {
    cwd,
    env: {
      AWS_REGION: "eu-central-1",
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_MAX_ATTEMPTS: "1",
    },
  });

describe("a first deployment", () => {
  it("goes where a profile says that AWS is", async () => {
    await mkdir(join(cwd, ".aws"));
    const config = `[profile there]\nregion = eu-central-1\nservices = s\n[services s]\n`;
    const services = ["cloudformation", "s3", "sts"].map((name) => `${name} =\n  endpoint_url = ${aws.url}\n`);
    await writeFile(join(cwd, ".aws/config"), config + services.join(""));
    await writeFile(join(cwd, ".aws/credentials"), "[there]\naws_access_key_id = test\naws_secret_access_key = test\n");
    const { code, stderr } = await signet(["deploy"], { cwd, env: { AWS_PROFILE: "there" } });
    expect({ code, executed: aws.executed }, stderr).toStrictEqual({ code: 0, executed: 1 });
    const outputs = await signet(["outputs"], { cwd, env: { AWS_DEFAULT_PROFILE: "there" } });
    expect(outputs.stdout).toContain(FUNCTION);
  });

  it("says that CloudFormation fails where it does", async () => {
    aws.failing = "CreateChangeSet";
    const { code, stderr } = await run("deploy");
    expect(code).toBe(1);
    expect(stderr).toMatch(/cloudformation:CreateChangeSet on the stack signet .* it answers 500 InternalFailure each time/);
  });

  it("says that iss stays, and ends with what to type next", async () => {
    const { code, stdout, stderr } = await run("deploy");
    expect({ code, executed: aws.executed }).toStrictEqual({ code: 0, executed: 1 });
    expect(stdout).toContain(FUNCTION);
    expect(stderr).toMatch(
      /iss of all tokens .* the stack's own URL .* for good, also where a domain is added later\. IssuerUrl=/,
    );
    expect(stderr).toContain(
      `\n  echo '{"claims":{"sub":"alice"},"ttl":600}' | aws lambda invoke --function-name ${FUNCTION} --region eu-central-1 --payload fileb:///dev/stdin /dev/stdout\n`,
    );
    expect(stderr).toMatch(new RegExp(`\n {2}signet doctor ${API}\n$`));
    expect(stderr).not.toContain("outdated");
  });

  it("says what tokens will have that is not the usual, and asks nothing of iss where they have their own", async () => {
    const { code, stderr } = await run("deploy", ...DOMAIN, 'Tokens={"iss":"12345","iat":60,"jti":true,"kid":false}');
    expect({ code, prepared: aws.prepared.length }, stderr).toStrictEqual({ code: 0, prepared: 1 });
    expect(stderr).toMatch(
      /^tokens: iss 12345 \(no URL, so there is no discovery document\), iat 60 seconds back, jti, no kid$/m,
    );
    expect(stderr).not.toContain("iss of all tokens");
    // The stack is there by now.
    const { stdout } = await run("outputs", "--json");
    expect(Object.keys(JSON.parse(stdout))).toStrictEqual(expect.not.arrayContaining(["IssuerUrl"]));
    expect(JSON.parse(stdout)).toHaveProperty("JwksUrl");
    expect((await run("deploy", "--yes")).stderr).toMatch(
      /give verifiers its public key:\n +signet keys pem --config stack:signet\n$/,
    );
    aws.stack = undefined;
    expect((await run("deploy")).stderr).not.toContain("tokens:");
  });

  it("with a domain asks what iss shall be, and makes nothing without an answer", async () => {
    const { code, stderr } = await run("deploy", ...DOMAIN);
    expect({ code, prepared: aws.prepared }).toStrictEqual({ code: 2, prepared: [] });
    expect(stderr).toMatch(
      /will be https:\/\/auth\.example\.com\/auth, for good.* IssuerUrl= leaves it the stack's own URL.*--yes/,
    );
    expect((await run("deploy", "--yes", ...DOMAIN)).code).toBe(0);
    expect(aws.prepared).toMatchObject([{ DomainName: "auth.example.com", IssuerUrl: "https://auth.example.com/auth" }]);
  });

  it("takes IssuerUrl as the answer, an empty one too, and says what does not fit", async () => {
    expect(await run("deploy", ...DOMAIN, "IssuerUrl=")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("iss stays the stack's own URL: at https://auth.example.com/auth the same documents"),
    });
    aws.stack = undefined;
    expect(await run("deploy", ...DOMAIN, "IssuerUrl=https://auth.example.com")).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /iss is https:\/\/auth\.example\.com, and the stack answers at https:\/\/auth\.example\.com\/auth/,
      ),
    });
    expect(aws.prepared.map(({ IssuerUrl }) => IssuerUrl)).toStrictEqual(["", "https://auth.example.com"]);
  });

  it("below a path of several segments sends the template that has one, as long as the path stays", async () => {
    const nested = ["DomainName=example.com", `CertificateArn=${CERTIFICATE}`, "BasePath=tenant/a"];
    const mappingOf = async (...args: string[]) => {
      const { code, stderr } = await run("deploy", "--yes", ...args);
      expect(code, stderr).toBe(0);
      const text = aws.objects.get(new URL(aws.templates.at(-1) ?? "").pathname) as string;
      return /^ {4}Type: (AWS::ApiGateway\w*::\w*Mapping)$/m.exec(text)?.[1];
    };
    expect(await mappingOf(...nested)).toBe("AWS::ApiGatewayV2::ApiMapping");
    expect(aws.prepared.at(-1)).toMatchObject({ BasePath: "tenant/a", IssuerUrl: "https://example.com/tenant/a" });
    expect(await mappingOf("RotateEveryDays=30")).toBe("AWS::ApiGatewayV2::ApiMapping");
    expect(await mappingOf("BasePath=auth")).toBe("AWS::ApiGateway::BasePathMapping");
    for (const path of ["/tenant/a", "tenant//a", "tenant/a/"]) {
      expect(await run("deploy", "--yes", `BasePath=${path}`)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("BasePath"),
      });
    }
  });

  it("says where DNS has to lead, and how an issuer is looked at that is elsewhere", async () => {
    const target = { DomainTarget: "d-1.execute-api.eu-central-1.amazonaws.com", DomainHostedZoneId: "Z2" };
    aws.outputs = { ...aws.outputs, ...target, DomainUrl: "https://auth.example.com/auth", IssuerUrl: "https://issuer.example" };
    const { stderr } = await run("deploy", ...DOMAIN, "IssuerUrl=https://issuer.example");
    expect(stderr).toMatch(/let auth\.example\.com lead to d-1\.execute-api\S+ in DNS \(an alias of zone Z2, or a CNAME\)/);
    expect(stderr).toContain(`signet doctor https://issuer.example --jwks ${API}/.well-known/jwks.json`);
  });

  it("refuses a certificate of another region before anything is sent", async () => {
    const { code, stderr } = await run("deploy", "--region", "eu-central-1,us-east-1", "IssuerUrl=https://i.example", ...DOMAIN);
    expect({ code, prepared: aws.prepared }).toStrictEqual({ code: 2, prepared: [] });
    expect(stderr).toContain("CertificateArn is of eu-central-1, and the stack is in us-east-1");
  });
});

describe("another deployment", () => {
  beforeEach(() => {
    aws.stack = {
      parameters: { JwksEndpoint: "on", IssuerUrl: "", RotateEveryDays: "90", RenewOutputs: "" },
      outputs: aws.outputs,
    };
  });

  it("renews the outputs without a question where nothing else changes", async () => {
    aws.changes = ["ActiveSecret", "Complete", "Keys", "Rotation", "RotationPermission"];
    for (const args of [["deploy"], ["deploy", "RotateEveryDays=90"]]) {
      expect(await run(...args)).toMatchObject({
        code: 0,
        stderr: expect.stringContaining("nothing changes but its outputs, which are renewed"),
      });
    }
    const renewals = aws.prepared.map(({ RenewOutputs }) => RenewOutputs);
    expect([renewals.length, new Set(renewals).size, renewals.includes("")]).toStrictEqual([2, 2, false]);
    expect(aws.executed).toBe(2);
    expect(await run("deploy", "--dry-run")).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing was changed") });
    expect(aws.executed).toBe(2);
  });

  it("asks where anything else does", async () => {
    aws.changes = ["Keys"];
    expect(await run("deploy", "RotateEveryDays=30")).toMatchObject({
      code: 2,
      // Another deployment takes it back.
      stderr: expect.stringMatching(/^signet: Carry out these changes\? Give --yes to do it$/m),
    });
    aws.changes = ["Keys", "Issuer"];
    expect((await run("deploy")).code).toBe(2);
    expect(aws.executed).toBe(0);
  });

  it("neither gives a stack an iss of Tokens nor takes it away, and lets the rest change", async () => {
    const refused = { code: 2, stderr: expect.stringContaining("whether Tokens has iss, cannot be changed") };
    expect(await run("deploy", 'Tokens={"iss":"12345"}')).toMatchObject(refused);
    expect(await run("deploy", "--dry-run", 'Tokens={"iat":60}')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("tokens: iat 60 seconds back"),
    });
    aws.stack = { parameters: { JwksEndpoint: "on", IssuerUrl: "", Tokens: '{"iss":"12345"}' }, outputs: aws.outputs };
    expect(await run("deploy", "Tokens={}")).toMatchObject(refused);
    expect(await run("deploy", "--dry-run", 'Tokens={"iss":"54321"}', "JwksEndpoint=off")).toMatchObject({ code: 0 });
    expect(await run("deploy", "IssuerUrl=https://issuer.example")).toMatchObject({ code: 2 });
  });

  it("says what becomes of iss where the domain that it names goes", async () => {
    const issuer = "https://auth.example.com";
    aws.stack = { parameters: { JwksEndpoint: "on", IssuerUrl: issuer, DomainName: "auth.example.com" }, outputs: aws.outputs };
    const { stderr } = await run("deploy", "--dry-run", "DomainName=", "CertificateArn=");
    expect(stderr).toContain(`verifiers look for keys below ${issuer}, which is iss: the stack would no longer answer there`);
  });
});

describe("signet undeploy", () => {
  const stays = async (parameters: Record<string, string>) => {
    aws.stack = { parameters, outputs: aws.outputs };
    const { code, stdout, stderr } = await run("undeploy", "--yes", "--json");
    expect(code, stderr).toBe(0);
    const [{ stays: lines }] = JSON.parse(stdout).deleted;
    for (const line of lines) expect(stderr).toContain(`  ${line}\n`);
    return lines.slice(2) as string[];
  };
  const [kms, secrets, wrapping] = [
    "the KMS keys with the tag signet:installation=kept ($1 each a month)",
    "the secrets below signet/kept/ ($0.4 each a month)",
    "the KMS key that wraps private keys, unless it is yours ($1 a month)",
  ];

  it("names what costs money of each custodian that the keyring names, and of the present one", async () => {
    expect(await stays({ KeyCustodianParameter: "ParameterStore" })).toStrictEqual([]);
    heldBy("kms", "kms-data-key");
    expect(await stays({ KeyCustodianParameter: "ParameterStore" })).toStrictEqual([kms, wrapping]);
    expect(await stays({ KeyCustodianParameter: "SecretsManager" })).toStrictEqual([secrets, kms, wrapping]);
    heldBy("kms");
    expect(await stays({ KeyCustodianParameter: "KMS" })).toStrictEqual([kms]);
  });

  it("says so where the keyring cannot be read, and deletes the stack all the same", async () => {
    aws.objects.set("/kept/keyring.json", "{");
    const unknown = expect.stringMatching(/^what other custodians than .* hold, .* the keyring could not be read \(.+\)$/);
    expect(await stays({ KeyCustodianParameter: "KMS" })).toStrictEqual([kms, unknown]);
    aws.objects.delete("/kept/keyring.json");
    expect(await stays({ KeyCustodianParameter: "ParameterStore" })).toStrictEqual([unknown]);
    expect(aws.asked).toContain("DeleteStack");
  });
});

describe("signet outputs", () => {
  const play = (state: string) => {
    aws.stack = { parameters: {}, outputs: { ...aws.outputs, ...outputsOf(state) } };
  };

  it("says which outputs are of a key that signs no longer, why, and how they are renewed", async () => {
    play("retired");
    const { code, stdout, stderr } = await run("outputs", "--json");
    expect([code, JSON.parse(stdout).KeyID]).toStrictEqual([0, jwkOf("retired").kid]);
    expect(stderr).toMatch(/^outdated, behind the keyring: KeyID, PublicKeyPEMBase64 of the stack signet in eu-central-1\n/);
    expect(stderr).toMatch(
      new RegExp(`${jwkOf("retired").kid} \\(retired .* UTC\\), and ${jwkOf("active").kid} signs since .*rotation`),
    );
    expect(stderr).toMatch(/: +signet deploy\n.*: signet keys pem --config stack:signet\n/);
    const elsewhere = (await run("outputs", "--region", "us-east-1", "--stack", "other")).stderr;
    expect(elsewhere).toMatch(
      /signet deploy --stack other --region us-east-1\n.*AWS_REGION=us-east-1 signet keys pem --config stack:other/,
    );
  });

  it.each([
    ["", "parameter-store", []],
    ["", "kms", ["KeyArn"]],
    ["", "secrets-manager", ["KeyArn"]],
    ["arn:aws:kms:eu-central-1:111122223333:key/before", "parameter-store", ["KeyArn"]],
  ])("names KeyArn (%j before) where %s holds the key that signs", async (KeyArn, custody, more) => {
    play("retired");
    Object.assign(aws.stack?.outputs as object, { KeyArn });
    heldBy(custody, custody);
    const { stderr } = await run("outputs");
    const names = ["KeyID", "PublicKeyPEMBase64", ...more].join(", ");
    expect(stderr).toContain(`outdated, behind the keyring: ${names} of the stack`);
  });

  it("says nothing where they are of the key that signs", async () => {
    play("active");
    expect(await run("outputs")).toMatchObject({ code: 0, stderr: "" });
  });

  it("shows them also where the keyring cannot be read, and says so", async () => {
    play("active");
    aws.objects.set("/kept/keyring.json", "{");
    expect(await run("outputs")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(FUNCTION),
      stderr: expect.stringContaining("could not be compared with the keyring"),
    });
  });
});
