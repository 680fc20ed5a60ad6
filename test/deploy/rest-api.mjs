/**
 * API Gateway, as far as the template's REST API goes (developer guide: "OpenAPI extensions", "Data mapping", "Integration response",
 * "Integration passthrough behaviors"). It shares no code with the product.
 */

/**
 * Plays a REST API of an OpenAPI document.
 *
 * @param {any} body the document, resolved
 * @param {{
 *   s3: (path: string, headers: Record<string, string>, role: string) => Promise<{ status: number, headers: Headers, text: string }>,
 *   invoke: (functionName: string, event: object) => Promise<{ statusCode: number, headers: Record<string, string>, body: string }>,
 *   variables: Record<string, string>,
 * }} backends
 */
export function restApi(body, { s3, invoke, variables }) {
  const { paths, components } = body;

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ headers?: Record<string, string>, text?: string, caller?: string, basePath?: string }} [request] `caller`: whose
   *   signature IAM has checked; `basePath`: of the domain by which it came
   * @returns {Promise<{ status: number, headers: Record<string, string>, text: string }>}
   */
  return async function call(method, path, { headers = {}, text = "", caller, basePath } = {}) {
    const operation = paths[path]?.[method.toLowerCase()];
    // Whatever is not defined is answered as if a signature were missing.
    if (operation === undefined) return { status: 403, headers: {}, text: '{"message":"Missing Authentication Token"}' };
    const isSigned = operation.security?.some((each) => "sigv4" in each) ?? false;
    if (isSigned && components.securitySchemes.sigv4["x-amazon-apigateway-authtype"] !== "awsSigv4")
      throw new Error("no such authorizer");
    if (isSigned && caller === undefined) return { status: 403, headers: {}, text: '{"message":"Missing Authentication Token"}' };
    const integration = operation["x-amazon-apigateway-integration"];
    if (integration.type === "aws_proxy") return proxied(integration, { method, path, headers, text, caller, basePath });
    if (integration.type === "aws") return mapped(operation, integration, headers);
    throw new Error(`integration ${integration.type} is not played`);
  };

  async function proxied({ uri, httpMethod }, { method, path, headers, text, caller, basePath }) {
    if (httpMethod !== "POST") throw new Error("Lambda is invoked by POST");
    const arn = /:lambda:path\/2015-03-31\/functions\/(.+)\/invocations$/.exec(uri)[1];
    const named = arn.replace(/\$\{stageVariables\.(\w+)\}/g, (_, name) => variables[name]);
    const event = {
      resource: path,
      // Behind a domain's base path it is the path that was sent.
      path: basePath === undefined ? path : `/${basePath}${path}`,
      httpMethod: method,
      headers,
      multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      requestContext: {
        resourcePath: path,
        httpMethod: method,
        stage: "v1",
        identity: { userArn: caller, sourceIp: "192.0.2.1" },
      },
      body: text,
      isBase64Encoded: false,
    };
    const answer = await invoke(named.split(":").at(-1), event);
    return { status: answer.statusCode, headers: answer.headers, text: answer.body };
  }

  async function mapped({ parameters = [], responses: declared }, integration, headers) {
    // "NEVER" refuses every content type without a template, and a request that names none has application/json.
    if (integration.passthroughBehavior === "never") return { status: 415, headers: {}, text: "" };
    const taken = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const sent = {};
    for (const [to, from] of Object.entries(integration.requestParameters ?? {})) {
      const [, wanted] = /^method\.request\.header\.(.+)$/.exec(from);
      if (!parameters.some((each) => each.in === "header" && each.name === wanted)) throw new Error(`${wanted} is not declared`);
      const value = taken[wanted.toLowerCase()];
      if (value !== undefined) sent[/^integration\.request\.header\.(.+)$/.exec(to)[1]] = value;
    }
    const [, path] = /^arn:[a-z-]+:apigateway:[a-z0-9-]+:s3:path\/(.+)$/.exec(integration.uri);
    const answer = await s3(path, sent, integration.credentials);
    // The pattern has to match the whole of the status code.
    const { responses } = integration;
    const pattern = Object.keys(responses).find(
      (each) => each !== "default" && new RegExp(`^(?:${each})$`).test(String(answer.status)),
    );
    const chosen = responses[pattern ?? "default"];
    const shape = declared[chosen.statusCode];
    if (shape === undefined) throw new Error(`the method declares no response ${chosen.statusCode}`);
    const [template] = Object.entries(chosen.responseTemplates ?? {});
    const told = template === undefined ? {} : { "content-type": template[0] };
    for (const [to, from] of Object.entries(chosen.responseParameters ?? {})) {
      const [, name] = /^method\.response\.header\.(.+)$/.exec(to);
      if (shape.headers?.[name] === undefined) throw new Error(`the method's ${chosen.statusCode} declares no header ${name}`);
      const own = /^'(.*)'$/.exec(from)?.[1];
      const value = own ?? answer.headers.get(/^integration\.response\.header\.(.+)$/.exec(from)[1]);
      if (value !== null) told[name.toLowerCase()] = value;
    }
    return { status: Number(chosen.statusCode), headers: told, text: template === undefined ? answer.text : template[1] };
  }
}
