import { deepEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { localSigner } from "../../../src/algorithms/signature.js";
import { createIssuer, type ImmediateIssuer } from "../../../src/issue/issuer.js";
import { createAuthorizer } from "../../../src/lambda/authorizer/authorizer.js";
import { answerOf, readAuthorizerEvent } from "../../../src/lambda/authorizer/authorizer-event.js";
import { routeRules } from "../../../src/lambda/authorizer/route-rules.js";
import { createDecoderHandler } from "../../../src/lambda/decoder/decoder.js";
import { createHandler } from "../../../src/lambda/issuer/issuer.js";
import { isResourceRequest, readResourceRequest } from "../../../src/lambda/key-manager/custom-resource.js";
import { createKeyManager } from "../../../src/lambda/key-manager/key-manager.js";
import { perform } from "../../../src/lambda/key-manager/request.js";
import { isRotationStep, rotateSecret } from "../../../src/lambda/key-manager/secret-rotation.js";
import { httpProblem, isHttpEvent, readHttpEvent } from "../../../src/lambda/shared/http-event.js";
import { issueWellRead } from "../../../src/lambda/shared/parsed-event.js";
import type { CoreManager } from "../../../src/rotation/manager.js";
import { authorize } from "../../../src/verify/authorize.js";
import { createVerifier } from "../../../src/verify/create-verifier.js";
import { eventHeader } from "../../../src/verify/event-header.js";
import { keyringFor } from "../../contracts/keyring-fixture.js";
import {
  authorizerEvent,
  decodeEvent,
  httpEvent,
  KID,
  managerEvent,
  resourceEvent,
  rotationEvent,
  STACK,
  secretAnswers,
  verifiedClaims,
} from "../grammar/events.js";
import { keys } from "../grammar/keys.js";
import { INHERITED, ISSUER, issuing, json, name, PRIVATE_VALUE } from "../grammar/words.js";
import { judgeError, judgeLine, ours } from "../judge.js";
import { target } from "../target.js";

const signer = localSigner({ privateKey: keys.ed, alg: "EdDSA", kid: KID });
const verifier = createVerifier({ keys: { keys: [signer.publicJwk] }, issuer: ISSUER, audience: null });
const context = { awsRequestId: "r", invokedFunctionArn: "arn:aws:lambda:eu-central-1:111122223333:function:f" };
const LOG = { AWS_LAMBDA_LOG_FORMAT: "JSON", AWS_LAMBDA_LOG_LEVEL: "DEBUG", AWS_REGION: "eu-central-1" };
const write = (line: string) => judgeLine(line);

/** An invocation that fails says so by an error whose name is the code. */
async function invoked<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: Error) => {
    ok(error instanceof Error && !error.stack?.includes("\n"), `an invocation shows where it failed: ${error?.stack}`);
    ok(error.name !== "internal" && error.name !== "TypeError", `an invocation failed unforeseen: ${error.stack}`);
    return undefined;
  });
}

const handler = createHandler({ ...LOG, SIGNET_INSTALLATION: "a", SIGNET_HTTP: "true" }, write);
const AUTHORIZER = { ...LOG, SIGNET_ISSUER: "http://127.0.0.1:9", SIGNET_AUDIENCE: "api", SIGNET_TOKEN_QUERY: "token" };
const authorizers = [AUTHORIZER, { ...AUTHORIZER, SIGNET_ROUTES: '{"GET /a":"b"}', SIGNET_AUTHORIZER_RESPONSE: "policy" }].map(
  (env) => createAuthorizer(env, write),
);
const rules = routeRules({ "GET /orders/{id}": "orders:read", "* /health": [] });
const decode = createDecoderHandler({ ...LOG, SIGNET_DECODE_HOSTS: "idp.invalid" }, write);
const done = async () => ({ actions: [], blockedBy: null, alerts: [], waits: [], nextAt: null });
const manager = { tick: done, rotate: done, revoke: done, applySettings: done, explain: done } as unknown as CoreManager;
/** It belongs to no stack, so that it calls nobody. */
const manage = createKeyManager(
  { ...LOG, SIGNET_INSTALLATION: "a", SIGNET_KEYRING: "s3://a/b", AWS_ENDPOINT_URL: "http://127.0.0.1:9" },
  write,
);
const trust = { region: "eu-central-1", stackId: STACK, responseEndpoint: undefined };

/** What API Gateway takes as a context: anything else, and it refuses the whole answer. */
function assertFlat(context: object): void {
  for (const value of Object.values(context))
    ok(["string", "number", "boolean"].includes(typeof value), `a context holds ${typeof value}`);
}

const HTTP_TARGETS = [
  target("an event of the issuer's function", fc.oneof(issuing, httpEvent), async (event) => {
    const answer = await invoked(handler(event, context));
    if (answer === undefined) return;
    // What is right stops at the key, which nobody may read here.
    ok(!JSON.stringify(answer).includes('"internal"') && !/"token":/.test(JSON.stringify(answer)));
    if ("statusCode" in answer) ok(answer.statusCode >= 400, `an answer of ${answer.statusCode}`);
  }),
  target("an event over HTTP, read for its route", httpEvent, async (event) => {
    if (!isHttpEvent(event)) return;
    const read = await ours(() => readHttpEvent(event, ["/issue", "/encode"]));
    if (read !== undefined) ok(["/issue", "/encode"].includes(read.route));
  }),
  target("a header of an event", fc.tuple(httpEvent, name), ([event, wanted]) => {
    const found = eventHeader(
      event === null || typeof event !== "object" ? {} : (event as object as Record<string, unknown>),
      wanted.toLowerCase(),
    );
    ok(found === undefined || typeof found === "string");
  }),
  target("names in a parsed event", fc.tuple(fc.array(issuing, { maxLength: 3 }), name), async ([requests, odd]) => {
    const issuer = createIssuer({ signer });
    const many = { issueMany: (all: never) => issuer.issueMany(all) } as unknown as ImmediateIssuer;
    const all = [...requests, { claims: Object.fromEntries([[odd, 1]]) }] as never[];
    const results = (await ours(() => issueWellRead(many, all))) ?? [];
    ok(results.length === all.length || all.length > 1_000);
    for (const each of results) if ("error" in each) ok(each.error.code !== "internal", JSON.stringify(each));
  }),
  target("a failure as an answer over HTTP", json, (thrown) => {
    const { statusCode, body } = httpProblem(thrown);
    ok(statusCode === 500 && JSON.parse(body).code === "internal");
  }),
  target("an event of a handler that `authorize` guards", fc.oneof(httpEvent, json), async (event) => {
    const guarded = authorize(verifier, () => "passed");
    deepEqual(((await guarded(event as never, {})) as { statusCode: number }).statusCode, 401);
  }),
  target("a request to decode", decodeEvent, async (event) => {
    ok((await decode(event, context)).statusCode >= 400);
  }),
];

const AUTHORIZER_TARGETS = [
  target("an event of the authorizer", fc.oneof(authorizerEvent, json), async (event) => {
    for (const each of authorizers) {
      const failure = await each(event, context).then(
        () => new Error("it passed"),
        (error: unknown) => error,
      );
      if ((failure as Error).name === "SignetError") judgeError(failure);
      else
        ok(
          /^(Unauthorized|the authorizer cannot verify now)$/.test((failure as Error).message),
          String((failure as Error).stack),
        );
    }
  }),
  target(
    "the answer of the authorizer",
    fc.tuple(authorizerEvent, verifiedClaims, fc.boolean(), fc.boolean()),
    async ([event, made, simple, isRefused]) => {
      const request = await ours(() => readAuthorizerEvent(event, { header: "authorization", query: "token" }));
      if (request === undefined) return;
      const verified = isRefused ? undefined : ({ header: { alg: "EdDSA", kid: KID }, claims: made } as never);
      for (const routes of [undefined, rules]) {
        const answer = await ours(() => answerOf(request, verified, { simple, routes, claims: undefined, now: 0 }));
        if (answer !== undefined) assertFlat((answer as { context?: object; resolverContext?: object }).context ?? {});
      }
    },
  ),
];

const manyProperties = fc.dictionary(fc.constantFrom(...INHERITED, "a"), json, { maxKeys: 2 });

const MANAGER_TARGETS = [
  target("an event of the key manager", fc.oneof(managerEvent, json), (event) => ours(() => perform(manager, event))),
  target("an event of the key manager's function, which it refuses", fc.oneof(resourceEvent, managerEvent), async (event) => {
    const { action, Step, "detail-type": kind } = (event ?? {}) as Record<string, unknown>;
    // What is right would begin to work.
    if (isResourceRequest(event) || (action !== undefined && Step === undefined && kind === undefined && !isKnown(action)))
      deepEqual(await invoked(manage(event, { ...context, getRemainingTimeInMillis: () => 60_000 })), undefined);
  }),
  target("a request of CloudFormation's", fc.tuple(resourceEvent, manyProperties), async ([event, more]) => {
    if (!isResourceRequest(event)) return;
    const read = await ours(() => readResourceRequest({ ...more, ...event }, trust));
    if (read === undefined) return;
    deepEqual(read.StackId, STACK);
    ok(new URL(read.ResponseURL).hostname.endsWith(".amazonaws.com"));
  }),
  target("a step of Secrets Manager's", fc.tuple(rotationEvent, secretAnswers), async ([event, answers]) => {
    if (!isRotationStep(event)) return;
    const call = async () => ({ status: 200, headers: {}, body: JSON.stringify(answers) });
    const keyring = { ...keyringFor([]), activation: null };
    const stores = {
      keyring: { read: async () => ({ keyring, tag: "1" }) },
      active: { read: async () => [] },
      publicDocuments: { read: async () => undefined },
    };
    const parts = { transport: { region: "eu-central-1", call }, stores, custodians: {} };
    // The secret that was named is told.
    const hidden = event.SecretId.includes(PRIVATE_VALUE) ? [] : [PRIVATE_VALUE];
    await ours(() => rotateSecret(event, manager, { installation: "a", now: () => 0, parts } as never), { hidden });
  }),
];

function isKnown(action: unknown): boolean {
  return ["tick", "rotate", "revoke", "migrate", "explain"].some((each) => each === action);
}

export const EVENT_TARGETS = [...HTTP_TARGETS, ...AUTHORIZER_TARGETS, ...MANAGER_TARGETS];
