import { type Answer, type Example, readAnswer } from "./answer.js";
import type { Transport } from "./transport.js";

const TARGETS = { kms: "TrentService", ssm: "AmazonSSM", secretsmanager: "secretsmanager", events: "AWSEvents" } as const;

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

/** Binds a service of AWS JSON 1.1. */
export function jsonCalls(transport: Transport, service: keyof typeof TARGETS): JsonCall {
  return async (action, resource, input, example) => {
    const called = `${service}:${action}`;
    const { body } = await transport.call({
      action: called,
      resource,
      service,
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${TARGETS[service]}.${action}` },
      body: JSON.stringify(input),
    });
    return readAnswer(body, example, called, resource);
  };
}
