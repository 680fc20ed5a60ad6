import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

const lambda = new LambdaClient();
const { FunctionError, Payload } = await lambda.send(
  new InvokeCommand({
    FunctionName: process.env.ISSUER_FUNCTION ?? "signet:web",
    Payload: JSON.stringify({ claims: { sub: "alice", aud: "my-api" }, ttl: 600 }),
  }),
);
const answer = JSON.parse(Payload.transformToString());
if (FunctionError) throw new Error(`${answer.errorType}: ${answer.errorMessage}`);
console.log(answer.token);
