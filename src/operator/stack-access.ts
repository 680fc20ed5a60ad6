import { credentialChain } from "../aws/credential-chain.js";
import { configuredEndpoint, regionIn } from "../aws/endpoint.js";
import { withProfile } from "../aws/profile-environment.js";
import { REGION_NAME } from "../config/schema.js";
import type { Stack, StackClient } from "../deploy/stack.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import { readTokens, type Tokens } from "../settings/tokens.js";
import { regionUnknown } from "./region-unknown.js";
import { STACK_CONFIG, type Surroundings } from "./surroundings.js";

/** Which stack is meant. */
export interface StackChoice {
  readonly stack?: string;
  /** One, or several with commas between them. */
  readonly region?: string;
}

/** The stack that is meant where none is named. */
export const DEFAULT_STACK = "signet";

/** The stack's name: CloudFormation takes letters, digits and hyphens, and a letter first. */
export function stackNamed({ stack = DEFAULT_STACK }: StackChoice): string {
  if (/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(stack)) return stack;
  throw new SignetError("usage", `${JSON.stringify(stack)} is no name for a stack: a letter, then letters, digits and hyphens`);
}

/** The regions that a command is about. @param fix what to give where none is known, if not a flag. @throws SignetError `usage` */
export function regionsOf({ env }: Surroundings, { region }: StackChoice, fix?: string): readonly string[] {
  const regions = (region ?? regionIn(withProfile(env)) ?? "").split(",").map((each) => each.trim());
  for (const each of regions) {
    if (each === "") throw regionUnknown(fix);
    if (!REGION_NAME.test(each)) throw new SignetError("usage", `${JSON.stringify(each)} is no AWS region, such as eu-central-1`);
  }
  return [...new Set(regions)];
}

/** Works on a stack; the package that speaks to CloudFormation is loaded now. */
export async function withStack<T>(
  surroundings: Surroundings,
  name: string,
  region: string,
  work: (client: StackClient) => Promise<T>,
): Promise<T> {
  const { createStackClient } = await import("../deploy/stack.js");
  const env = withProfile(surroundings.env);
  const client = createStackClient(name, region, credentialChain(env), {
    endpoint: configuredEndpoint("cloudformation", env),
    useFipsEndpoint: env.AWS_USE_FIPS_ENDPOINT === "true",
    useDualstackEndpoint: env.AWS_USE_DUALSTACK_ENDPOINT === "true",
  });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/**
 * A stack that must be there.
 *
 * @throws SignetError `usage`
 */
export async function existingStack(client: StackClient, name: string, region: string, { self }: Surroundings): Promise<Stack> {
  const stack = await client.describe();
  if (stack !== undefined && stack.StackStatus !== "REVIEW_IN_PROGRESS") return stack;
  throw new SignetError(
    "usage",
    `there is no stack ${name} in ${region}: \`${self} deploy\` makes it, --stack names another one`,
  );
}

/** A stack that a config names. */
export interface NamedStack {
  readonly name: string;
  readonly region: string;
  readonly stack: Stack;
  readonly client: StackClient;
}

/** The name of the stack in `stack:NAME`. @throws SignetError `usage` */
export function stackOfConfig(config: string): string {
  return stackNamed({ stack: config.slice(STACK_CONFIG.length) });
}

/**
 * Works on the stack that a config names, in the region of the environment.
 *
 * @param config `stack:NAME`
 * @throws SignetError `usage` where there is no such stack, or it is none of Signet's template alone
 */
export async function withNamedStack<T>(
  surroundings: Surroundings,
  config: string,
  work: (named: NamedStack) => T | Promise<T>,
): Promise<T> {
  const name = stackOfConfig(config);
  const [region = ""] = regionsOf(surroundings, {}, "set AWS_REGION");
  return withStack(surroundings, name, region, async (client) => {
    const stack = await existingStack(client, name, region, surroundings);
    if (outputsOf(stack).KeyringBucket === undefined) throw notOfTemplate(stack, name, region);
    return work({ name, region, client, stack });
  });
}

function notOfTemplate({ StackStatus }: Stack, name: string, region: string): SignetError {
  return new SignetError(
    "usage",
    `the stack ${name} in ${region} (${StackStatus}) has no output KeyringBucket: it is not made yet, or is no stack of Signet's template alone. ` +
      `An issuer within another stack, as the CDK makes one, is operated by invoking its key manager: {"action":"explain"}, "rotate", "revoke"`,
  );
}

/** What an issuer's URL leads to: of a stack whose tokens have an `iss` that is none, it is none. */
const BY_URL: readonly string[] = ["IssuerUrl", "DiscoveryUrl"];

/** What a stack answers, by name. */
export function outputsOf(stack: Stack | undefined): Readonly<Record<string, string>> {
  const all = (stack?.Outputs ?? []).map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue] as const);
  const hasNoUrl = stack !== undefined && tokensOf(stack).iss !== undefined;
  return Object.fromEntries(hasNoUrl ? all.filter(([name]) => !BY_URL.includes(name)) : all);
}

/** How the tokens of a stack differ from the usual: its parameter `Tokens`. */
export function tokensOf(stack: Stack): Tokens {
  return readTokens(parseStrictJson(parameterOf(stack, "Tokens") || "{}", "Tokens"), "Tokens");
}

/** What a parameter of a stack is. */
export function parameterOf(stack: Stack, name: string): string {
  return stack.Parameters?.find(({ ParameterKey }) => ParameterKey === name)?.ParameterValue ?? "";
}
