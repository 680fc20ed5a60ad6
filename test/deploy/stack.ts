import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, afterEach, beforeEach, vi } from "vitest";
import { signedHeaders } from "../../src/aws/sigv4.js";
import { type ResourceAnswer, startAnswerBucket } from "../fakes/aws/answer-bucket.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { isAllowed, parseTemplate, resolveStack } from "./cloudformation.mjs";
import { restApi } from "./rest-api.mjs";

const require = createRequire(import.meta.url);

/** The template as the build has made it. */
export const templateText = readFileSync(new URL("../../dist/template.yaml", import.meta.url), "utf8");
export const template = parseTemplate(templateText);

const REGION = "eu-central-1";
const ACCOUNT = "111122223333";
const STACK_UUID = "5f2e7c10-1111-4222-8333-000000000001";
export const STACK_ID = `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/signet/${STACK_UUID}`;
const BUCKET = "signet-keyring-1a2b3c";
const USED_PROOFS = "signet-usedproofs-4d5e6f";
const arnOf = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;

export const pseudo = {
  "AWS::Partition": "aws",
  "AWS::Region": REGION,
  "AWS::AccountId": ACCOUNT,
  "AWS::URLSuffix": "amazonaws.com",
  "AWS::StackName": "signet",
  "AWS::StackId": STACK_ID,
};

type Handler = (event: unknown, context: object) => Promise<Record<string, never>>;
interface Role {
  readonly accessKeyId: string;
  readonly roleArn: string;
  statements: readonly object[];
}

const SERVICES = ["KMS", "SSM", "SECRETS_MANAGER", "S3", "LAMBDA", "CLOUDFORMATION"];

/**
 * A stack of the template's, on the strict fake: its inline code runs with nothing but the rights of its roles.
 *
 * @param answersTo where CloudFormation's bucket is played
 */
export async function startStack(answersTo: string) {
  const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/signet-${name}Role`;
  const role = (name: string): Role => ({ accessKeyId: `AKID${name.toUpperCase()}`, roleArn: roleArn(name), statements: [] });
  const roles = {
    Issuer: role("Issuer"),
    Manager: role("Manager"),
    Api: role("Api"),
    Decoder: role("Decoder"),
    Token: role("Token"),
  };
  const owner = { accessKeyId: "AKIDOWNER", secretAccessKey: "secret" };
  const credentials = Object.values(roles).map((each) => ({
    accessKeyId: each.accessKeyId,
    secretAccessKey: "secret",
    allows: (call: Parameters<typeof isAllowed>[1]) =>
      isAllowed([...each.statements, ...grantedByKey(each, call.resource)], call),
  }));
  // A key's policy that names a role needs no statement of the role's own (KMS developer guide, "Key policies").
  function grantedByKey({ roleArn }: Role, resource: string): readonly object[] {
    const policy = aws.state.keys.get(resource.split("/").at(-1))?.policy;
    const statements = policy === undefined ? [] : JSON.parse(policy).Statement;
    return statements.filter(({ Principal }: { Principal: { AWS: string | string[] } }) =>
      [Principal.AWS].flat().includes(roleArn),
    );
  }

  let isOver = false;
  const aws = await startFakeAws({ region: REGION, accountId: ACCOUNT, credentials: [owner, ...credentials], isDirect: true });
  aws.createBucket(BUCKET);
  aws.createBucket(USED_PROOFS);
  const issuerArn = arnOf("lambda", "function:signet-issuer");
  aws.state.functions.set(issuerArn, new Map());
  const made = new Map<string, string>();
  const lines: string[] = [];

  function wrappingKey(): string {
    const arn =
      made.get("WrappingKey") ??
      (aws.perform("kms", "CreateKey", {}) as never as { KeyMetadata: { Arn: string } }).KeyMetadata.Arn;
    made.set("WrappingKey", arn);
    return arn;
  }

  const attributes = (id: string, name: string): unknown => {
    if (id === "Keyring") return `arn:aws:s3:::${BUCKET}`;
    if (id === "UsedProofs") return `arn:aws:s3:::${USED_PROOFS}`;
    if (id === "Issuer") return issuerArn;
    if (id === "WrappingKey") return wrappingKey();
    if (id.endsWith("Role")) return roleArn(id.replace(/Role$/, ""));
    return name === "Arn" ? arnOf("lambda", `function:signet-${id.toLowerCase()}`) : `${id}.${name}`;
  };
  const refs: Readonly<Record<string, string>> = { Keyring: BUCKET, UsedProofs: USED_PROOFS, Api: "abc123" };
  const ref = (id: string): string => refs[id] ?? `signet-${id.toLowerCase()}`;

  /**
   * Puts the template in force with these parameters, as CloudFormation does before it calls the custom resource. What the stack had `before`
   * and has no more goes when an update has come to its end: until then it is there as well.
   */
  function put(parameters: Record<string, string>, before?: Record<string, string>) {
    const stack = resolveStack(template, { parameters, pseudo, attributes, ref });
    const had = before && resolveStack(template, { parameters: before, pseudo, attributes, ref });
    for (const [name, each] of Object.entries(roles)) {
      if (!stack.made.includes(`${name}Role`)) continue;
      const policies = [
        ...stack.properties(`${name}Role`).Policies,
        ...[stack, had].flatMap((one) => (one === undefined ? [] : policiesOf(one, ref(`${name}Role`)))),
      ];
      each.statements = policies.flatMap(
        ({ PolicyDocument }: { PolicyDocument: { Statement: object[] } }) => PolicyDocument.Statement,
      );
    }
    return stack;
  }

  /** Loads the inline code of a function as a cold start does; another version's where that is given. */
  function start(stack: ReturnType<typeof put>, name: "Issuer" | "Manager" | "Decoder" | "Token", code?: string): Handler {
    const { Code, Environment } = stack.properties(name);
    const env = {
      ...(Environment.Variables as Record<string, string>),
      ...Object.fromEntries(SERVICES.map((service) => [`AWS_ENDPOINT_URL_${service}`, aws.url])),
      AWS_ENDPOINT_URL: answersTo,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: roles[name].accessKeyId,
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_LAMBDA_FUNCTION_NAME: `signet-${name.toLowerCase()}`,
      AWS_LAMBDA_LOG_FORMAT: "JSON",
    };
    const loaded = { exports: {} as { handler?: Handler } };
    const write = (line: string) => void lines.push(line);
    const run = compiled(code ?? Code.ZipFile);
    const requireHere = (id: string): unknown => (id === "node:fs" ? filesWith(write) : requireWithShortWaits(id, () => isOver));
    run(loaded.exports, requireHere, loaded, {
      env,
      hrtime: process.hrtime,
      stdout: { write },
      nextTick: process.nextTick,
      getuid: () => 0,
      pid: 1,
    });
    return loaded.exports.handler as Handler;
  }

  /** The stack's REST API: documents from S3 by the API's own role, functions as API Gateway invokes them, of another text where that is given. */
  function api(stack: ReturnType<typeof put>, textOf?: (name: "Issuer" | "Decoder" | "Token") => string) {
    const names = { [ref("Issuer")]: "Issuer", [ref("Decoder")]: "Decoder", [ref("Token")]: "Token" } as const;
    return restApi(stack.properties("Api").Body, {
      variables: stack.properties("Stage").Variables,
      async s3(path: string, headers: Record<string, string>, arn: string) {
        const who = Object.values(roles).find(({ roleArn }) => roleArn === arn);
        if (who === undefined) throw new Error(`nobody has the role ${arn}`);
        const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
        const request = { method: "GET", host: new URL(aws.url).host, path: `/${path}`, headers: lower, body: "" };
        const credentials = { accessKeyId: who.accessKeyId, secretAccessKey: "secret" };
        const { host, ...signed } = signedHeaders(request, credentials, { service: "s3", region: REGION, time: Date.now() });
        const answer = await fetch(`${aws.url}/${path}`, { headers: signed });
        return { status: answer.status, headers: answer.headers, text: await answer.text() };
      },
      invoke(called: string, event: object) {
        const name = names[called] ?? "Issuer";
        return start(stack, name, textOf?.(name))(event, context(`${issuerArn}`)) as never;
      },
    });
  }

  function close(): Promise<void> {
    isOver = true;
    return aws.close();
  }

  /** Whether the policies of a role allow a call. */
  const may = (who: Role, call: Parameters<typeof isAllowed>[1]): boolean => isAllowed(who.statements, call);

  return {
    aws: { ...aws, close },
    api,
    may,
    lines,
    bucket: BUCKET,
    usedProofs: USED_PROOFS,
    issuerArn,
    put,
    start,
    roles,
    read: (key: string) => JSON.parse(aws.state.buckets.get(BUCKET).objects.get(key).at(-1).body.toString()),
  };
}

/** The policies of a role that are resources of their own. */
function policiesOf({ made, properties }: ReturnType<typeof resolveStack>, role: string) {
  const own = made.filter((id: string) => template.Resources[id].Type === "AWS::IAM::RolePolicy");
  return own.map((id: string) => properties(id)).filter(({ RoleName }: { RoleName: string }) => RoleName === role);
}

/** The codes of functions that were started before, as functions of their own: each start runs one anew. */
const codes = new Map<string, ReturnType<typeof Function>>();

function compiled(code: string): ReturnType<typeof Function> {
  const known = codes.get(code) ?? new Function("exports", "require", "module", "process", code);
  codes.set(code, known);
  return known;
}

/** The file system, but for the descriptor of standard output: functions write their log to it. */
function filesWith(write: (line: string) => void): object {
  const writeSync = (descriptor: number, bytes: Uint8Array): number => {
    if (descriptor !== 1) throw new Error(`a function writes to the descriptor ${descriptor}`);
    write(Buffer.from(bytes).toString());
    return bytes.length;
  };
  return { ...require("node:fs"), writeSync };
}

/** What a manager waits for passes at once; of a stack that is no more it never comes, and moves nobody else's clock. */
function requireWithShortWaits(id: string, isOver: () => boolean): unknown {
  if (id !== "node:timers/promises") return require(id);
  const pass = async (milliseconds: number) => void vi.setSystemTime(Date.now() + milliseconds);
  return { setTimeout: (milliseconds: number) => (isOver() ? new Promise(() => {}) : pass(milliseconds)) };
}

/** What CloudFormation asks a custom resource for. */
interface ResourceAsked {
  readonly parameters: Record<string, string>;
  readonly id: string;
  readonly type: string;
  /** Its name in a stack of other things. */
  readonly name?: string;
  /** Its properties before an update. */
  readonly old?: object;
  /** The stack's parameters before an update that has not come to its end. */
  readonly before?: Record<string, string> | undefined;
  /** The code of another version's manager. */
  readonly code?: string | undefined;
  /** What another version's template says of its properties; `undefined` for one that it has not. */
  readonly more?: object;
}

/** A custom resource of the stack is asked for something, as CloudFormation does: every property is text. */
export async function askResource(
  stack: Awaited<ReturnType<typeof startStack>>,
  bucket: { readonly url: string; readonly answers: readonly ResourceAnswer[] },
  { parameters, id, type, name = id, old = {}, before, code, more = {} }: ResourceAsked,
) {
  const resolved = stack.put(parameters, before);
  const ResourceProperties = JSON.parse(JSON.stringify({ ...resolved.properties(id), ...more }), (_, value) =>
    typeof value === "number" || typeof value === "boolean" ? String(value) : value,
  );
  const event = {
    RequestType: type,
    ResponseURL: `${bucket.url}/answer`,
    StackId: STACK_ID,
    RequestId: "1",
    LogicalResourceId: name,
    ResourceType: template.Resources[id].Type,
    ResourceProperties,
    OldResourceProperties: old,
  };
  await stack.start(resolved, "Manager", code)(event, managerContextFrom(Date.now()));
  const { Status, Reason = "", Data = {} } = bucket.answers.at(-1) ?? {};
  return { outcome: `${Status} ${Reason}`.trim(), Data, ResourceProperties };
}

/** An invocation that began at a time: it has four minutes, of which waits take theirs. */
const managerContextFrom = (began: number) => ({
  awsRequestId: "r-1",
  invokedFunctionArn: "arn:aws:lambda:eu-central-1:111122223333:function:signet-manager",
  getRemainingTimeInMillis: () => began + 240_000 - Date.now(),
});

export const managerContext = { ...managerContextFrom(0), getRemainingTimeInMillis: () => 240_000 };

export const context = (arn: string) => ({
  awsRequestId: "r-1",
  invokedFunctionArn: arn,
  getRemainingTimeInMillis: () => 240_000,
});

/** The bucket of a file's answers, empty before each of its tests, which all begin at the same time. */
export async function answerBucketAt(now: number) {
  const bucket = await startAnswerBucket();
  afterAll(() => bucket.close());
  beforeEach(() => {
    bucket.clear();
    vi.useFakeTimers({ toFake: ["Date"], now });
  });
  afterEach(() => void vi.useRealTimers());
  return bucket;
}
