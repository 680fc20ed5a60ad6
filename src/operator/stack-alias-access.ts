import { credentialChain } from "../aws/credential-chain.js";
import { createIam } from "../aws/iam.js";
import { withProfile } from "../aws/profile-environment.js";
import { SignetError } from "../errors.js";
import { type AliasAccess, type AliasQuestion, findAliasAccess } from "./alias-access.js";
import { awsAccess } from "./aws-access.js";
import { outputsOf, parameterOf, withNamedStack } from "./stack-access.js";
import type { Surroundings } from "./surroundings.js";

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
  const { stack, region, functionArn, roleName } = await withNamedStack(surroundings, config, async (named) => {
    const hasTokens = parameterOf(named.stack, "TokenRoute") === "on";
    return {
      stack: named.name,
      region: named.region,
      functionArn: outputsOf(named.stack).JWTIssuerFunctionArn,
      roleName: hasTokens ? await named.client.resourceId(TOKEN_ROLE) : undefined,
    };
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
