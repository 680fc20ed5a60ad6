// AWS's SDK for JavaScript: does the invocations that stand on stdin, and prints what came of each.
import { readFileSync } from "node:fs";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

const { endpoint, steps } = JSON.parse(readFileSync(0, "utf8"));
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const client = new LambdaClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
const text = (bytes) => (bytes === undefined || bytes === null ? "" : Buffer.from(bytes).toString());

async function answerTo({ name, qualifier, type, tail, payload }) {
  const input = {
    FunctionName: name,
    Qualifier: qualifier,
    InvocationType: type,
    LogType: tail ? "Tail" : undefined,
    Payload: payload,
  };
  try {
    const { StatusCode, FunctionError, ExecutedVersion, LogResult, Payload } = await client.send(new InvokeCommand(input));
    return { status: StatusCode, functionError: FunctionError, version: ExecutedVersion, log: LogResult, payload: text(Payload) };
  } catch (error) {
    return { error: error.name, status: error.$metadata?.httpStatusCode };
  }
}

const answers = [];
for (const step of steps) answers.push(await answerTo(step));
process.stdout.write(JSON.stringify(answers));
