/**
 * AWS's own clients invoke the function that `signet serve --dev` answers for: each does the same invocations, and what came of
 * them is judged here.
 */
import { execFileSync } from "node:child_process";
import { ISSUER, withServed } from "./served.mjs";
import { commandOf, nodes } from "./toolchains.mjs";

const dist = new URL("../../dist/verify/index.js", import.meta.url).href;
const ARN = "arn:aws:lambda:us-east-1:123456789012:function:signet";
const PAYLOAD = JSON.stringify({ claims: { sub: "alice" }, ttl: 60 });

const CLIENTS = [
  { name: "AWS SDK for JavaScript", toolchain: "node", program: "invoke.mjs" },
  { name: "boto3", toolchain: "python", program: "invoke.py" },
  { name: "AWS CLI", toolchain: "python", program: "invoke_cli.py" },
  { name: "AWS SDK for Go", toolchain: "go", program: "invoke" },
  { name: "AWS SDK for Java", toolchain: "java", program: "Invoke.java" },
];

const isToken = ({ status, functionError, version, payload }, verify) =>
  status === 200 && !functionError && version === "$LATEST" && verify(JSON.parse(payload).token).claims.sub === "alice";

/** What each invocation must come to. */
const STEPS = [
  { what: "a token by name", step: { name: "signet", payload: PAYLOAD }, isRight: isToken },
  { what: "a token by ARN", step: { name: ARN, payload: PAYLOAD }, isRight: isToken },
  { what: "a token by alias in the name", step: { name: "signet:web", payload: PAYLOAD }, isRight: isToken },
  { what: "a token by Qualifier", step: { name: "signet", qualifier: "web", payload: PAYLOAD }, isRight: isToken },
  { what: "a token by the ARN of an alias", step: { name: `${ARN}:web`, payload: PAYLOAD }, isRight: isToken },
  {
    what: "an alias that no caller names",
    step: { name: "signet", qualifier: "nobody", payload: PAYLOAD },
    isRight: ({ error }) => error === "ResourceNotFoundException",
  },
  {
    what: "a request that the function refuses",
    step: { name: "signet", payload: '{"claims":{},"ttl":0}' },
    isRight: ({ status, functionError, payload }) =>
      status === 200 && functionError === "Unhandled" && JSON.parse(payload).errorType === "invalid_request",
  },
  {
    what: "the alias's own limit",
    step: { name: "signet:web", payload: '{"claims":{},"ttl":601}' },
    isRight: ({ functionError, payload }) =>
      functionError === "Unhandled" && JSON.parse(payload).errorType === "ttl_exceeds_limit",
  },
  {
    what: "Event",
    step: { name: "signet", type: "Event", payload: PAYLOAD },
    isRight: ({ status, payload }) => status === 202 && !payload,
  },
  {
    what: "DryRun",
    step: { name: "signet", type: "DryRun", payload: PAYLOAD },
    isRight: ({ status, payload }) => status === 204 && !payload,
  },
  {
    what: "the tail of the log",
    step: { name: "signet", tail: true, payload: PAYLOAD },
    isRight: ({ log }) =>
      Buffer.from(log ?? "", "base64")
        .toString()
        .startsWith("START RequestId: "),
  },
];

/**
 * @param {ReadonlySet<string>} usable the toolchains that are there
 * @returns {Promise<{ passed: number, failures: string[] }>}
 */
export async function invokeByClients(usable) {
  const { createVerifier } = await import(dist);
  return withServed(["--dev"], async ({ url }) => {
    const keys = await (await fetch(`${url}/.well-known/jwks.json`)).json();
    const { verify } = createVerifier({ keys, issuer: ISSUER, audience: null });
    const clients = CLIENTS.filter(({ toolchain }) => usable.has(toolchain));
    const judged = clients.map((client) => judge(client, url, verify));
    return { passed: judged.reduce((sum, { passed }) => sum + passed, 0), failures: judged.flatMap(({ failures }) => failures) };
  });
}

function judge(client, endpoint, verify) {
  const [command, ...args] = commandOf({ ...client, node: nodes()[0] });
  const input = JSON.stringify({ endpoint, steps: STEPS.map(({ step }) => step) });
  let answers;
  try {
    answers = JSON.parse(execFileSync(command, args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] }));
  } catch (error) {
    return { passed: 0, failures: [`${client.name} could not be run: ${String(error.stderr ?? error.message).slice(-500)}`] };
  }
  const failures = STEPS.flatMap(({ what, isRight }, index) => (isTrue(() => isRight(answers[index], verify)) ? [] : [what]));
  process.stdout.write(`${client.name}: ${STEPS.length - failures.length} of ${STEPS.length} invocations as they should be\n`);
  return { passed: STEPS.length - failures.length, failures: failures.map((what) => `${client.name}: ${what}`) };
}

function isTrue(question) {
  try {
    return question() === true;
  } catch {
    return false;
  }
}
