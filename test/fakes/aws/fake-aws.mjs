/**
 * AWS as strict as its documentation: KMS, Parameter Store, Secrets Manager, S3 and more over real HTTP, with state, faults on request and
 * a record of every call. It shares no code with the product.
 */
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { signDigest, verifyAs } from "./digest-signing.mjs";
import { answerDirectly, answerNoMore } from "./direct.mjs";
import { createEventsFake } from "./events.mjs";
import { createFaults } from "./faults.mjs";
import { createIamFake } from "./iam.mjs";
import { createKmsFake } from "./kms.mjs";
import { createLag } from "./lag.mjs";
import { createLambdaFake } from "./lambda.mjs";
import { createLogsFake } from "./logs.mjs";
import { createOutages } from "./outages.mjs";
import { createQueryFake } from "./query.mjs";
import { Refusal } from "./refusal.mjs";
import { createS3Fake } from "./s3.mjs";
import { createSecretsManagerFake } from "./secrets-manager.mjs";
import { signerOf } from "./signature.mjs";
import { createSsmFake } from "./ssm.mjs";

export const FAKE_CREDENTIALS = Object.freeze({
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
});

const TARGETS = {
  TrentService: "kms",
  AmazonSSM: "ssm",
  secretsmanager: "secretsmanager",
  AWSEvents: "events",
  Logs_20140328: "logs",
};

/**
 * @param {{ region?: string, accountId?: string, partition?: string, now?: () => number, latencyMs?: number, port?: number, tls?: { key: string, cert: string },
 *   credentials?: readonly { accessKeyId: string, secretAccessKey: string, sessionToken?: string, expired?: boolean, allows?: readonly string[] | ((call: { action: string, resource: string, context: Record<string, string> }) => boolean) }[],
 *   rates?: Record<string, number>, isDirect?: boolean }} [options] `isDirect`: calls from this process go without a wire;
 *   `rates`: calls a second, by action; `allows`: the actions that somebody may call, or who decides by action, resource and condition keys
 */
export async function startFakeAws(options = {}) {
  const {
    region = "eu-central-1",
    accountId = "111122223333",
    partition = "aws",
    now = () => Date.now(),
    latencyMs = 0,
    port = 0,
    tls,
    credentials = [FAKE_CREDENTIALS],
    rates = {},
    isDirect = false,
  } = options;
  const keyUses = [];
  let caller;
  const lag = createLag(now);
  const outages = createOutages();
  const { needKms } = outages;
  const world = { lag, region, accountId, partition, now, signDigest, verifyAs, useKey, needKms };
  const json = {
    kms: createKmsFake(world),
    ssm: createSsmFake(world),
    secretsmanager: createSecretsManagerFake(world),
    events: createEventsFake(world),
    logs: createLogsFake(world),
  };
  const s3 = createS3Fake(world);
  const lambda = createLambdaFake(world);
  const iam = createIamFake(world);
  const query = createQueryFake(accountId);
  const faults = createFaults();
  const calls = [];
  const buckets = new Map();
  let stop = { left: 0, before: true, act: () => undefined };

  function serviceOf(request) {
    const { headers, url } = request;
    const target = headers["x-amz-target"];
    if (target !== undefined) return TARGETS[target.split(".")[0]];
    if (iam.isRoute(request)) return "iam";
    return query.serviceOf(request) ?? (lambda.isRoute(url) ? "lambda" : "s3");
  }

  function mayCall({ allows }, { action, resource }, { body, headers }) {
    if (typeof allows !== "function") return allows === undefined || allows.includes(action);
    const input = headers["x-amz-target"] === undefined ? {} : parsed(body);
    // An alias that is not there names no key, whose policy could be asked.
    if (action.startsWith("kms:") && resource.startsWith("alias/")) return true;
    const context = action.startsWith("kms:") ? json.kms.contextOf(input, resource) : s3.contextOf(action, headers);
    return allows({ action, resource, context });
  }

  // A service that encrypts with a key of the account's own does so in the caller's name (forward access sessions).
  function useKey(service, named, actions, encrypted) {
    const { id, arn } = usableKey(service, named, actions[0] === "Decrypt" ? "DecryptionFailure" : "EncryptionFailure");
    for (const action of actions.map((each) => `kms:${each}`)) {
      keyUses.push({ action, resource: arn, code: "", via: service });
      const isAllowed =
        typeof caller?.allows === "function"
          ? caller.allows({
              action,
              resource: arn,
              context: { "kms:ViaService": `${service}.${region}.amazonaws.com`, ...encrypted },
            })
          : caller?.allows?.includes(action) !== false;
      if (!isAllowed) throw new Refusal("AccessDeniedException", `not authorized to perform: ${action} on resource: ${id}`);
    }
  }

  // PutParameter and GetParameters, "InvalidKeyId"; CreateSecret and GetSecretValue, the two failures.
  function usableKey(service, named, failure) {
    try {
      return json.kms.usable(named, "ENCRYPT_DECRYPT");
    } catch {
      throw new Refusal(service === "ssm" ? "InvalidKeyId" : failure, `the key ${named} is not valid`);
    }
  }

  // A token bucket for each action, as API throttling is documented for EC2 and observed elsewhere.
  function throttle(action) {
    const perSecond = rates[action];
    if (perSecond === undefined) return;
    const bucket = buckets.get(action) ?? { tokens: perSecond, at: Date.now() };
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((Date.now() - bucket.at) * perSecond) / 1_000);
    bucket.at = Date.now();
    buckets.set(action, bucket);
    if (bucket.tokens < 1) {
      // S3 says it in its own way ("Optimizing Amazon S3 performance").
      if (action.startsWith("s3:")) throw new Refusal("SlowDown", "Please reduce your request rate.", 503);
      throw new Refusal(action.startsWith("iam:") ? "Throttling" : "ThrottlingException", "Rate exceeded");
    }
    bucket.tokens -= 1;
  }

  function prepared(request) {
    const [name, operation] = (request.headers["x-amz-target"] ?? "").split(".");
    const service = TARGETS[name];
    if (service === undefined) {
      const asked = query.serviceOf(request);
      if (asked !== undefined) return { service: asked, ...query.route(request) };
      if (iam.isRoute(request)) return { service: "iam", ...iam.route(request) };
      const [path, text = ""] = request.url.split("?");
      if (lambda.isRoute(path))
        return { service: "lambda", ...lambda.route({ ...request, path, query: new URLSearchParams(text) }) };
      return { service: "s3", ...s3.route({ ...request, path, query: new URLSearchParams(text) }) };
    }
    const input = parsed(request.body);
    const { actions, resourceOf } = json[service];
    if (request.headers["content-type"] !== "application/x-amz-json-1.1" || !Object.hasOwn(actions, operation))
      throw new Refusal("UnknownOperationException", "", 404);
    return {
      service,
      action: operation,
      resource: resourceOf(input),
      answer: () => ({
        status: 200,
        headers: { "content-type": "application/x-amz-json-1.1" },
        body: JSON.stringify(actions[operation](input) ?? {}),
      }),
    };
  }

  function answer(request, record) {
    const service = serviceOf(request);
    const who = signerOf(request, {
      service,
      region: service === "iam" ? iam.home : region,
      now: now() + faults.skewMs(),
      credentials,
    });
    const { action, resource, answer: carryOut } = prepared(request);
    Object.assign(record, { action: `${service}:${action}`, resource, who: who.accessKeyId });
    if (!mayCall(who, record, request)) {
      throw new Refusal(
        service === "s3" || service === "iam" ? "AccessDenied" : "AccessDeniedException",
        `User is not authorized to perform: ${record.action} on resource: ${resource}`,
        service === "s3" || service === "iam" ? 403 : 400,
      );
    }
    throttle(record.action);
    return () => {
      caller = who;
      return carryOut();
    };
  }

  // A connection of TLS cannot be reset by itself.
  const cutOff = ({ socket }) => (tls === undefined ? socket.resetAndDestroy() : socket.destroy());

  const listener = async (incoming, outgoing) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const request = { method: incoming.method, url: incoming.url, headers: incoming.headers, body: Buffer.concat(chunks) };
    const record = { action: "", resource: "", status: 0, code: "", at: now() };
    calls.push(record);
    if (latencyMs > 0) await wait(latencyMs);
    const isLast = stop.left > 0 && --stop.left === 0;
    if (isLast && stop.before) return stop.act();
    const service = serviceOf(request);
    if (outages.isAway(service)) {
      Object.assign(record, { action: `${service}:`, code: "away" });
      return cutOff(incoming);
    }
    let result;
    let fault;
    try {
      const carryOut = answer(request, record);
      fault = faults.take(record.action);
      if (fault?.kind === "reset") return cutOff(incoming);
      if (fault?.kind === "timeout") return undefined;
      if (fault?.code !== undefined) throw new Refusal(fault.code, fault.message ?? "injected", fault.status ?? 500);
      result = faults.stale(fault, record, request.body) ?? (await carryOut());
      faults.remember(record, request.body, result);
      if (fault?.kind === "corrupt-signature") result = { ...result, body: corrupted(result.body) };
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(error);
      result = refusalOf(error, request);
      record.code = error.code ?? "InternalFailure";
    }
    record.status = result.status;
    if (isLast) return stop.act();
    if (fault?.kind === "lost-reply") return cutOff(incoming);
    return send(outgoing, result, fault, incoming.method, now() + faults.skewMs());
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.keepAliveTimeout = 60_000;
  const connections = { open: 0, most: 0 };
  server.on(tls === undefined ? "connection" : "secureConnection", (socket) => {
    connections.open += 1;
    connections.most = Math.max(connections.most, connections.open);
    socket.on("close", () => (connections.open -= 1));
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(undefined)));
  const listening = /** @type {import("node:net").AddressInfo} */ (server.address()).port;
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${listening}`;
  if (isDirect) answerDirectly(listening, listener);
  return {
    url,
    calls,
    /** How many there are, and have been at once. */
    connections,
    /** What services did in the callers' names with KMS keys that encrypt at rest. */
    keyUses,
    state: {
      keys: json.kms.state.keys,
      aliases: json.kms.state.aliases,
      parameters: json.ssm.state,
      secrets: json.secretsmanager.state,
      buckets: s3.state,
      buses: json.events.state,
      logs: json.logs.state,
      functions: lambda.state,
      policies: lambda.policies,
      iam: iam.state,
      stacks: query.state,
    },
    /** Calls an action as AWS's console would, without a request. */
    perform: (service, action, input) => json[service].actions[action](input),
    createBucket: s3.create,
    /** Says what Lambda functions do when they are invoked. */
    runs: lambda.runs,
    inject: faults.inject,
    /** Makes lists, and reads by alias, late or partial: of "aliases", "keys", "secrets" or "parameters". */
    lag: lag.set,
    clearLag: lag.clear,
    clearFaults: faults.clear,
    /** Acts at the call of a number from now, before or after it is carried out, and answers it no more; 0 forgets it. */
    stopAt: (left, act = () => undefined, before = true) => {
      stop = { left, before, act };
    },
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials[0].accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials[0].secretAccessKey,
    },
    switchOff: outages.switchOff,
    switchOn: outages.switchOn,
    /** Cuts every connection, as a service does with a client that is silent for long. */
    dropConnections: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        answerNoMore(listening);
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

function parsed(body) {
  try {
    return JSON.parse(body.toString() || "{}");
  } catch {
    throw new Refusal("SerializationException");
  }
}

function refusalOf(error, request) {
  const { code = "InternalFailure", status = 500, message } = error;
  if (request.headers["x-amz-target"] !== undefined) {
    return { status, headers: { "content-type": "application/x-amz-json-1.1" }, body: JSON.stringify({ __type: code, message }) };
  }
  if (request.body.toString().startsWith("Action=")) {
    const told = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId>`;
    return { status, headers: { "content-type": "text/xml" }, body: `<ErrorResponse>${told}</ErrorResponse>` };
  }
  return {
    status,
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  };
}

function corrupted(body) {
  const answer = JSON.parse(body);
  const signature = Buffer.from(answer.Signature, "base64");
  signature[signature.length - 1] ^= 1;
  return JSON.stringify({ ...answer, Signature: signature.toString("base64") });
}

function send(outgoing, { status, headers, body }, fault, method, time) {
  const text = fault?.kind === "garbage" ? "<html>not AWS</html>" : body;
  const length = Buffer.byteLength(text) + (fault?.kind === "truncated" ? 10 : 0);
  outgoing.writeHead(status, {
    ...headers,
    "content-length": length,
    "x-amzn-requestid": crypto.randomUUID(),
    date: new Date(time).toUTCString(),
  });
  if (method === "HEAD" || status === 304) return outgoing.end();
  if (fault?.kind === "truncated") {
    outgoing.write(text, () => outgoing.socket.destroy());
    return undefined;
  }
  if (fault?.kind !== "slow-body") return outgoing.end(text);
  const half = Math.ceil(text.length / 2);
  outgoing.write(text.slice(0, half));
  setTimeout(() => outgoing.end(text.slice(half)), fault.ms ?? 300);
  return undefined;
}
