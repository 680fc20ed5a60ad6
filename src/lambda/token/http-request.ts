import { isObject } from "../../encoding/object-schema.js";
import type { RequestContext } from "../../http/request-context.js";
import { eventHeader } from "../../verify/event-header.js";
import { bodyOf, type HttpAnswer, type HttpEvent } from "../shared/http-event.js";

/** What of a request's headers the routes look at. */
const HEADERS = ["content-type", "content-encoding", "authorization"];

/** What a header can hold (RFC 9110 section 5.5), one octet a character. */
const FIELD_VALUE = /^[\t -~\u0080-\u00ff]*$/;

/** An event as the routes of `http/` take it. What was sent twice, or no header can hold, is an empty text, which is none of what they expect. */
export function requestOf(event: HttpEvent, route: string, method: string): readonly [Request, RequestContext] {
  const headers = new Headers();
  for (const name of HEADERS) {
    const value = eventHeader(event, name);
    if (value !== undefined) headers.set(name, FIELD_VALUE.test(value) ? value.trim() : "");
  }
  const { requestContext: context } = event;
  const target = hasQuery(event) ? `${route}?` : route;
  return [
    new Request(`https://issuer.invalid${route}`, { method, headers }),
    { address: addressOf(context), target, body: Buffer.from(bodyOf(event) as string), log: {} },
  ];
}

/** An answer of the routes as API Gateway takes it. */
export async function eventAnswer(response: Response): Promise<HttpAnswer> {
  const body = await response.text();
  return { statusCode: response.status, headers: Object.fromEntries(response.headers), body, isBase64Encoded: false };
}

// What was asked there stands in logs of others: only that there was something is looked at.
function hasQuery({ queryStringParameters, rawQueryString }: HttpEvent): boolean {
  return (isObject(queryStringParameters) && Object.keys(queryStringParameters).length > 0) || Boolean(rawQueryString);
}

function addressOf({ identity, http }: HttpEvent["requestContext"]): string {
  const from = isObject(http) ? http.sourceIp : isObject(identity) ? identity.sourceIp : undefined;
  return typeof from === "string" ? from : "";
}
