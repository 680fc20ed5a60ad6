import assert from "node:assert/strict";
import { test } from "node:test";
import { App, Aspects, Duration, Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { AwsSolutionsChecks, NagSuppressions } from "cdk-nag";
import { JwtIssuer } from "../dist/index.js";

const CERTIFICATE_ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/5f2e7c10-1111-4222-8333-000000000002";
const CERTIFICATE = Certificate.fromCertificateArn(new Stack(new App(), "Certificates"), "C", CERTIFICATE_ARN);

function synthesised(props, more = () => undefined) {
  const stack = new Stack(new App(), "Auth");
  const issuer = new JwtIssuer(stack, "Issuer", props);
  more(stack, issuer);
  return { stack, issuer, template: Template.fromStack(stack) };
}

test("is Signet's template, with its functions, one of them on demand, and one schedule", () => {
  const { template } = synthesised({});
  template.resourceCountIs("AWS::Lambda::Function", 3);
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
    rotateEveryDays: 90,
  });
  template.hasResourceProperties("Custom::SignetKeys", {
    Custody: "KMS",
    Algorithm: "RS256",
    MaxTtlSeconds: 3600,
    RotateEveryDays: 90,
    Callers: JSON.stringify(callers),
  });
});

test("can stand twice in one stack", () => {
  const { template } = synthesised({}, (stack) => void new JwtIssuer(stack, "Second", { jwksEndpoint: false }));
  template.resourceCountIs("AWS::Lambda::Function", 6);
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

test("tells its URLs, its key and its metrics", () => {
  const { stack, issuer } = synthesised({});
  assert.match(JSON.stringify(stack.resolve(issuer.jwksUrl)), /execute-api.*jwks\.json/);
  assert.match(JSON.stringify(stack.resolve(issuer.keyId)), /KeyID/);
  assert.equal(issuer.metricErrors().metricName, "Errors");
  assert.equal(synthesised({ jwksEndpoint: false }).issuer.jwksUrl, undefined);
  assert.equal(synthesised({ issuerUrl: "https://issuer.example" }).issuer.issuerUrl, "https://issuer.example");
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

test("refuses what cannot be", () => {
  assert.throws(() => synthesised({ domainName: "auth.example.com" }), /certificate/);
  assert.throws(() => synthesised({ certificate: CERTIFICATE }), /domainName/);
  assert.throws(() => synthesised({ basePath: "auth" }), /domainName/);
  assert.throws(() => synthesised({ domainName: "a.example", certificate: CERTIFICATE, jwksEndpoint: false }), /jwksEndpoint/);
  assert.throws(() => {
    const stack = new Stack(new App(), "Auth", { env: { region: "us-east-1", account: "111122223333" } });
    new JwtIssuer(stack, "Issuer", {
      domainName: "a.example",
      certificate: Certificate.fromCertificateArn(stack, "C", CERTIFICATE_ARN),
    });
  }, /eu-central-1.*us-east-1/);
  assert.throws(() => synthesised({ issueRoutes: true, jwksEndpoint: false }), /jwksEndpoint/);
  assert.throws(() => synthesised({ decodeRoute: true, jwksEndpoint: false }), /jwksEndpoint/);
  assert.throws(() => synthesised({ secretsManagerRotation: true }), /rotateEveryDays/);
  assert.throws(() => synthesised({ keyCustodian: "KMSDataKey", algorithm: "ML-DSA-65" }), /ML-DSA/);
});

test("follows the rules of cdk-nag, but for those with a reason", () => {
  const app = new App();
  const stack = new Stack(app, "Auth");
  new JwtIssuer(stack, "Issuer", {
    issueRoutes: true,
    decodeRoute: true,
    decodeHosts: ["idp.example.com"],
    rotateEveryDays: 90,
    secretsManagerRotation: true,
    alarmEmail: "ops@example.com",
    keyCustodian: "KMSDataKey",
  });
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
