/**
 * Outputs that are true, on an emulator that runs CloudFormation and Lambda: a user's story with a rotation, a domain, and a stack that
 * an earlier version has made.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { decodeProtectedHeader } from "jose";
import { createCalls, REGION } from "./emulator-calls.mjs";

const run = promisify(execFile);
const ISSUER = "https://issuer.example";
const DAY_SECONDS = 86_400;
const CERTIFICATE = `arn:aws:acm:${REGION}:000000000000:certificate/5f2e7c10-1111-4222-8333-000000000002`;

/**
 * @param {{ url: string, root: string, cwd: string, tools: string, check: (holds: boolean, what: string) => void }} place
 *   `tools` holds AWS's own command
 */
export async function outputsLife({ url, root, cwd, tools, check }) {
  const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const place = { AWS_REGION: REGION, AWS_DEFAULT_REGION: REGION, AWS_ENDPOINT_URL: url };
  const env = { PATH: `${tools}:${process.env.PATH}`, HOME: cwd, ...place, ...keys };
  const options = { cwd, env, maxBuffer: 1 << 24 };
  const signet = (...args) => run(process.execPath, [join(root, "bin/signet"), ...args], options);
  const shell = async (command) => (await run("sh", ["-c", command], options)).stdout;
  const aws = createCalls(url);
  const world = { aws, root, cwd, check, signet, shell };
  await story(world);
  await withDomain(world);
  await ofVersionBefore(world, url);
}

/** Deployed, invoked as the deployment says, rotated, deployed again. */
async function story({ aws, root, cwd, check, signet, shell }) {
  const first = await deployed(signet, "story", `IssuerUrl=${ISSUER}`);
  const typed = first.stderr.split("\n").find((line) => line.includes("aws lambda invoke"));
  // A socket, which Node gives a shell for its output, cannot be opened as a file.
  const token = /"token": ?"([^"]+)"/.exec(await shell(`${typed} | cat`))?.[1];
  check(token !== undefined, "a deployment ends with the command that gets a token");
  check(
    first.stderr.includes(`signet doctor ${ISSUER} --jwks ${first.outputs.JwksUrl}`),
    "and with the one that looks at its issuer",
  );
  check(!(await signet("outputs", "--stack", "story")).stderr.includes("outdated"), "its outputs are of the key that signs");
  await rotated(aws, root, first.outputs);
  const next = (await aws.invoke(first.outputs.JWTIssuerFunctionArn, { claims: { sub: "bob" }, ttl: 60 })).token;
  check(decodeProtectedHeader(next).kid !== first.outputs.KeyID, "after a rotation another key signs than the outputs name");
  const { stderr } = await signet("outputs", "--stack", "story");
  check(
    /^outdated, behind the keyring: KeyID, PublicKeyPEMBase64 /m.test(stderr) && stderr.includes("deploy --stack story"),
    "which `signet outputs` says",
  );
  const second = await deployed(signet, "story");
  check(second.outputs.KeyID === decodeProtectedHeader(next).kid, "and another deployment, which asks nothing, renews");
  writeFileSync(join(cwd, "story.pem"), Buffer.from(second.outputs.PublicKeyPEMBase64, "base64"));
  await signet("verify", next, "--pem", "story.pem", "--issuer", ISSUER);
  await signet("verify", (await aws.invoke(second.outputs.JWTIssuerFunctionArn, { claims: {} })).token, "--pem", "story.pem");
  check(true, "the pasted PEM verifies the next token");
  await signet("undeploy", "--stack", "story", "--yes");
}

async function withDomain({ check, signet }) {
  const domain = ["DomainName=auth.example.com", `CertificateArn=${CERTIFICATE}`, "BasePath=auth", "IssueRoutes=on"];
  const refused = await signet("deploy", "--stack", "domain", ...domain).catch((error) => error);
  check(refused.code === 2 && refused.stderr.includes("IssuerUrl"), "a first deployment with a domain asks what iss shall be");
  const { outputs, stderr } = await deployed(signet, "domain", "--yes", ...domain);
  const { IssuerUrl, DomainUrl, DomainTarget = "", DomainHostedZoneId } = outputs;
  check(IssuerUrl === "https://auth.example.com/auth" && DomainUrl === IssuerUrl, "its URL is iss where that is the answer");
  check(stderr.includes(DomainTarget) && DomainHostedZoneId !== undefined, "and it says where DNS has to lead");
  const without = await deployed(signet, "domain", "--yes", "DomainName=", "CertificateArn=", "BasePath=");
  check(
    without.outputs.IssuerUrl === IssuerUrl &&
      without.outputs.DomainTarget === undefined &&
      without.stderr.includes("no longer answer"),
    "a domain that goes leaves iss, and it is said what that means",
  );
  await signet("undeploy", "--stack", "domain", "--yes");
}

/** A stack of the template that is kept in test/formats: updated, rotated and migrated. */
async function ofVersionBefore({ aws, root, cwd, check, signet }, url) {
  const text = gunzipSync(readFileSync(join(root, "test/formats/v2/template.yaml.gz"))).toString();
  const before = await created(url, aws, text);
  const verifies = async (token) => {
    writeFileSync(join(cwd, "jwks.json"), await aws.object(before.KeyringBucket, ".well-known/jwks.json"));
    await signet("verify", token, "--jwks", "jwks.json", "--issuer", ISSUER);
  };
  const issue = async () => (await aws.invoke(before.JWTIssuerFunctionArn, { claims: {}, ttl: 600 })).token;
  const tokens = [await issue()];
  const updated = (await deployed(signet, "before", "--yes")).outputs;
  const lost = Object.keys(before).filter((name) => updated[name] !== before[name]);
  if (lost.length > 0) console.log(`changed: ${lost.join(", ")}`);
  check(lost.length === 0, "a stack that an earlier version has made is updated without a changed output or key");
  tokens.push(await issue());
  const begun = (await deployed(signet, "before", "--yes", "KeyCustodianParameter=KMS")).outputs;
  check(begun.KeyID === updated.KeyID, "and begins a migration to KMS");
  tokens.push(await issue());
  await pass(aws, root, begun, 2);
  tokens.push(await issue());
  const { stderr } = await signet("outputs", "--json", "--stack", "before");
  check(
    /^outdated, .*KeyID.*KeyArn/m.test(stderr),
    "once it has moved, its outputs are told to be of the key before, the ARN too",
  );
  const moved = (await deployed(signet, "before")).outputs;
  check(
    moved.KeyID === decodeProtectedHeader(tokens.at(-1)).kid && moved.KeyArn?.endsWith(`key/${moved.KeyID}`) === true,
    "and are renewed: KMS's key signs, by its own name",
  );
  for (const token of tokens) await verifies(token);
  check(true, "all its tokens verify, of both custodians");
  await rotated(aws, root, moved, 4);
  tokens.push(await issue());
  const renewed = (await deployed(signet, "before")).outputs;
  check(
    renewed.KeyID === decodeProtectedHeader(tokens.at(-1)).kid && renewed.KeyID !== moved.KeyID,
    "it rotates, and its outputs follow",
  );
  check(!Object.keys(before).some((name) => renewed[name] === undefined), "no output of the version before is lost");
  // Two days later the key in Parameter Store has gone, and its tokens have ended.
  for (const token of tokens.slice(-2)) await verifies(token);
  check(true, "and the tokens of KMS's keys verify, of the one before and of the one that signs");
  await signet("undeploy", "--stack", "before", "--yes");
}

async function deployed(signet, stack, ...args) {
  const { stdout, stderr } = await signet("deploy", "--json", "--stack", stack, ...args);
  return { outputs: JSON.parse(stdout), stderr };
}

/** Rotates two days before so many are over, in which the next key takes over. */
async function rotated(aws, root, outputs, days = 2) {
  if (days > 2) await setAhead(aws, root, outputs, days - 2);
  await aws.invoke(outputs.KeyManagerFunctionArn, { action: "rotate" });
  await pass(aws, root, outputs, days);
}

/** So many days are over for both functions, and the key manager ticks. */
async function pass(aws, root, outputs, days) {
  await setAhead(aws, root, outputs, days);
  await aws.invoke(outputs.KeyManagerFunctionArn, { action: "tick" });
}

/** Sets the clocks of both functions, until a deployment sets their variables anew. */
async function setAhead(aws, root, { JWTIssuerFunctionArn, KeyManagerFunctionArn }, days) {
  const preloads = ["test/emulators/clock-ahead.mjs", "test/rotation/processes/short-waits.mjs"].map((path) => join(root, path));
  const options = preloads.map((path) => `--import ${path}`).join(" ");
  for (const name of [KeyManagerFunctionArn, JWTIssuerFunctionArn]) {
    const variables = await aws.variables(name);
    await aws.configure(name, { ...variables, NODE_OPTIONS: options, CLOCK_AHEAD_SECONDS: String(days * DAY_SECONDS) });
  }
}

async function created(url, aws, text) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new CloudFormationClient({ region: REGION, endpoint: url, credentials });
  await aws.put("templates", "before.yaml", text);
  await client.send(
    new CreateStackCommand({
      StackName: "before",
      TemplateURL: `${url}/templates/before.yaml`,
      Capabilities: ["CAPABILITY_IAM"],
      Parameters: [{ ParameterKey: "IssuerUrl", ParameterValue: ISSUER }],
    }),
  );
  for (;;) {
    const [stack] = (await client.send(new DescribeStacksCommand({ StackName: "before" }))).Stacks ?? [];
    if (stack?.StackStatus === "CREATE_COMPLETE") {
      client.destroy();
      return Object.fromEntries((stack.Outputs ?? []).map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));
    }
    if (stack?.StackStatus !== "CREATE_IN_PROGRESS") throw new Error(`the stack is ${stack?.StackStatus}`);
    await delay(200);
  }
}
