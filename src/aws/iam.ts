import type { CredentialSource } from "./credentials.js";
import { configuredEndpoint, type Environment, endpointVariable, partitionOf } from "./endpoint.js";
import { AwsFailure } from "./failure.js";
import { pages } from "./pages.js";
import { createTransport, type Transport } from "./transport.js";
import { childOf, membersOf, parseXml, textOf, type XmlElement } from "./xml.js";

/** A condition key of policies, and the value that a simulated call has for it. */
export interface ContextEntry {
  readonly name: string;
  readonly type: "string" | "boolean";
  readonly value: string;
}

/** What a principal's policies say of one resource. */
export interface Decision {
  /** `undecided`: it is not allowed as simulated, and condition keys without a value could have changed that. */
  readonly outcome: "allowed" | "denied" | "undecided";
  /** The policies whose statements decided, by IAM's names for them. */
  readonly policies: readonly string[];
  /** Condition keys that policies ask for, and that had no value. */
  readonly missingKeys: readonly string[];
}

/** The part of IAM that tells who may do what. */
export interface Iam {
  /** The ARNs of all roles of the account. @throws AwsFailure */
  roles(): Promise<readonly string[]>;
  /** The ARNs of all users of the account. @throws AwsFailure */
  users(): Promise<readonly string[]>;
  /**
   * Simulates one action of a role or user on resources.
   *
   * @returns a decision by resource; none for a resource of which IAM has said nothing
   * @throws AwsFailure
   */
  decisions(
    principal: string,
    action: string,
    resources: readonly string[],
    context: readonly ContextEntry[],
  ): Promise<ReadonlyMap<string, Decision>>;
  close(): void;
}

/** What calls to IAM go out with. */
export interface IamOptions {
  /** A region of the partition whose IAM is asked. */
  readonly region: string;
  readonly credentials: CredentialSource;
  readonly env: Environment;
}

const VERSION = "2010-05-08";
/** The most that ListRoles answers is 1,000: with their trust policies, these stay far from the bound of an answer. */
const MAX_ITEMS = "500";
/** IAM is one for all regions, and throttles a whole account: calls wait longer than others. */
const DEADLINE_MS = 60_000;
/** IAM may gather for long before it answers. */
const ATTEMPT_MS = 20_000;
/** From the one that says most to the one that says least of who is kept out. */
const BY_WEIGHT = ["allowed", "undecided", "denied"];

// botocore's endpoint rule set of IAM: the region that signs, by the regions' prefix.
const HOMES: readonly (readonly [prefix: string, region: string])[] = [
  ["cn-", "cn-north-1"],
  ["us-gov-", "us-gov-west-1"],
  ["us-iso-", "us-iso-east-1"],
  ["us-isob-", "us-isob-east-1"],
  ["eu-isoe-", "eu-isoe-west-1"],
  ["us-isof-", "us-isof-south-1"],
  ["eusc-", "eusc-de-east-1"],
];
const HOME = "us-east-1";

/** Where a region's partition has its IAM: the endpoint, and the region that calls are signed for. */
export function iamHome(region: string, env: Environment): { readonly endpoint: string; readonly region: string } {
  const home = HOMES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? HOME;
  const configured = configuredEndpoint("iam", env);
  return { endpoint: configured ?? `https://${ownHost(home, env)}`, region: home };
}

function ownHost(home: string, env: Environment): string {
  const { suffix, dualStackSuffix } = partitionOf(home);
  const isGov = home.startsWith("us-gov-");
  // GovCloud's endpoint is one of FIPS as it is.
  const name = env.AWS_USE_FIPS_ENDPOINT === "true" && !isGov ? "iam-fips" : "iam";
  if (env.AWS_USE_DUALSTACK_ENDPOINT === "true") {
    const within = isGov ? "us-gov." : home === HOME || home.startsWith("cn-") ? "global." : "";
    return `${name}.${within}${dualStackSuffix}`;
  }
  return `${name}.${isGov ? "us-gov." : home === HOME ? "" : `${home}.`}${suffix}`;
}

/** Binds IAM, which speaks the query protocol (IAM API Reference). */
export function createIam({ credentials, env, ...options }: IamOptions): Iam {
  const { endpoint, region } = iamHome(options.region, env);
  const transport = createTransport({
    region,
    credentials,
    env: { [endpointVariable("iam")]: endpoint },
    deadlineMs: DEADLINE_MS,
    attemptMs: ATTEMPT_MS,
  });
  const simulate = simulator(transport);
  return Object.freeze({
    roles: () => arnsOf(transport, "ListRoles", "Roles"),
    users: () => arnsOf(transport, "ListUsers", "Users"),
    async decisions(principal, action, resources, context) {
      const found = new Map(await simulate(principal, action, resources, context));
      // Where IAM sums resources up in one decision, the most restrictive one, each is asked by itself.
      for (const resource of resources.filter((each) => resources.length > 1 && !found.has(each)))
        for (const [name, decision] of await simulate(principal, action, [resource], context)) found.set(name, decision);
      return found;
    },
    close: transport.close,
  } satisfies Iam);
}

type Input = Readonly<Record<string, string>>;

async function ask(transport: Transport, action: string, resource: string, input: Input): Promise<XmlElement> {
  const called = `iam:${action}`;
  const { body } = await transport.call({
    service: "iam",
    action: called,
    resource,
    method: "POST",
    path: "/",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: new URLSearchParams({ Action: action, Version: VERSION, ...input }).toString(),
  });
  const result = childOf(parseXml(body), `${action}Result`);
  if (result !== undefined && /^(true|false)?$/.test(textOf(result, "IsTruncated"))) return result;
  throw unreadable(called, resource);
}

function paged(transport: Transport, action: string, resource: string, input: Input): AsyncIterable<XmlElement> {
  const page = (marker: string | undefined) =>
    ask(transport, action, resource, { ...input, MaxItems: MAX_ITEMS, ...(marker !== undefined && { Marker: marker }) });
  return pages(`iam:${action}`, page, (result) => {
    if (textOf(result, "IsTruncated") !== "true") return undefined;
    const marker = textOf(result, "Marker");
    // A list that goes on and does not say where is not at its end.
    if (marker === "") throw unreadable(`iam:${action}`, resource);
    return marker;
  });
}

async function arnsOf(transport: Transport, action: string, list: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const result of paged(transport, action, "*", {})) {
    const arns = membersOf(result, list).map((member) => textOf(member, "Arn"));
    if (childOf(result, list) === undefined || arns.includes("")) throw unreadable(`iam:${action}`, "*");
    found.push(...arns);
  }
  return found;
}

function simulator(transport: Transport): Iam["decisions"] {
  return async (principal, action, resources, context) => {
    const found = new Map<string, Decision>();
    const input = simulation(principal, action, resources, context);
    for await (const result of paged(transport, "SimulatePrincipalPolicy", principal, input)) {
      for (const [resource, decision] of membersOf(result, "EvaluationResults").flatMap((each) => told(each, resources))) {
        const before = found.get(resource);
        if (before === undefined || weight(decision) < weight(before)) found.set(resource, decision);
      }
    }
    return found;
  };
}

function simulation(principal: string, action: string, resources: readonly string[], context: readonly ContextEntry[]): Input {
  const input: Record<string, string> = { PolicySourceArn: principal, "ActionNames.member.1": action };
  for (const [index, resource] of resources.entries()) input[`ResourceArns.member.${index + 1}`] = resource;
  for (const [index, { name, type, value }] of context.entries()) {
    const entry = `ContextEntries.member.${index + 1}`;
    input[`${entry}.ContextKeyName`] = name;
    input[`${entry}.ContextKeyType`] = type;
    input[`${entry}.ContextKeyValues.member.1`] = value;
  }
  return input;
}

/**
 * What one evaluation says of each resource. Its own decision is the most restrictive of all that were asked for ("EvaluationResult"), so
 * that it counts where one alone was.
 */
function told(result: XmlElement, asked: readonly string[]): readonly (readonly [resource: string, decision: Decision])[] {
  const each = membersOf(result, "ResourceSpecificResults");
  if (each.length > 0)
    return each.flatMap((one) => named(textOf(one, "EvalResourceName"), textOf(one, "EvalResourceDecision"), one));
  return asked.length === 1 ? named(asked[0] ?? "", textOf(result, "EvalDecision"), result) : [];
}

function named(resource: string, answered: string, result: XmlElement): readonly (readonly [string, Decision])[] {
  const missingKeys = membersOf(result, "MissingContextValues").map(({ text }) => text);
  const policies = membersOf(result, "MatchedStatements").map((statement) => textOf(statement, "SourcePolicyId"));
  const outcome = outcomeOf(answered, missingKeys.length > 0);
  return outcome === undefined ? [] : [[resource, { outcome, policies: [...new Set(policies)].filter(Boolean), missingKeys }]];
}

function outcomeOf(answered: string, lacksKeys: boolean): Decision["outcome"] | undefined {
  if (answered === "allowed") return "allowed";
  if (answered !== "explicitDeny" && answered !== "implicitDeny") return undefined;
  return lacksKeys ? "undecided" : "denied";
}

function weight({ outcome }: Decision): number {
  return BY_WEIGHT.indexOf(outcome);
}

function unreadable(action: string, resource: string): AwsFailure {
  return new AwsFailure(
    "aws_unavailable",
    `${action} on ${resource}: the answer is not as AWS documents it; is the endpoint AWS?`,
    "",
  );
}
