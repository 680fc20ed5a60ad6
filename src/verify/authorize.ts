import { isObject } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import { type BearerOptions, bearerGuard } from "./bearer.js";
import { eventHeader } from "./event-header.js";
import type { VerifiedToken, Verifying } from "./verifier.js";

/** What API Gateway (REST and HTTP APIs) and function URLs take as an answer. */
interface ProxyAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Wraps a Lambda function's handler: it is called with a token that was verified; a request with none, or a bad one, gets the answer of
 * RFC 6750, in the form that API Gateway and function URLs take.
 *
 * @example
 * ```ts
 * import { authorize, createVerifier } from "signet-jwt/verify";
 *
 * const verifier = createVerifier({ issuer: "https://issuer.example", audience: "api" });
 * export const handler = authorize(verifier, async (_event: { rawPath?: string }, _context: object, { claims }) => ({
 *   statusCode: 200,
 *   body: JSON.stringify({ hello: claims.sub }),
 * }));
 * console.log((await handler({ rawPath: "/" }, {})).statusCode); // 401
 * ```
 *
 * @param verifier over keys at hand, or one that follows its issuers' keys; made once, outside the handler
 * @param handler the function's own, which gets the token as its third argument
 */
export function authorize<Event extends object, Context, Answer>(
  verifier: Verifying,
  handler: (event: Event, context: Context, token: VerifiedToken) => Answer | Promise<Answer>,
  options: BearerOptions = {},
): (event: Event, context: Context) => Promise<Answer | ProxyAnswer> {
  if (typeof handler !== "function") {
    throw new SignetError("config_invalid", "authorize takes the function's handler, behind the verifier", { field: "handler" });
  }
  const guard = bearerGuard(verifier, options);
  return async (event, context) => {
    const { token, refusal } = await guard(isObject(event) ? eventHeader(event, "authorization") : undefined);
    if (refusal === undefined) return handler(event, context, token);
    return { statusCode: refusal.status, headers: refusal.headers, body: refusal.body };
  };
}
