/** The template's life on an emulator that runs CloudFormation and Lambda: made, used, updated, failed, deleted. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { consoleLife } from "./emulated-console.mjs";
import { tokenRoute } from "./emulated-token.mjs";
import { createCalls, REGION } from "./emulator-calls.mjs";

const run = promisify(execFile);
const ISSUER = "https://issuer.example";

/**
 * @param {{ url: string, root: string, cwd: string, check: (holds: boolean, what: string) => void }} place
 */
export async function stackLife({ url, root, cwd, check }) {
  const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const env = { PATH: process.env.PATH, HOME: cwd, AWS_REGION: REGION, AWS_ENDPOINT_URL: url, ...keys };
  const signet = (...args) => run(process.execPath, [join(root, "bin/signet"), ...args], { cwd, env, maxBuffer: 1 << 24 });
  const json = async (...args) => JSON.parse((await signet(...args, "--json")).stdout);
  const aws = createCalls(url);

  async function verifies(token, bucket) {
    writeFileSync(join(cwd, "jwks.json"), await aws.object(bucket, ".well-known/jwks.json"));
    const { stdout } = await signet("verify", token, "--jwks", "jwks.json", "--issuer", ISSUER);
    return JSON.parse(stdout);
  }

  const before = await aws.inventory();
  await refusedTemplate(url, keys, root, aws);
  check(
    JSON.stringify(await aws.inventory()) === JSON.stringify(before),
    "a creation that fails at its end leaves no role, function, bucket, key, parameter, secret, schedule or API behind",
  );

  const { stderr } = await signet("deploy", "--dry-run", `IssuerUrl=${ISSUER}`);
  check(
    stderr.includes("nothing was changed") && (await json("outputs").catch(() => "none")) === "none",
    "a dry run makes no stack",
  );
  const made = await json("deploy", `IssuerUrl=${ISSUER}`);
  check(made.SigningMethod === "ES256" && made.KeyArn === "" && made.IssuerUrl === ISSUER, "a stack is made by one command");
  const { token } = await aws.invoke(made.JWTIssuerFunctionArn, { claims: { sub: "alice" }, ttl: 60 });
  check((await verifies(token, made.KeyringBucket)).sub === "alice", "its function issues a token that its JWKS verifies");
  const pem = Buffer.from(made.PublicKeyPEMBase64, "base64").toString();
  writeFileSync(join(cwd, "public.pem"), pem);
  await signet("verify", token, "--pem", "public.pem", "--issuer", ISSUER);
  check(true, "and so does the PEM among its outputs");
  const { stdout } = await signet("keys", "list", "--json", "--config", "stack:signet");
  check(
    JSON.parse(stdout).keys.some(({ kid, state }) => kid === made.KeyID && state === "active"),
    "signet keys works on the stack by its name",
  );
  const tick = await aws.invoke(made.KeyManagerFunctionArn, { action: "tick" });
  check(tick.actions.length === 0 && tick.blockedBy === null, "a scheduled tick finds nothing to do");

  await consoleLife({
    ...{ cwd, env, check, stack: "signet" },
    keyring: async () => JSON.parse(await aws.object(made.KeyringBucket, "keyring.json")),
    published: async () => JSON.parse(await aws.object(made.KeyringBucket, ".well-known/jwks.json")).keys.map(({ kid }) => kid),
  });
  await updates({ signet, json, aws, check, verifies, made, token });
  await signet("undeploy", "--yes");
  const left = await aws.inventory();
  check(
    left.functions.length === before.functions.length && left.buckets.includes(made.KeyringBucket),
    "deleted, it keeps its keyring and keys",
  );
}

async function updates({ signet, json, aws, check, verifies, made, token }) {
  const again = await json("deploy", "--yes");
  check(
    again.KeyID === made.KeyID && again.PublicKeyPEMBase64 === made.PublicKeyPEMBase64,
    "an update of nothing changes no output",
  );
  const callers = { chat: { limits: { maxTtlSeconds: 60 } } };
  await json(
    "deploy",
    "--yes",
    `Callers=${JSON.stringify(callers)}`,
    "AlarmEmail=ops@example.com",
    "LogLevelApplicationParameter=WARN",
  );
  const chat = await aws.invoke(`${made.JWTIssuerFunctionArn}:chat`, { claims: { sub: "bob" }, ttl: 60 });
  check((await verifies(chat.token, made.KeyringBucket)).sub === "bob", "a caller that an update adds has an alias that issues");
  const beyond = await aws.invoke(`${made.JWTIssuerFunctionArn}:chat`, { claims: {}, ttl: 61 });
  check(/maxTtlSeconds/.test(beyond.errorMessage), "and it cannot exceed its limits");

  await tokenRoute({
    ...{ issuer: ISSUER, aws, check, callers },
    deploy: (...parameters) => json("deploy", "--yes", ...parameters),
    verifies: (shown) => verifies(shown, made.KeyringBucket),
  });

  const moved = await signet("deploy", "--yes", "IssuerUrl=https://other.example").catch((error) => error.stderr);
  check(/cannot be changed/.test(moved), "another issuer's URL is refused before the function is changed");
  const wrong = await signet("deploy", "--yes", "Algorithm=RS256").catch((error) => error.stderr);
  check(
    /verifiers/.test(wrong) && /as it was before/.test(wrong),
    "an update to an algorithm that verifiers may not accept is rolled back, and says why",
  );
  // The emulator makes no alarm over two metrics.
  const migrating = await json("deploy", "--yes", "KeyCustodianParameter=KMS", "KmsSignQuota=0");
  const keyring = JSON.parse(await aws.object(made.KeyringBucket, "keyring.json"));
  check(
    migrating.KeyID === made.KeyID && keyring.keys.some(({ custody, state }) => custody === "kms" && state === "pending"),
    "another custodian begins a migration: the old key signs, the new one stands by",
  );
  const later = await aws.invoke(made.JWTIssuerFunctionArn, { claims: { sub: "carol" }, ttl: 60 });
  await verifies(token, made.KeyringBucket);
  check((await verifies(later.token, made.KeyringBucket)).sub === "carol", "and every token goes on being verified");
}

/** Makes the stack with one more resource that cannot be made, and waits until everything is rolled back. */
async function refusedTemplate(url, keys, root, aws) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
  const identity = { accessKeyId: keys.AWS_ACCESS_KEY_ID, secretAccessKey: keys.AWS_SECRET_ACCESS_KEY };
  const client = new CloudFormationClient({ region: REGION, endpoint: url, credentials: identity });
  const text = readFileSync(join(root, "dist/template.yaml"), "utf8").replace(
    "\n  Complete:\n",
    "\n  Impossible:\n    Type: Custom::Nothing\n    DependsOn: Ticks\n    Properties: { ServiceToken: 'arn:aws:lambda:eu-central-1:000000000000:function:nobody' }\n  Complete:\n    DependsOn: Impossible\n",
  );
  await aws.put("templates", "refused.yaml", text);
  /** @type {import("@aws-sdk/client-cloudformation").CreateStackCommandInput} */
  const input = { StackName: "refused", TemplateURL: `${url}/templates/refused.yaml`, Capabilities: ["CAPABILITY_IAM"] };
  const parameters = [{ ParameterKey: "KeyCustodianParameter", ParameterValue: "KMS" }];
  await client.send(new CreateStackCommand({ ...input, Parameters: parameters }));
  for (let status = ""; status !== "ROLLBACK_COMPLETE"; ) {
    await delay(200);
    status = (await client.send(new DescribeStacksCommand({ StackName: "refused" }))).Stacks?.[0]?.StackStatus ?? "";
    if (!["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"].includes(status))
      throw new Error(`the stack is ${status}`);
  }
  client.destroy();
}
