import fc from "fast-check";
import { changed } from "./changes.js";
import { claims, issuing, json, likely, name, odd, PRIVATE_VALUE, text, tokens } from "./words.js";

export const KID = "own";
const token = tokens(KID);
const METHOD = "arn:aws:execute-api:eu-central-1:111122223333:abc123/prod/GET/orders/7";
const arn = fc.oneof({ weight: 3, arbitrary: fc.constant(METHOD) }, text);
const IDENTITY = "arn:aws:iam::111122223333:user/alice";
// AWS has checked who asks, and the log says who it was; what is acted on is told as well.
const userArn = fc.oneof({ weight: 3, arbitrary: fc.constant(IDENTITY) }, name);

/** Names of headers in several spellings, each once, several times, or of another type. */
const headers = fc.dictionary(
  fc.oneof(
    fc.constantFrom("authorization", "Authorization", "AUTHORIZATION", "content-type", "Content-Type", "sec-websocket-protocol"),
    name,
  ),
  fc.oneof(
    token.map((each) => `Bearer ${each}`),
    token.map((each) => `bearer, ${each}`),
    fc.constantFrom("application/json", "application/json; charset=utf-8", "text/plain"),
    text,
    odd,
  ),
  { maxKeys: 4 },
);
const JSON_TYPE = { "content-type": "application/json" };
const sentHeaders = headers.map((all) => ({ ...JSON_TYPE, ...all }));
const manyHeaders = sentHeaders.map((all) => Object.fromEntries(Object.entries(all).map(([each, value]) => [each, [value]])));

const bodyText = fc.oneof(
  fc.oneof(issuing, claims).map((value) => JSON.stringify(value)),
  text,
  fc.constant('{"claims":{"a":1,"a":2}}'),
);
const body = fc.oneof(
  bodyText,
  bodyText.map((each) => Buffer.from(each).toString("base64")),
);
const path = fc.constantFrom("/issue", "/encode", "/decode", "/prod/issue", "/issue/", "//issue", "/");
const shared = { headers: sentHeaders, body, isBase64Encoded: fc.boolean() };

/** Requests as a REST API, an HTTP API, a function URL and a load balancer send them to a function. */
export const httpEvent = changed(
  fc.oneof(
    likely({
      ...shared,
      resource: fc.constantFrom("/issue", "/{proxy+}", "/encode"),
      path,
      httpMethod: fc.constantFrom("POST", "GET"),
      multiValueHeaders: manyHeaders,
      queryStringParameters: fc.constant(null),
      pathParameters: fc.constantFrom(null, { proxy: "issue" }),
      requestContext: likely({ stage: fc.constantFrom("prod", "$default"), identity: likely({ userArn }) }),
    }),
    likely({
      ...shared,
      version: fc.constant("2.0"),
      routeKey: fc.constantFrom("POST /issue", "$default", "ANY /{proxy+}"),
      rawPath: path,
      rawQueryString: text,
      requestContext: likely({
        stage: fc.constantFrom("$default", "prod"),
        http: likely({ method: fc.constant("POST"), path }),
        authorizer: likely({ iam: likely({ userArn }) }),
      }),
    }),
    likely({
      ...shared,
      path,
      httpMethod: fc.constant("POST"),
      multiValueHeaders: manyHeaders,
      requestContext: fc.constant({
        elb: { targetGroupArn: "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/a/b" },
      }),
    }),
  ),
);

const sources = fc.array(
  fc.oneof(
    token.map((each) => `Bearer ${each}`),
    fc.constantFrom("GET /orders/{id}", "example.com"),
    text,
  ),
  { maxLength: 3 },
);

/** What invokes an authorizer: REST APIs, WebSocket APIs, HTTP APIs of both payload formats, AppSync. */
export const authorizerEvent = changed(
  fc.oneof(
    likely({ type: fc.constant("TOKEN"), authorizationToken: token.map((each) => `Bearer ${each}`), methodArn: arn }),
    likely({
      type: fc.constant("REQUEST"),
      version: fc.constantFrom("1.0", undefined),
      methodArn: arn,
      identitySource: fc.oneof(fc.constant(undefined), sources.map(String)),
      headers,
      multiValueHeaders: manyHeaders,
      queryStringParameters: likely({ token }),
      multiValueQueryStringParameters: likely({ token: fc.array(token, { maxLength: 2 }) }),
      requestContext: likely({ apiId: text, eventType: fc.constant("CONNECT") }),
    }),
    likely({
      type: fc.constant("REQUEST"),
      version: fc.constant("2.0"),
      routeArn: arn,
      routeKey: fc.constantFrom("GET /orders/{id}", "$default"),
      identitySource: fc.oneof(sources, sources.map(String)),
      headers,
      queryStringParameters: likely({ token }),
    }),
    likely({ authorizationToken: token, requestContext: likely({ apiId: text, accountId: text, operation: text }) }),
  ),
);

/** What a function for `/decode` is sent. */
export const decodeEvent = fc.oneof(
  likely({
    jwksUri: fc.oneof(
      fc.constantFrom("https://idp.example/", "http://127.0.0.1/", "file:///etc/passwd", "https://idp.example@x/"),
      text,
    ),
    token,
  }),
  httpEvent,
  json,
);

export const STACK = "arn:aws:cloudformation:eu-central-1:111122223333:stack/signet/5f2e7c10-aaaa-bbbb-cccc-000000000001";
const BUCKET = "https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com/a?b=c";

/** What CloudFormation asks of a custom resource. */
export const resourceEvent = changed(
  likely({
    RequestType: fc.constantFrom("Create", "Update", "Delete"),
    ResponseURL: fc.oneof(fc.constantFrom(BUCKET, "http://127.0.0.1:1/", "https://evil.example/"), text),
    StackId: fc.oneof({ weight: 4, arbitrary: fc.constant(STACK) }, text),
    RequestId: text,
    LogicalResourceId: text,
    ResourceType: fc.constantFrom("Custom::SignetKeys", "Custom::SignetComplete"),
    PhysicalResourceId: text,
    ResourceProperties: likely({ Callers: text, VerifiersAccept: fc.array(text), RotationToken: text, Formats: text }),
    OldResourceProperties: likely({ Callers: text, Version: text }),
  }),
);

/** A step of a rotation that Secrets Manager drives. */
export const rotationEvent = changed(
  likely({
    Step: fc.constantFrom("createSecret", "setSecret", "testSecret", "finishSecret"),
    SecretId: fc.oneof(fc.constant("arn:aws:secretsmanager:eu-central-1:111122223333:secret:signet/a/active-AbCdEf"), name),
    ClientRequestToken: fc.oneof(fc.constant("v1"), text),
    RotationToken: text,
  }),
);

/** The claims of a token that was verified: of the registered ones the verifier has checked the types. */
export const verifiedClaims = claims.map((all) => {
  const { exp, sub, ...rest } = all;
  return { ...rest, ...(typeof exp === "number" && { exp }), ...(typeof sub === "string" && { sub }) };
});

/** What Secrets Manager says of the secret that is rotated. */
export const secretAnswers = likely({
  Name: fc.oneof({ weight: 3, arbitrary: fc.constant("signet/a/active") }, text),
  VersionIdsToStages: fc.dictionary(
    fc.constantFrom("v1", "v0", "__proto__"),
    fc.oneof(fc.constant(["AWSPENDING"]), fc.constant(["AWSCURRENT"]), json),
  ),
  SecretString: fc.oneof(fc.constant(`{"kid":"${KID}"}`), fc.constant(`{"kid":"${PRIVATE_VALUE}"}`), text),
});

/** What a schedule or an operator asks of the key manager. */
export const managerEvent = changed(
  fc.oneof(
    likely({
      action: fc.constantFrom("tick", "rotate", "revoke", "migrate", "explain"),
      dryRun: fc.boolean(),
      kid: text,
      reason: text,
      algorithm: fc.oneof(fc.constant("ES256"), text),
      custody: fc.oneof(fc.constantFrom("kms", "file"), text),
      verifiersAccept: fc.array(fc.oneof(fc.constant("RS256"), text)),
    }),
    likely({ "detail-type": fc.constant("Scheduled Event"), source: fc.constant("aws.events"), detail: json }),
    likely({ Records: fc.array(json) }),
  ),
);
