/**
 * API Gateway, as far as an authorizer's identity sources go (developer guide: "Identity sources" of HTTP APIs, "Identity sources" of
 * Lambda authorizers of REST and WebSocket APIs). It shares no code with the product.
 */

/**
 * What a source is of a request.
 *
 * @param {string} expression
 * @param {{ headers: Record<string, string>, query: Record<string, string>, routeKey: string }} request
 * @returns {string | undefined} absent or empty, and the authorizer is not asked: 401
 */
export function sourceOf(expression, { headers, query, routeKey }) {
  if (expression === "$context.routeKey") return routeKey;
  const found = /^(?:\$request|route\.request|method\.request)\.(header|querystring)\.(.+)$/.exec(expression);
  if (found === null) throw new Error(`the source ${expression} is not played`);
  const [, kind, name = ""] = found;
  // "Header names are case-insensitive. Query string names are case-sensitive."
  if (kind === "querystring") return query[name];
  return Object.entries(headers).find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
}

/**
 * The event that an authorizer of `AWS::ApiGatewayV2::Authorizer` or `AWS::ApiGateway::Authorizer` gets.
 *
 * @param {Record<string, any>} authorizer its properties, resolved
 * @param {{ headers: Record<string, string>, query: Record<string, string>, routeKey: string, arn: string }} request
 * @returns {object | undefined} nothing where a source is missing
 */
export function authorizerEvent(authorizer, request) {
  const sources = [authorizer.IdentitySource].flat().map((each) => sourceOf(each, request));
  if (sources.some((each) => each === undefined || each === "")) return undefined;
  const { headers, query, routeKey, arn } = request;
  if (authorizer.Type === "TOKEN") return { type: "TOKEN", authorizationToken: sources[0], methodArn: arn };
  const parts = { type: "REQUEST", headers, queryStringParameters: query, requestContext: { apiId: "api", stage: "live" } };
  if (authorizer.AuthorizerPayloadFormatVersion !== "2.0") return { ...parts, methodArn: arn };
  const small = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { ...parts, version: "2.0", headers: small, routeArn: arn, routeKey, identitySource: sources };
}
