import { credentialChain } from "../aws/credential-chain.js";
import { createIam } from "../aws/iam.js";
import { withProfile } from "../aws/profile-environment.js";
import { SignetError } from "../errors.js";
import { type AliasAccess, type AliasQuestion, findAliasAccess } from "./alias-access.js";
import { awsAccess } from "./aws-access.js";
import { existingStack, outputsOf, parameterOf, regionsOf, stackNamed, withStack } from "./stack-access.js";
import { STACK_CONFIG, type Surroundings } from "./surroundings.js";

/** Who could invoke a stack's aliases for proofs. */
export interface StackAliasAccess extends AliasAccess {
  readonly stack: string;
  readonly region: string;
  /** The ARN of the token function's role, which is expected; absent without `TokenRoute`. */
  readonly tokenRole?: string | undefined;
}

/** The role in the template that invokes the aliases. */
const TOKEN_ROLE = "TokenRole";

/**
 * Finds who could invoke the aliases for proofs of a stack in the region of the environment. Its own token function is expected to.
 *
 * @param config `stack:NAME`
 * @throws SignetError `usage` where there is no such stack, and what AWS answers
 */
export async function stackAliasAccess(
  surroundings: Surroundings,
  config: string,
  { expected, onProgress }: Pick<AliasQuestion, "expected" | "onProgress">,
): Promise<StackAliasAccess> {
  const stack = stackNamed({ stack: config.slice(STACK_CONFIG.length) });
  const [region = ""] = regionsOf(surroundings, {});
  const [functionArn, roleName] = await withStack(surroundings, stack, region, async (client) => {
    const found = await existingStack(client, stack, region, surroundings);
    const hasTokens = parameterOf(found, "TokenRoute") === "on";
    return [outputsOf(found).JWTIssuerFunctionArn, hasTokens ? await client.resourceId(TOKEN_ROLE) : undefined] as const;
  });
  if (functionArn === undefined)
    throw new SignetError("usage", `the stack ${stack} in ${region} has no output JWTIssuerFunctionArn: is it one of Signet's?`);
  const [, partition, , , account] = functionArn.split(":");
  const tokenRole = roleName === undefined ? undefined : `arn:${partition}:iam::${account}:role/${roleName}`;
  const env = withProfile(surroundings.env);
  const lambda = awsAccess(surroundings, functionArn);
  const iam = createIam({ region, credentials: credentialChain(env), env });
  try {
    const all = [...expected, ...(tokenRole === undefined ? [] : [tokenRole])];
    const access = await findAliasAccess({ lambda, iam, functionArn, expected: all, onProgress });
    return { stack, region, ...(tokenRole !== undefined && { tokenRole }), ...access };
  } finally {
    lambda.close();
    iam.close();
  }
}
