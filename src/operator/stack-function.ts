import { invokeFunction } from "../aws/lambda-invoke.js";
import type { TransportOptions } from "../aws/transport.js";
import { thrownError } from "../client/refusal.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import { awsAccess } from "./aws-access.js";
import { outputsOf, withNamedStack } from "./stack-access.js";
import type { Surroundings } from "./surroundings.js";

/** A function of a stack. */
interface StackFunction {
  readonly arn: string;
  /** What it is, for messages: "the key manager". */
  readonly what: string;
  /** The alias that is the caller. */
  readonly alias?: string | undefined;
  /** How long an answer, with all tries, is waited for, whether there is another try, and who is told of it. */
  readonly waits?: Pick<TransportOptions, "attemptMs" | "deadlineMs" | "isOnce" | "onRetry">;
}

const MAX_WORDS = 1_024;

/**
 * The ARN of a function that a stack names in its outputs.
 *
 * @param config `stack:NAME`
 * @throws SignetError `usage` where there is no such stack, or no such output
 */
export async function functionOf(surroundings: Surroundings, config: string, output: string): Promise<string> {
  const { name, arn } = await withNamedStack(surroundings, config, ({ name, stack }) => ({
    name,
    arn: ownMember<string>(outputsOf(stack), output),
  }));
  if (arn !== undefined) return arn;
  throw new SignetError(
    "usage",
    `the stack ${name} has no output ${output}: is it one of Signet's, and complete? \`${surroundings.self} outputs --stack ${name}\` shows what it has`,
  );
}

/**
 * Invokes a function of a stack with the operator's own credentials.
 *
 * @param isAnswer tells what it should answer
 * @throws SignetError what the function has thrown, with its code; AwsFailure that names the right that is missing
 */
export async function invoke<T>(
  surroundings: Surroundings,
  { arn, what, alias, waits }: StackFunction,
  event: object,
  isAnswer: (value: unknown) => value is T,
): Promise<T> {
  const transport = awsAccess(surroundings, arn, undefined, waits);
  try {
    const answer = await invokeFunction(transport, arn, event, alias);
    if ("thrown" in answer) throw thrownError(answer.thrown, what, MAX_WORDS);
    if (isAnswer(answer.value)) return answer.value;
  } finally {
    transport.close();
  }
  throw new SignetError("aws_unavailable", `${arn} has answered something else than ${what} does: is it of another version?`);
}
