/** The authorizer's template on an emulator that runs CloudFormation, Lambda and API Gateway: made, and its example API asked. */
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { createCalls, REGION } from "./emulator-calls.mjs";
import { untilAnswers } from "./processes.mjs";

const run = promisify(execFile);
const PATIENCE = 100;

/**
 * @param {{ url: string, root: string, cwd: string, port: number, check: (holds: boolean, what: string) => void }} place
 *   `port` is free, for the issuer
 */
export async function authorizerLife({ url, root, cwd, port, check }) {
  const issuer = `http://127.0.0.1:${port}`;
  const signet = (...args) => run(process.execPath, [join(root, "bin/signet"), ...args], { cwd });
  await signet("init", "--issuer", issuer);
  const server = spawn(process.execPath, [join(root, "bin/signet"), "serve", "--port", String(port)], { cwd, stdio: "ignore" });
  try {
    const outputs = await made(url, readFileSync(join(root, "dist/authorizer.yaml"), "utf8"));
    check(/\/v1\/whoami$/.test(outputs.ExampleUrl ?? ""), "the authorizer's template is made, without a bucket");
    // The template takes https alone, and here is no certificate.
    const name = (outputs.AuthorizerFunctionArn ?? "").split(":").at(-1) ?? "";
    await createCalls(url).configure(name, { SIGNET_ISSUER: issuer, SIGNET_AUDIENCE: "my-api" });
    await untilAnswers(`${issuer}/healthz`, server);
    const api = /^https:\/\/(\w+)\./.exec(outputs.ExampleUrl ?? "")?.[1];
    const ask = async (token) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await fetch(`${url}/restapis/${api}/v1/_user_request_/whoami`, { headers })).status;
    };
    const good = (await signet("issue", "sub=alice", "aud=my-api")).stdout.trim();
    const other = (await signet("issue", "sub=alice", "aud=other")).stdout.trim();
    check((await ask(good)) === 200, "its API lets a good token in");
    const refused = [await ask(undefined), await ask(other), await ask(`${good.slice(0, -6)}AAAAAA`)];
    check(refused.join() === "401,401,401", "and answers nobody, another audience and a forged token with 401");
  } finally {
    server.kill("SIGKILL");
  }
}

async function made(url, text) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
  const client = new CloudFormationClient({
    region: REGION,
    endpoint: url,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const Parameters = Object.entries({ Issuer: "https://issuer.example", Audience: "my-api" }).map(
    ([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    }),
  );
  const input = { StackName: "authorizer", TemplateBody: text, Parameters };
  await client.send(new CreateStackCommand({ ...input, Capabilities: ["CAPABILITY_IAM"] }));
  for (let tries = 0; tries < PATIENCE; tries++) {
    const [stack] = (await client.send(new DescribeStacksCommand({ StackName: "authorizer" }))).Stacks ?? [];
    if (stack?.StackStatus === "CREATE_COMPLETE") {
      client.destroy();
      return Object.fromEntries((stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey ?? "", OutputValue]));
    }
    await delay(200);
  }
  throw new Error("the authorizer's stack is not made");
}
