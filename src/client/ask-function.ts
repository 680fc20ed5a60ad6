import { AwsFailure } from "../aws/failure.js";
import { createTransport } from "../aws/transport.js";
import { parseJson } from "../encoding/json-names.js";
import { isObject } from "../encoding/object-schema.js";
import { invalidOption } from "../encoding/options.js";
import type { Ask, Asked } from "./ask.js";
import { type AwsIdentity, awsAccess } from "./identity.js";
import { thrownError } from "./refusal.js";

/** The issuer's function of Lambda. */
export interface IssuerFunction {
  /** Its name or ARN, with the alias that is the caller: `signet:web`, `arn:aws:lambda:eu-central-1:111122223333:function:signet:web`. */
  readonly lambda: string;
}

const FUNCTION =
  /^(?<name>(?:arn:aws[a-zA-Z-]*:lambda:(?<region>[a-z0-9-]+):\d{12}:function:)?[a-zA-Z0-9-_]{1,64})(?::(?<alias>\$LATEST|[a-zA-Z0-9-_]{1,128}))?$/;
/** A function may have to start, and its key to be read: a try that ends sooner would pay for a second token. */
const ATTEMPT_MS = 12_000;
const DEADLINE_MS = 25_000;

/**
 * Asks by invoking a function. Its connections are closed after each call: the next one is minutes away.
 *
 * @throws SignetError `config_invalid` for what is no name of a function
 */
export function askFunction({ lambda }: IssuerFunction, identity: AwsIdentity, request: Asked): Ask {
  const { name, region, alias } = (typeof lambda === "string" && FUNCTION.exec(lambda)?.groups) || {};
  if (name === undefined) throw invalidOption("from.lambda", "must be a function's name or ARN, with its alias: signet:web");
  const body = JSON.stringify(request);
  return async () => {
    const access = awsAccess(identity, region);
    const transport = createTransport({ ...access, attemptMs: ATTEMPT_MS, deadlineMs: DEADLINE_MS });
    try {
      const { headers, body: text } = await transport.call({
        service: "lambda",
        action: "lambda:InvokeFunction",
        resource: lambda,
        method: "POST",
        path: `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`,
        ...(alias !== undefined && { query: { Qualifier: alias } }),
        headers: { "content-type": "application/json" },
        body,
      });
      const answer = parsed(text, lambda);
      // Lambda answers 200 as well where the function has thrown.
      if (headers["x-amz-function-error"] !== undefined) throw thrownError(answer);
      if (!isObject(answer) || typeof answer.token !== "string") throw unfit(lambda);
      return { token: answer.token, issuersTimeMs: Date.parse(headers.date ?? "") || undefined };
    } finally {
      transport.close();
    }
  };
}

function parsed(text: string, resource: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw unfit(resource, cause);
  }
}

function unfit(resource: string, cause?: unknown): AwsFailure {
  const words = `lambda:InvokeFunction on ${resource}: the answer is no token; is this the issuer's function?`;
  return new AwsFailure("aws_unavailable", words, "", cause);
}
