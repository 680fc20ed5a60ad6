import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { App, Aspects, CfnMapping, CfnParameter, Duration, Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { AwsSolutionsChecks, NagSuppressions } from "cdk-nag";
import { JwtIssuer } from "../dist/index.js";

function synthesised(props, more = () => undefined) {
  const stack = new Stack(new App(), "Auth");
  const issuer = new JwtIssuer(stack, "Issuer", props);
  more(stack, issuer);
  return { stack, issuer, template: Template.fromStack(stack) };
}

const CERTIFICATE_ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/5f2e7c10-1111-4222-8333-000000000002";
const CERTIFICATE = Certificate.fromCertificateArn(new Stack(new App(), "Certificates"), "C", CERTIFICATE_ARN);

/** Every kind of thing that the template can make. */
const EVERYTHING = {
  keyCustodian: "KMS",
  issueRoutes: true,
  decodeRoute: true,
  decodeHosts: ["idp.example.com"],
  tokenRoute: true,
  tokenConcurrency: 5,
  rotateEveryDays: 90,
  secretsManagerRotation: true,
  alarmEmail: "ops@example.com",
  accessLog: true,
  tracing: true,
  callers: { chat: { limits: { maxTtlSeconds: 300 } } },
  domainName: "auth.example.com",
  certificate: CERTIFICATE,
  basePath: "auth",
  reservedConcurrency: 10,
};

test("is Signet's template, with its functions, one of them on demand, and one schedule", () => {
  const { template } = synthesised({});
  template.resourceCountIs("AWS::Lambda::Function", 2);
  template.resourceCountIs("AWS::Scheduler::Schedule", 1);
  synthesised({ decodeRoute: true }).template.resourceCountIs("AWS::Lambda::Function", 3);
  template.hasResourceProperties("AWS::Lambda::Function", { Runtime: "nodejs24.x", Handler: "index.handler" });
  template.hasResource("AWS::S3::Bucket", { DeletionPolicy: "RetainExceptOnCreate" });
  template.resourceCountIs("Custom::SignetComplete", 1);
});

test("hands its props over as parameters", () => {
  const callers = { chat: { limits: { maxTtlSeconds: 300 } } };
  const { template } = synthesised({
    keyCustodian: "KMS",
    algorithm: "RS256",
    maxTtl: Duration.hours(1),
    callers,
    tokens: { iss: "12345", iat: 60, kid: false },
    rotateEveryDays: 90,
  });
  template.hasResourceProperties("Custom::SignetKeys", {
    Tokens: '{"iss":"12345","iat":60,"kid":false}',
    Custody: "KMS",
    Algorithm: "RS256",
    MaxTtlSeconds: 3600,
    RotateEveryDays: 90,
    Callers: JSON.stringify(callers),
  });
});

test("has keys uploaded by hand on demand, and then no schedule", () => {
  const { template } = synthesised({ rotateByUpload: true });
  template.hasResourceProperties("Custom::SignetKeys", { RotateByUpload: "on" });
  assert.throws(() => synthesised({ rotateByUpload: true, rotateEveryDays: 90 }), /rotateByUpload needs rotateEveryDays 0/);
});

test("makes POST /token on demand, for callers that prove themselves", () => {
  const trusts = [{ issuer: "https://idp.example", claims: { sub: "repo:acme/app" } }];
  const props = { tokenRoute: true, tokensPerSecond: 5, callers: { ci: { limits: { maxTtlSeconds: 300 }, trusts } } };
  const { stack, issuer, template } = synthesised(props, (around, made) => {
    made.grantIssue(new Role(around, "Worker", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") }), "ci");
  });
  template.resourceCountIs("AWS::Lambda::Function", 3);
  template.hasResourceProperties("Custom::SignetKeys", { TokenRoute: "on", Callers: JSON.stringify(props.callers) });
  template.hasResourceProperties("AWS::Lambda::Function", { ReservedConcurrentExecutions: 10, Timeout: 29 });
  const granted = JSON.stringify(stack.resolve(template.findResources("AWS::IAM::Policy")));
  assert.match(granted, /":ci"/);
  assert.throws(() => issuer.grantIssue(undefined, "ci-proof"), /callers has no "ci-proof"/);
});

for (const [what, props, message] of [
  ["a rule without the route", { callers: { ci: { trusts: [] } } }, /callers\.ci has trusts or keys.*set tokenRoute/],
  ["a misspelt rule", { tokenRoute: true, callers: { ci: { trusts: [{ isuer: "https://idp.example" }] } } }, /isuer/],
  [
    "a rule that fixes no identity",
    { tokenRoute: true, callers: { ci: { trusts: [{ issuer: "https://idp.example" }] } } },
    /sub/,
  ],
  ["misspelt tokens", { tokens: { iatt: 60 } }, /tokens: .*Tokens\.iatt is not a member.*did you mean iat/],
  ["two of iss", { tokens: { iss: "12345" }, issuerUrl: "https://issuer.example" }, /issuerUrl and iss of tokens both/i],
  ["the route without an API", { tokenRoute: true, jwksEndpoint: false }, /tokenRoute needs jwksEndpoint/],
]) {
  test(`refuses ${what}`, () => assert.throws(() => synthesised(props), message));
}

test("can stand three times in one stack, far below CloudFormation's megabyte", () => {
  const { template } = synthesised(EVERYTHING, (stack) => {
    new JwtIssuer(stack, "Second", { jwksEndpoint: false });
    new JwtIssuer(stack, "Third", EVERYTHING);
  });
  template.resourceCountIs("AWS::Lambda::Function", 10);
  assert.ok(JSON.stringify(template.toJSON()).length < 300_000);
});

/** Synthesises as `cdk synth` does. @returns its folder, what CloudFormation's checks say, and what each function's asset is */
function synthesisedWhole(props, more = () => undefined) {
  const outdir = mkdtempSync(join(tmpdir(), "signet-cdk-"));
  const app = new App({ outdir });
  const stack = new Stack(app, "Auth");
  new JwtIssuer(stack, "Issuer", props);
  more(stack);
  app.synth();
  const read = (name) => JSON.parse(readFileSync(join(outdir, name), "utf8"));
  // CDK writes no report where there is nothing to report.
  const { pluginReports } = existsSync(join(outdir, "validation-report.json"))
    ? read("validation-report.json")
    : { pluginReports: [] };
  const { files } = read("Auth.assets.json");
  const assets = Object.values(files).flatMap(({ source }) => (source.packaging === "zip" ? join(outdir, source.path) : []));
  const codes = assets.map((path) => readFileSync(join(path, "index.js"), "utf8"));
  rmSync(outdir, { recursive: true });
  return { warnings: pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName)), codes };
}

for (const [what, props] of Object.entries({
  "no props": {},
  everything: EVERYTHING,
  "no API": { jwksEndpoint: false, keyCustodian: "KMSDataKey" },
  "the younger runtime": { runtime: "nodejs26.x", memorySize: 256 },
})) {
  test(`has no warning of CloudFormation's checks at synth, with ${what}`, () => {
    assert.deepEqual(synthesisedWhole(props).warnings, []);
  });
}

test("such a warning would be seen", () => {
  const { warnings } = synthesisedWhole({}, (stack) => void new CfnMapping(stack, "Unused", { mapping: { a: { b: "c" } } }));
  assert.deepEqual(warnings, ["W7001"]);
});

test("carries the functions as assets, as they can be read in the template", () => {
  const { codes } = synthesisedWhole({ decodeRoute: true });
  // However deep they are indented there.
  const flush = (text) => text.replace(/^ +/gm, "");
  const text = flush(readFileSync(new URL(import.meta.resolve("signet-jwt/template.yaml")), "utf8"));
  assert.equal(codes.length, 3);
  for (const code of codes) {
    assert.match(code, /^function statusOf\(code\) \{$/m);
    assert.ok(text.includes(flush(code.trimEnd())));
  }
});

test("has neither parameters nor conditions of its own, nor what its props leave out", () => {
  const { Parameters, Conditions, Mappings, Resources } = synthesised({}).template.toJSON();
  assert.deepEqual([Object.keys(Parameters), Conditions, Mappings], [["BootstrapVersion"], undefined, undefined]);
  const types = Object.values(Resources).map(({ Type }) => Type);
  assert.ok(!types.some((type) => /Alarm|Topic|SecretsManager|LogGroup.*Api/.test(type)));
});

test("leaves to the deployment what only the deployment knows", () => {
  const stack = new Stack(new App(), "Auth");
  const alarmEmail = new CfnParameter(stack, "Email", { default: "" }).valueAsString;
  new JwtIssuer(stack, "Issuer", { alarmEmail, keyCustodian: "KMS", existingKmsKey: new Key(stack, "Key") });
  const { Conditions, Resources } = Template.fromStack(stack).toJSON();
  // A condition cannot refer to a resource: a key of the app's own is there.
  assert.ok(Object.keys(Conditions).length > 0);
  for (const each of Object.values(Conditions)) assert.deepEqual(each, { "Fn::Not": [{ "Fn::Equals": [{ Ref: "Email" }, ""] }] });
  const alarms = Object.values(Resources).filter(({ Type }) => Type === "AWS::CloudWatch::Alarm");
  assert.ok(alarms.length > 0 && alarms.every(({ Condition }) => Condition in Conditions));
  assert.ok(JSON.stringify(Resources).includes('"Action":["kms:Sign","kms:GetPublicKey"]'));
});

test("gives the issuer the memory that its custodian is worth", () => {
  const memoryOf = (props) => {
    const found = Object.values(synthesised(props).template.findResources("AWS::Lambda::Function"));
    return found.find(({ Properties }) => Properties.Description === "Signet: issues tokens").Properties.MemorySize;
  };
  assert.deepEqual([{}, { keyCustodian: "KMS" }, { memorySize: 1024 }].map(memoryOf), [128, 512, 1024]);
});

test("grants a caller its alias and nothing else", () => {
  const { template } = synthesised({ callers: { chat: {} } }, (stack, issuer) => {
    const role = new Role(stack, "App", { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") });
    issuer.grantIssue(role, "chat");
    issuer.grantVerify(role);
  });
  const issuerArn = { "Fn::GetAtt": [Match.stringLikeRegexp("Issuer"), "Arn"] };
  template.hasResourceProperties("AWS::IAM::Policy", {
    PolicyDocument: {
      Statement: [
        { Action: "lambda:InvokeFunction", Effect: "Allow", Resource: { "Fn::Join": ["", [issuerArn, ":chat"]] } },
        Match.objectLike({ Action: ["kms:Verify", "kms:GetPublicKey"], Condition: Match.anyValue() }),
      ],
    },
  });
});

test("lets a verifier use a key of one's own too, which has no tag of the issuer's", () => {
  const stack = new Stack(new App(), "Auth");
  const existingKmsKey = Key.fromKeyArn(
    stack,
    "Own",
    "arn:aws:kms:eu-central-1:111122223333:key/5f2e7c10-1111-4222-8333-000000000003",
  );
  const issuer = new JwtIssuer(stack, "Issuer", { keyCustodian: "KMS", existingKmsKey });
  issuer.grantVerify(new Role(stack, "App", { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") }));
  Template.fromStack(stack).hasResourceProperties("AWS::IAM::Policy", {
    PolicyDocument: {
      Statement: Match.arrayWith([
        { Action: ["kms:Verify", "kms:GetPublicKey"], Effect: "Allow", Resource: existingKmsKey.keyArn },
      ]),
    },
  });
});

test("tells its URLs, its key and its metrics", () => {
  const { stack, issuer } = synthesised({});
  assert.match(JSON.stringify(stack.resolve(issuer.jwksUrl)), /execute-api.*jwks\.json/);
  assert.match(JSON.stringify(stack.resolve(issuer.keyId)), /KeyID/);
  assert.equal(issuer.metricErrors().metricName, "Errors");
  assert.equal(synthesised({ jwksEndpoint: false }).issuer.jwksUrl, undefined);
  assert.equal(synthesised({ issuerUrl: "https://issuer.example" }).issuer.issuerUrl, "https://issuer.example");
  assert.equal(synthesised({ tokens: { iss: "12345" } }).issuer.issuerUrl, undefined);
});

test("stands before its API with a domain, which DNS can be led to, and leaves iss", () => {
  const { stack, issuer, template } = synthesised({ domainName: "auth.example.com", certificate: CERTIFICATE, basePath: "auth" });
  template.hasResourceProperties("AWS::ApiGateway::DomainName", {
    DomainName: "auth.example.com",
    RegionalCertificateArn: CERTIFICATE_ARN,
    EndpointConfiguration: { Types: ["REGIONAL"] },
  });
  template.hasResourceProperties("AWS::ApiGateway::BasePathMapping", { DomainName: { Ref: Match.stringLikeRegexp("Domain") } });
  assert.match(JSON.stringify(stack.resolve(issuer.domain.domainNameAliasDomainName)), /RegionalDomainName/);
  assert.match(JSON.stringify(stack.resolve(issuer.issuerUrl)), /execute-api/);
});

test("gives two issuers of a stack resources of other names than the template's own, so that neither takes its id as a kid", () => {
  const { template } = synthesised({}, (stack) => void new JwtIssuer(stack, "Second"));
  const names = Object.keys(template.findResources("Custom::SignetKeys"));
  assert.equal(new Set(names).size, 2);
  assert.ok(!names.includes("Keys"));
});

test("takes a certificate of its own region alone", () => {
  const stack = new Stack(new App(), "Auth", { env: { region: "us-east-1", account: "111122223333" } });
  const certificate = Certificate.fromCertificateArn(stack, "C", CERTIFICATE_ARN);
  assert.throws(() => new JwtIssuer(stack, "Issuer", { domainName: "a.example", certificate }), /eu-central-1.*us-east-1/);
});

for (const [props, words] of [
  [{ issueRoutes: true, jwksEndpoint: false }, /^issueRoutes needs jwksEndpoint/],
  [{ decodeRoute: true, jwksEndpoint: false }, /^decodeRoute needs jwksEndpoint/],
  [{ secretsManagerRotation: true }, /^secretsManagerRotation needs rotateEveryDays/],
  [{ keyCustodian: "KMSDataKey", algorithm: "ML-DSA-65" }, /ML-DSA/],
  [{ domainName: "auth.example.com" }, /^domainName needs certificate/],
  [{ certificate: CERTIFICATE }, /^certificate needs domainName/],
  [{ basePath: "auth" }, /^basePath needs domainName/],
  [{ domainName: "a.example", certificate: CERTIFICATE, jwksEndpoint: false }, /^domainName needs jwksEndpoint/],
  [{ reservedConcurrency: -1 }, /^reservedConcurrency: /],
  [{ keyCustodain: "KMS" }, /^keyCustodain is not a prop of JwtIssuer \(did you mean keyCustodian\?\)/],
  [{ constructor: 1 }, /^constructor is not a prop/],
  [{ keyCustodian: "Vault" }, /^keyCustodian: .*one of ParameterStore, KMS/],
  [{ algorithm: "HS256" }, /^algorithm: .*one of ES256/],
  [{ runtime: "nodejs20.x" }, /^runtime: .*nodejs24\.x, nodejs26\.x/],
  [{ memorySize: 64 }, /^memorySize is 0, or from 128 on/],
  [{ rotateEveryDays: 1.5 }, /^rotateEveryDays: .*whole number/],
  [{ issuerUrl: "http://issuer.example" }, /^issuerUrl: /],
  [{ maxTtl: Duration.days(366) }, /^maxTtl: .*from 900 to 31536000/],
  [{ maxTtl: Duration.minutes(1) }, /^maxTtl: .*from 900 to 31536000/],
  [{ callers: { chat: { limit: {} } } }, /^callers: .*limit is not a member .*\(did you mean limits\?\)/],
  [{ callers: { chat: { limits: { maxTtl: 60 } } } }, /^callers: .*maxTtl is not a member/],
  [{ callers: { 7: {} } }, /^callers: .*no name for an alias/],
  [{ callers: { chat: { limits: { maxTtlSeconds: 86_401 } } } }, /^callers\.chat\.limits\.maxTtlSeconds is beyond maxTtl/],
  [
    { maxTtl: Duration.hours(1), callers: { chat: { limits: { defaultTtlSeconds: 3_601 } } } },
    /defaultTtlSeconds is beyond maxTtl/,
  ],
]) {
  test(`refuses ${Object.keys(props).join(" with ")} that cannot be: ${words.source}`, () => {
    assert.throws(() => synthesised(props), { message: words });
  });
}

test("grants no caller that it does not have", () => {
  const { stack, issuer } = synthesised({ callers: { chat: {} } });
  const role = new Role(stack, "App", { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") });
  assert.throws(() => issuer.grantIssue(role, "nope"), { message: 'callers has no "nope": chat' });
  assert.throws(() => issuer.grantIssue(role, "chats"), { message: 'callers has no "chats" (did you mean chat?)' });
  assert.throws(() => issuer.grantIssue(role, "constructor"), /callers has no/);
  assert.throws(() => synthesised({}).issuer.grantIssue(role, "chat"), { message: 'callers has no "chat"' });
});

test("follows the rules of cdk-nag, but for those with a reason", () => {
  const app = new App();
  const stack = new Stack(app, "Auth");
  new JwtIssuer(stack, "Issuer", { ...EVERYTHING, keyCustodian: "KMSDataKey", accessLog: false });
  NagSuppressions.addStackSuppressions(stack, [
    { id: "AwsSolutions-S1", reason: "the bucket is read by API Gateway and the manager alone; CloudTrail can log that" },
    {
      id: "AwsSolutions-IAM5",
      reason: "keys are made later: what may be reached is bound to the installation's name, tag or context",
    },
    { id: "AwsSolutions-APIG1", reason: "an access log takes a role for the whole account" },
    { id: "AwsSolutions-APIG2", reason: "the public documents take no input, and the function checks every request" },
    { id: "AwsSolutions-APIG3", reason: "a web ACL costs by the month; the stage is throttled" },
    { id: "AwsSolutions-APIG4", reason: "the public documents are for everybody; the other routes want IAM" },
    { id: "AwsSolutions-APIG6", reason: "the functions log what matters" },
    { id: "AwsSolutions-COG4", reason: "the other routes want IAM" },
    { id: "AwsSolutions-SNS3", reason: "what an alarm says is no secret" },
    { id: "AwsSolutions-L1", reason: "cdk-nag may not know nodejs24.x yet" },
  ]);
  Aspects.of(app).add(new AwsSolutionsChecks());
  app.synth();
  const found = Annotations.fromStack(stack).findError("*", Match.stringLikeRegexp("AwsSolutions-.*"));
  assert.deepEqual(
    found.map(({ id, entry }) => `${id}: ${String(entry.data).slice(0, 120)}`),
    [],
  );
});
