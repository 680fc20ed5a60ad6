import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

const lambda = new LambdaClient();

export async function handler() {
  const request = { claims: { sub: "alice", aud: "my-api" }, ttl: 300 };
  const asked = new InvokeCommand({ FunctionName: process.env.ISSUER, Payload: JSON.stringify(request) });
  const { FunctionError, Payload } = await lambda.send(asked);
  const answer = JSON.parse(Buffer.from(Payload).toString());
  if (FunctionError) throw new Error(`${answer.errorType}: ${answer.errorMessage}`);
  const response = await fetch("https://my-api.example/orders", { headers: { authorization: `Bearer ${answer.token}` } });
  return response.json();
}
