import { issuerPath } from "../encoding/issuer-path.js";
import type { ObjectSchema } from "../encoding/object-schema.js";
import { ownMember } from "../encoding/own-member.js";
import { BATCH_REQUEST, ISSUE_REQUEST } from "../issue/request.js";
import { GRANT_TYPES } from "../keyring/documents.js";
import { MAX_PROOF_LENGTH } from "../trust/key-set.js";
import { DECODE_REQUEST } from "../verify/decode-request.js";
import { ANSWERS, REQUESTS, type RequestExamples } from "./openapi-examples.js";
import { CLIENT_ASSERTION } from "./token-endpoint/client-authentication.js";
import { ISSUED, TAKEN } from "./token-endpoint/exchange.js";
import { VERIFY_REQUEST } from "./verify.js";

const TOKEN = { type: "string", description: "A JWT in compact form (RFC 7519)." };
const CODE = { type: "string", description: "The stable name of the failure." };

const PROBLEM = {
  type: "object",
  description: "A failure (RFC 9457).",
  required: ["type", "title", "status", "detail", "code"],
  properties: {
    type: { const: "about:blank" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: CODE,
    field: { type: "string", description: "The path of the member at fault." },
  },
};

const JWKS = {
  type: "object",
  required: ["keys"],
  properties: { keys: { type: "array", maxItems: 10, items: { type: "object", required: ["kty", "use", "alg", "kid"] } } },
};

const PROOF = { type: "string", maxLength: MAX_PROOF_LENGTH };
const TARGETS = { type: ["string", "array"], items: { type: "string" } };

const SCHEMAS = {
  IssueRequest: inWords(ISSUE_REQUEST, {
    claims: "The claims that are asked for (RFC 7519 section 4).",
    ttl: "Life of the token in seconds; sets exp.",
    setIat: "Sets iat to the present.",
    setJti: "Sets jti to a random UUID.",
    setNbf: "Sets nbf to the present.",
    typ: "The header's typ: JWT, or one that the limits list.",
  }),
  BatchRequest: inWords(BATCH_REQUEST, {
    requests: "Each an IssueRequest. What is answered is in the same order, with an error for each that is refused.",
  }),
  VerifyRequest: VERIFY_REQUEST,
  DecodeRequest: DECODE_REQUEST,
  Problem: PROBLEM,
  Jwks: JWKS,
  IssuedToken: object({ token: TOKEN }),
  BatchAnswer: object({
    results: {
      type: "array",
      items: {
        oneOf: [
          object({ token: TOKEN }),
          object({ error: object({ code: CODE, message: { type: "string" }, field: { type: "string" } }, ["code", "message"]) }),
        ],
      },
    },
  }),
  VerifiedToken: object({ header: { type: "object" }, claims: { type: "object" } }),
  AccessToken: object(
    {
      access_token: TOKEN,
      issued_token_type: { enum: ISSUED, description: "Of a token exchange (RFC 8693 section 2.2.1)." },
      token_type: { const: "Bearer" },
      expires_in: { type: "integer", minimum: 1 },
      scope: { type: "string" },
    },
    ["access_token", "token_type", "expires_in"],
  ),
  OAuthError: object({ error: { type: "string" }, error_description: { type: "string" } }),
  Status: object({ status: { type: "string" } }),
  TokenRequest: object(
    {
      grant_type: { enum: GRANT_TYPES },
      client_id: { type: "string", description: "The caller. Beside a token that proves several, it chooses among them." },
      client_secret: { type: "string", description: "Its secret (client_secret_post)." },
      client_assertion_type: { const: CLIENT_ASSERTION },
      client_assertion: { ...PROOF, description: "Instead of a secret: a token that proves the caller (RFC 7523 section 2.2)." },
      assertion: {
        ...PROOF,
        description: "The grant jwt-bearer: a token that proves the caller, and is the grant (RFC 7523 section 2.1).",
      },
      subject_token: { ...PROOF, description: "The grant token-exchange: the token of the subject (RFC 8693 section 2.1)." },
      subject_token_type: { enum: TAKEN },
      actor_token: { ...PROOF, description: "The token of the party that acts for the subject." },
      actor_token_type: { enum: TAKEN },
      requested_token_type: { enum: ISSUED },
      audience: { ...TARGETS, description: "Whom the token is for. It is repeated in a token exchange alone." },
      resource: { ...TARGETS, description: "Whom the token is for, as a URI (RFC 8707). It may be repeated." },
      scope: { type: "string", description: "Names with one space between them." },
    },
    ["grant_type"],
  ),
};

const EXAMPLES: ReadonlyMap<string, object> = new Map(Object.entries(ANSWERS));
const DESCRIBED = Object.fromEntries(
  Object.entries(SCHEMAS).map(([name, schema]) => [name, withExample(schema, EXAMPLES.get(name))]),
);

/** What the operations are about, in the order in which they are shown. */
const TAGS = [
  { name: "tokens", description: "Tokens are issued to callers and OAuth 2.0 clients, and verified for callers." },
  { name: "documents", description: "What verifiers and clients read. They are everybody's, with ETag and times for caches." },
  { name: "operation", description: "Health, and metrics." },
] as const;

type Tag = (typeof TAGS)[number]["name"];

/**
 * The API's description: OpenAPI 3.1, from the schemas that requests are checked by.
 *
 * @param issuer its URL, below whose path the API is
 */
export function openApiDocument(version: string, issuer?: string): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "Signet",
      version,
      description: "Issues and verifies JSON Web Tokens.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: issuerPath(issuer) || "/" }],
    tags: TAGS,
    paths: { ...tokenPaths(), ...documentPaths(), ...healthPaths() },
    components: {
      schemas: DESCRIBED,
      securitySchemes: {
        caller: {
          type: "http",
          scheme: "bearer",
          description: "A caller's secret, as `signet callers add` showed it, or a JWT that proves it.",
        },
        client: { type: "http", scheme: "basic", description: "The caller's name and secret (client_secret_basic)." },
      },
    },
  };
}

function tokenPaths(): object {
  const issue = { oneOf: [ref("IssueRequest"), ref("BatchRequest")] };
  const issued = { oneOf: [ref("IssuedToken"), ref("BatchAnswer")] };
  return {
    "/issue": { post: byCaller("issue", "Issue a token, or a batch of them.", issue, issued) },
    "/encode": {
      post: byCaller(
        "encode",
        "Issue a token for a day from claims as they are; userId becomes sub.",
        { type: "object" },
        ref("IssuedToken"),
      ),
    },
    "/verify": { post: byCaller("verify", "Verify a token of this issuer.", ref("VerifyRequest"), ref("VerifiedToken")) },
    "/decode": {
      post: byCaller("decode", "The claims of a token, by the JWKS at a URL.", ref("DecodeRequest"), { type: "object" }),
    },
    "/authorize": { get: notThere("authorize"), post: notThere("authorizeByForm") },
    "/token": {
      post: {
        operationId: "token",
        tags: ["tokens"],
        summary: "OAuth 2.0: client credentials (RFC 6749 section 4.4), a JWT as grant (RFC 7523), token exchange (RFC 8693).",
        security: [{ client: [] }, {}],
        requestBody: {
          required: true,
          content: { "application/x-www-form-urlencoded": body(ref("TokenRequest"), REQUESTS.token) },
        },
        responses: {
          ...answer("200", "The access token.", ref("AccessToken")),
          ...failures(["400", "401", "413", "415", "429", "500", "503"], "application/json", ref("OAuthError")),
        },
      },
    },
  };
}

function documentPaths(): object {
  return {
    "/.well-known/jwks.json": {
      get: open("documents", "jwks", "The public keys (RFC 7517).", {
        ...answer("200", "The keys.", ref("Jwks"), ["application/json", "application/jwk-set+json"]),
        ...notModified(),
        ...problems("404"),
      }),
    },
    "/.well-known/openid-configuration": {
      get: open("documents", "discovery", "OpenID Connect discovery.", {
        ...answer("200", "The issuer's metadata.", { type: "object", required: ["issuer", "jwks_uri"] }),
        ...notModified(),
        ...problems("404"),
      }),
    },
    "/.well-known/oauth-authorization-server": {
      get: open("documents", "oauthMetadata", "OAuth 2.0 metadata (RFC 8414).", {
        ...answer("200", "Where clients get tokens.", { type: "object", required: ["issuer", "token_endpoint"] }),
        ...notModified(),
        ...problems("404"),
      }),
    },
    "/openapi.json": {
      get: open("documents", "openapi", "This document.", {
        ...answer("200", "OpenAPI 3.1.", { type: "object" }),
        ...notModified(),
      }),
    },
  };
}

function healthPaths(): object {
  const metrics = { "200": { description: "The metrics.", content: { "text/plain": { schema: { type: "string" } } } } };
  return {
    "/healthz": { get: open("operation", "healthz", "Whether the process lives.", answer("200", "It does.", ref("Status"))) },
    "/readyz": {
      get: open("operation", "readyz", "Whether a key can sign and is published.", {
        ...answer("200", "It can.", ref("Status")),
        ...problems("500", "503"),
      }),
    },
    "/metrics": {
      get: {
        operationId: "metrics",
        tags: ["operation"],
        summary: "Metrics in Prometheus's format.",
        security: [{ caller: [] }],
        responses: { ...metrics, ...problems("401", "403", "429", "500") },
      },
    },
  };
}

function byCaller(
  operationId: "issue" | "encode" | "verify" | "decode",
  summary: string,
  request: object,
  answered: object,
): object {
  return {
    operationId,
    tags: ["tokens"],
    summary,
    security: [{ caller: [] }],
    requestBody: { required: true, content: { "application/json": body(request, REQUESTS[operationId]) } },
    responses: {
      ...answer("200", "Done.", answered),
      ...problems("400", "401", "403", "413", "415", "429", "500", "501", "502", "503"),
    },
  };
}

function notThere(operationId: string): object {
  return open("tokens", operationId, "Nothing: metadata names it, since some clients refuse what does not.", {
    ...failures(["400"], "application/json", ref("OAuthError")),
  });
}

function open(tag: Tag, operationId: string, summary: string, responses: object): object {
  return { operationId, tags: [tag], summary, security: [], responses };
}

function body(schema: object, examples: RequestExamples): object {
  return { schema, examples };
}

function withExample(schema: object, example: object | undefined): object {
  return example === undefined ? schema : { ...schema, examples: [example] };
}

function object(properties: Readonly<Record<string, object>>, required = Object.keys(properties)): object {
  return { type: "object", required, properties };
}

// The words are not part of what checks a request: the function that signs carries that.
function inWords(schema: ObjectSchema, words: Readonly<Record<string, string>>): object {
  const members = Object.entries(schema.properties).map(([name, member]) => [
    name,
    { ...member, description: ownMember(words, name) },
  ]);
  return { ...schema, properties: Object.fromEntries(members) };
}

function ref(name: keyof typeof SCHEMAS): object {
  return { $ref: `#/components/schemas/${name}` };
}

function answer(
  status: `${number}`,
  description: string,
  schema: object,
  types: readonly string[] = ["application/json"],
): object {
  return { [status]: { description, content: Object.fromEntries(types.map((type) => [type, { schema }])) } };
}

function notModified(): object {
  return { "304": { description: "As the sender of If-None-Match has it." } };
}

function problems(...statuses: readonly `${number}`[]): object {
  return failures(statuses, "application/problem+json", ref("Problem"));
}

function failures(statuses: readonly `${number}`[], type: string, schema: object): object {
  return Object.assign({}, ...statuses.map((status) => answer(status, "It failed.", schema, [type])));
}
