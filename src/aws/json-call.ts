import { parseJson } from "../encoding/json-names.js";
import { AwsFailure } from "./failure.js";
import type { Transport } from "./transport.js";

const TARGETS = { kms: "TrentService", ssm: "AmazonSSM", secretsmanager: "secretsmanager", events: "AWSEvents" } as const;

/** Calls one action of a service that speaks AWS JSON 1.1. */
export type JsonCall = <T>(action: string, resource: string, input: object) => Promise<T>;

/** Binds a service of AWS JSON 1.1. */
export function jsonCalls(transport: Transport, service: keyof typeof TARGETS): JsonCall {
  return async <T>(action: string, resource: string, input: object): Promise<T> => {
    const called = { action: `${service}:${action}`, resource };
    const { body } = await transport.call({
      ...called,
      service,
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${TARGETS[service]}.${action}` },
      body: JSON.stringify(input),
    });
    try {
      return (body === "" ? {} : parseJson(body)) as T;
    } catch (error) {
      throw new AwsFailure(
        "aws_unavailable",
        `${called.action} on ${resource}: the answer is not JSON; is the endpoint AWS?`,
        "",
        error,
      );
    }
  };
}
