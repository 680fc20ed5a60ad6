import { parseJson } from "../encoding/json-names.js";
import { AwsFailure } from "./failure.js";
import type { Transport } from "./transport.js";

/** What an invoked function has answered: a value, or what it has thrown. */
export type InvokeAnswer = { readonly value: unknown } | { readonly thrown: unknown };

/**
 * Invokes a function, or an alias of it, and waits for its answer (Lambda API reference, "Invoke").
 *
 * @param functionArn without an alias
 * @throws AwsFailure that says what to do; `aws_unavailable` for an answer that is no JSON
 */
export async function invokeFunction(
  transport: Transport,
  functionArn: string,
  event: object,
  alias?: string,
): Promise<InvokeAnswer> {
  const resource = alias ? `${functionArn}:${alias}` : functionArn;
  const { headers, body } = await transport.call({
    service: "lambda",
    action: "lambda:InvokeFunction",
    resource,
    method: "POST",
    path: `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`,
    ...(alias && { query: { Qualifier: alias } }),
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
  });
  const answer = parsed(body, resource);
  // Lambda answers 200 as well where the function has thrown.
  return headers["x-amz-function-error"] === undefined ? { value: answer } : { thrown: answer };
}

/**
 * Makes sure that a function may be invoked, without invoking it.
 *
 * @throws AwsFailure that says what to do
 */
export async function assertInvocable(transport: Transport, functionArn: string): Promise<void> {
  await transport.call({
    service: "lambda",
    action: "lambda:InvokeFunction",
    resource: functionArn,
    method: "POST",
    path: `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`,
    headers: { "content-type": "application/json", "x-amz-invocation-type": "DryRun" },
    body: "{}",
  });
}

function parsed(body: string, resource: string): unknown {
  try {
    return parseJson(body);
  } catch (cause) {
    throw new AwsFailure("aws_unavailable", `lambda:InvokeFunction on ${resource}: the answer is no JSON`, "", cause);
  }
}
