import { type Answer, type Example, readAnswer } from "./answer.js";
import type { Transport } from "./transport.js";

type JsonService = "kms" | "ssm" | "secretsmanager" | "events" | "logs";

const TARGETS: Readonly<Partial<Record<JsonService, string>>> = { kms: "TrentService", ssm: "AmazonSSM", events: "AWSEvents" };

/**
 * Calls one action of a service that speaks AWS JSON 1.1.
 *
 * @param example what of the answer is read
 * @throws AwsFailure
 */
export type JsonCall = <const E extends Example>(
  action: string,
  resource: string,
  input: object,
  example: E,
) => Promise<Answer<E>>;

/**
 * Binds a service of AWS JSON 1.1.
 *
 * @param target what the names of its actions follow in the header
 */
export function jsonCalls(transport: Transport, service: JsonService, target = TARGETS[service] ?? service): JsonCall {
  return async (action, resource, input, example) => {
    const called = `${service}:${action}`;
    const { body } = await transport.call({
      action: called,
      resource,
      service,
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${target}.${action}` },
      body: JSON.stringify(input),
    });
    return readAnswer(body, example, called, resource);
  };
}
