import { regionIn } from "../aws/endpoint.js";
import { withProfile } from "../aws/profile-environment.js";
import { asArgument } from "../encoding/shell-argument.js";
import { dateInWords } from "../encoding/times-in-words.js";
import { isSignetError } from "../errors.js";
import { DEFAULT_STACK } from "../operator/stack-access.js";
import { type OutdatedOutputs, type Outputs, outdatedOutputs } from "../operator/stack-outputs.js";
import { STACK_CONFIG } from "../operator/surroundings.js";
import type { Context } from "./context.js";

/** A stack in a region, and what it answers. */
export interface AnsweringStack {
  readonly name: string;
  readonly region: string;
  readonly outputs: Outputs;
}

/** Says which outputs are of a key that signs no longer, why, and how they are renewed. */
export async function tellOutdated(context: Context, stack: AnsweringStack): Promise<void> {
  const { note, command } = context.output;
  let outdated: OutdatedOutputs | undefined;
  try {
    outdated = await outdatedOutputs(context, stack.region, stack.outputs);
  } catch (error) {
    if (!isSignetError(error)) throw error;
    note(`the outputs could not be compared with the keyring: ${error.message}`);
    return;
  }
  if (outdated === undefined) return;
  const { names, kid, retiredAt, signs } = outdated;
  const ended = retiredAt === undefined ? "" : ` (retired ${dateInWords(retiredAt)})`;
  const since = signs.since === undefined ? "" : ` since ${dateInWords(signs.since)}`;
  note(`outdated, behind the keyring: ${names.join(", ")} of the stack ${stack.name} in ${stack.region}`);
  note(`  they are of the key ${kid}${ended}, and ${signs.kid} signs${since}: CloudFormation cannot follow a rotation`);
  command(`  renew them:            ${onStack(context, stack, "deploy")}`);
  command(`  print the present PEM: ${byConfig(context, stack, "keys pem")}`);
  note("  verifiers that read the JWKS need neither");
}

/** Says what to type next, as it has to be typed. */
export function tellNext(context: Context, stack: AnsweringStack): void {
  const { note, command } = context.output;
  const { region, outputs } = stack;
  const { JWTIssuerFunctionArn: functionArn = "", DomainTarget: target, DomainHostedZoneId: zone, DomainUrl: url = "" } = outputs;
  if (target !== undefined) {
    note(
      `let ${new URL(url).hostname} lead to ${target} in DNS (an alias of zone ${zone}, or a CNAME): until then ${url} is not found`,
    );
  }
  note("get a token:");
  const request = `echo '{"claims":{"sub":"alice"},"ttl":600}'`;
  // This form of the payload is the same in both versions of AWS's command.
  const invoke = `aws lambda invoke --function-name ${functionArn} --region ${region} --payload fileb:///dev/stdin /dev/stdout`;
  command(`  ${request} | ${invoke}`);
  note(
    outputs.JwksUrl === undefined || outputs.IssuerUrl === undefined
      ? "give verifiers its public key:"
      : "see who can verify it:",
  );
  command(`  ${verification(context, stack)}`);
}

function verification(context: Context, stack: AnsweringStack): string {
  const { IssuerUrl: issuer, JwksUrl: jwks, DomainUrl: domain } = stack.outputs;
  if (issuer === undefined || jwks === undefined) return byConfig(context, stack, "keys pem");
  const isServed = issuer === domain || jwks === `${issuer}/.well-known/jwks.json`;
  return `${context.self} doctor ${asArgument(issuer)}${isServed ? "" : ` --jwks ${asArgument(jwks)}`}`;
}

function onStack({ self, env }: Context, { name, region }: AnsweringStack, command: string): string {
  const which = name === DEFAULT_STACK ? "" : ` --stack ${name}`;
  return `${self} ${command}${which}${region === regionIn(withProfile(env)) ? "" : ` --region ${region}`}`;
}

// A config that is a stack is looked for in the region of the environment.
function byConfig({ self, env }: Context, { name, region }: AnsweringStack, command: string): string {
  return `${region === regionIn(withProfile(env)) ? "" : `AWS_REGION=${region} `}${self} ${command} --config ${STACK_CONFIG}${name}`;
}
