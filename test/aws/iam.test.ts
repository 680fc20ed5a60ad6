import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createIam, iamHome } from "../../src/aws/iam.js";
import { aliasGrants } from "../../src/aws/lambda-policy.js";
import { createTransport } from "../../src/aws/transport.js";
import { childOf, membersOf, parseXml, textOf } from "../../src/aws/xml.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:signet-Issuer-1A2B3C";
const ALIASES = [`${FUNCTION}:ci-proof`, `${FUNCTION}:web-proof`];
const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
const allow = (Resource: string | string[], Condition?: object) => ({
  policies: [{ name: "its-policy", statements: [{ Effect: "Allow", Action: "lambda:*", Resource, Condition }] }],
});

let aws: Awaited<ReturnType<typeof startFakeAws>>;
beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
});
afterAll(() => aws.close());
beforeEach(() => {
  aws.state.iam.principals.clear();
  Object.assign(aws.state.iam, { most: 100, isSpecific: true });
  aws.calls.length = 0;
});

const iam = () => createIam({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
const decisions = (principal: string, resources = ALIASES) =>
  iam().decisions(principal, "lambda:InvokeFunction", resources, [
    { name: "aws:PrincipalArn", type: "string", value: principal },
  ]);

describe("where IAM is", () => {
  // botocore's endpoint rule set of IAM.
  it.each([
    ["eu-central-1", "iam.amazonaws.com", "us-east-1"],
    ["cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    ["us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"],
    ["us-iso-west-1", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"],
    ["us-isob-east-1", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"],
    ["eu-isoe-west-1", "iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"],
    ["us-isof-east-1", "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"],
    ["eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"],
  ])("from %s it is %s, signed for %s", (region, host, home) => {
    expect(iamHome(region, {})).toStrictEqual({ endpoint: `https://${host}`, region: home });
  });

  it.each([
    ["eu-central-1", "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws"],
    ["us-gov-west-1", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws", "iam.us-gov.api.aws"],
    ["us-iso-east-1", "iam-fips.us-iso-east-1.c2s.ic.gov", "iam.api.aws.ic.gov", "iam-fips.api.aws.ic.gov"],
  ])("follows FIPS and dual stack from %s", (region, fips, dual, both) => {
    const [FIPS, DUAL] = [{ AWS_USE_FIPS_ENDPOINT: "true" }, { AWS_USE_DUALSTACK_ENDPOINT: "true" }];
    const hosts = [FIPS, DUAL, { ...FIPS, ...DUAL }].map((env) => iamHome(region, env).endpoint);
    expect(hosts).toStrictEqual([fips, dual, both].map((host) => `https://${host}`));
  });

  it("may be configured, unless that is to be ignored", () => {
    const env = { AWS_ENDPOINT_URL: "http://localhost:4566", AWS_ENDPOINT_URL_IAM: "http://localhost:5000" };
    expect(iamHome("cn-north-1", env)).toStrictEqual({ endpoint: "http://localhost:5000", region: "cn-north-1" });
    expect(iamHome("us-east-1", { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }).endpoint).toBe(
      "https://iam.amazonaws.com",
    );
  });
});

describe("lists of IAM", () => {
  it("are read to their end, and paths and odd letters with them", async () => {
    aws.state.iam.most = 7;
    const arns = Array.from({ length: 20 }, (_, at) => role(`deep/path&<${at}>`)).sort();
    for (const arn of [...arns, "arn:aws:iam::111122223333:user/alice"]) aws.state.iam.principals.set(arn, { policies: [] });
    expect(await iam().roles()).toStrictEqual(arns);
    expect(await iam().users()).toStrictEqual(["arn:aws:iam::111122223333:user/alice"]);
    expect(aws.calls.map(({ action }) => action)).toStrictEqual([...Array(3).fill("iam:ListRoles"), "iam:ListUsers"]);
  });

  it.each([
    ["no XML", "<html>"],
    ["another answer", "<ListUsersResponse><ListUsersResult><Users></Users></ListUsersResult></ListUsersResponse>"],
    ["no list", "<R><ListRolesResult><IsTruncated>false</IsTruncated></ListRolesResult></R>"],
    ["a role without an ARN", "<R><ListRolesResult><Roles><member></member></Roles></ListRolesResult></R>"],
    ["more to come, and not where", "<R><ListRolesResult><Roles/><IsTruncated>true</IsTruncated></ListRolesResult></R>"],
    ["neither more nor the end", "<R><ListRolesResult><Roles/><IsTruncated>maybe</IsTruncated></ListRolesResult></R>"],
  ])("are no shorter lists where the answer is not AWS's: %s", async (_what, body) => {
    const server = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const env = { AWS_ENDPOINT_URL_IAM: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const other = createIam({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env });
    await expect(other.roles()).rejects.toMatchObject({
      code: "aws_unavailable",
      message: expect.stringContaining("iam:ListRoles"),
    });
    other.close();
    server.close();
  });

  it("wait where IAM throttles, and say which right is missing", async () => {
    aws.state.iam.principals.set(role("a"), { policies: [] });
    aws.inject({ action: "iam:ListRoles", code: "Throttling", status: 400, times: 3 });
    expect(await iam().roles()).toStrictEqual([role("a")]);
    aws.inject({ action: "iam:ListUsers", code: "AccessDenied", status: 403 });
    await expect(iam().users()).rejects.toMatchObject({
      code: "aws_access_denied",
      message: expect.stringContaining("allow iam:ListUsers"),
    });
  });
});

describe("what a principal's policies say of resources", () => {
  it("is read for each resource, whatever they say of all together", async () => {
    aws.state.iam.principals.set(role("a"), allow(`${FUNCTION}:web-*`));
    const found = await decisions(role("a"));
    expect(found.get(ALIASES[0] as string)).toMatchObject({ outcome: "denied" });
    expect(found.get(ALIASES[1] as string)).toStrictEqual({ outcome: "allowed", policies: ["its-policy"], missingKeys: [] });
  });

  it("is read over pages", async () => {
    aws.state.iam.most = 1;
    aws.state.iam.principals.set(role("a"), allow("*"));
    expect([...(await decisions(role("a"))).values()].map(({ outcome }) => outcome)).toStrictEqual(["allowed", "allowed"]);
    expect(aws.calls).toHaveLength(2);
  });

  it("is asked one by one where one decision stands for all: it is the most restrictive", async () => {
    aws.state.iam.isSpecific = false;
    aws.state.iam.principals.set(role("a"), allow(`${FUNCTION}:web-*`));
    aws.state.iam.principals.set(role("b"), allow(`${FUNCTION}:ci-*`));
    const of = async (name: string) => [...(await decisions(role(name)))].map(([arn, { outcome }]) => [arn, outcome]);
    const [ci, web] = ALIASES;
    expect(await of("a")).toStrictEqual([
      [ci, "denied"],
      [web, "allowed"],
    ]);
    expect(await of("b")).toStrictEqual([
      [ci, "allowed"],
      [web, "denied"],
    ]);
  });

  it("is undecided where a condition key has no value, and denied or allowed by one that has", async () => {
    aws.state.iam.principals.set(role("a"), allow("*", { StringEquals: { "aws:SourceVpc": "vpc-1" } }));
    aws.state.iam.principals.set(role("b"), allow("*", { ArnEquals: { "aws:PrincipalArn": role("b") } }));
    aws.state.iam.principals.set(role("c"), allow("*", { ArnEquals: { "aws:PrincipalArn": role("b") } }));
    const of = async (name: string) => (await decisions(role(name), [ALIASES[0] as string])).get(ALIASES[0] as string);
    expect(await of("a")).toStrictEqual({ outcome: "undecided", policies: [], missingKeys: ["aws:SourceVpc"] });
    expect(await of("b")).toMatchObject({ outcome: "allowed" });
    expect(await of("c")).toMatchObject({ outcome: "denied" });
  });
});

describe("XML of AWS", () => {
  it("is read with nested lists and entities", () => {
    const root = parseXml(`<?xml version="1.0"?>
      <R xmlns="https://x/"><L><member><N>a&amp;b &lt;&#x41;&#66;&gt; &quot;&apos;</N><L><member>1</member></L></member><member/></L></R>`);
    const [first, second] = membersOf(root, "L");
    expect(textOf(first, "N")).toBe("a&b <AB> \"'");
    expect(membersOf(first, "L").map(({ text }) => text)).toStrictEqual(["1"]);
    expect(second?.children).toStrictEqual([]);
    expect(childOf(root, "none")).toBeUndefined();
  });

  it.each(["", "text", "<a>", "<a></b>", "</a>", "<a></a><b></b>", "<a></a>x", "<a><", "<!DOCTYPE a><a></a>", '{"a":1}'])(
    "is none where it is not whole: %s",
    (text) => {
      expect(parseXml(text)).toBeUndefined();
    },
  );

  it("leaves a reference that means nothing as it is", () => {
    expect(parseXml("<a>&nope;&#x110000;&#9999999;</a>")?.text).toBe("&nope;&#x110000;&#9999999;");
  });
});

describe("the policy of an alias", () => {
  const grants = async (policy?: object | string) => {
    aws.state.functions.set(FUNCTION, new Map([["ci-proof", {}]]));
    aws.state.policies.clear();
    if (policy !== undefined) aws.state.policies.set(ALIASES[0] as string, policy);
    const transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
    return aliasGrants(transport, FUNCTION, "ci-proof");
  };
  const statement = (more: object) => ({
    Version: "2012-10-17",
    Statement: [{ Sid: "s", Effect: "Allow", Action: "lambda:InvokeFunction", ...more }],
  });
  const told = async (more: object) => (await grants(statement(more))).map(({ principal }) => principal);

  it("is none where there is none", async () => {
    expect(await grants()).toStrictEqual([]);
  });

  it("names everyone whom it lets in", async () => {
    expect(await told({ Principal: "*" })).toStrictEqual(["*"]);
    expect(await told({ Principal: { AWS: ["arn:a", "111"], Service: "events.amazonaws.com" } })).toStrictEqual([
      "arn:a",
      "111",
      "events.amazonaws.com",
    ]);
    expect(await told({ NotPrincipal: { AWS: "arn:a" } })).toStrictEqual(["*"]);
    expect(await told({ Effect: "Deny", Principal: "*" })).toStrictEqual([]);
    expect(await grants(statement({ Principal: "*", Condition: { StringEquals: { "AWS:SourceAccount": "1" } } }))).toStrictEqual([
      { principal: "*", statement: "s", conditionKeys: ["AWS:SourceAccount"] },
    ]);
  });

  it.each([
    ["text", "nonsense"],
    ["no statement", {}],
    ["another effect", statement({ Effect: "Maybe", Principal: "*" })],
    ["no principal", statement({})],
    ["a number", statement({ Principal: { AWS: 1 } })],
  ])("is an error, and not nothing, where it cannot be read: %s", async (_what, policy) => {
    await expect(grants(policy)).rejects.toMatchObject({ code: "aws_unavailable" });
  });
});
