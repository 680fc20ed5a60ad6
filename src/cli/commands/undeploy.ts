import { assertAtRest, carryOut } from "../../deploy/deployment.js";
import type { Stack, StackClient } from "../../deploy/stack.js";
import { isSignetError, SignetError } from "../../errors.js";
import { existingStack, outputsOf, regionsOf, stackNamed, withStack } from "../../operator/stack-access.js";
import { whatStays } from "../../operator/stack-change.js";
import { custodiesOf } from "../../operator/stack-outputs.js";
import { confirm } from "../confirm.js";
import type { Context, StackOptions } from "../context.js";
import { eventInWords } from "../stack-events.js";

/** `signet undeploy`: deletes the stack. Its keys stay, and it says which and at what price. */
export async function undeploy(context: Context, options: StackOptions): Promise<void> {
  const name = stackNamed(options);
  const deleted: object[] = [];
  for (const region of regionsOf(context, options)) {
    const stack = await withStack(context, name, region, (client) => existingStack(client, name, region, context));
    const stays = whatStays(stack, await custodiesKnown(context, region, stack));
    // By its name a deleted stack cannot be asked for any more.
    await withStack(context, stack.StackId ?? name, region, (client) =>
      undeployFrom(context, { client, stack, name, region, stays }, options),
    );
    deleted.push({ stack: name, region, stays });
  }
  if (options.json === true) context.output.json({ deleted });
}

// A stack whose keyring cannot be read is deleted all the same.
async function custodiesKnown(context: Context, region: string, stack: Stack): Promise<readonly string[] | SignetError> {
  try {
    const found = await custodiesOf(context, region, outputsOf(stack));
    return found ?? new SignetError("keyring_missing", "there is none");
  } catch (error) {
    if (isSignetError(error)) return error;
    throw error;
  }
}

interface Deployed {
  readonly client: StackClient;
  readonly stack: Stack;
  readonly name: string;
  readonly region: string;
  readonly stays: readonly string[];
}

async function undeployFrom(
  { output }: Context,
  { client, stack, name, region, stays }: Deployed,
  options: StackOptions,
): Promise<void> {
  assertAtRest(name, stack);
  output.note(
    `delete the stack ${name} in ${region}: no token is issued any more, and the JWKS is no longer answered at its URL.`,
  );
  output.note("What stays, because tokens may still live and these keys cannot be made again:");
  for (const line of stays) output.note(`  ${line}`);
  await confirm(`Delete the stack ${name} in ${region}?`, options);
  await carryOut(client, client.delete, (event) => output.note(`  ${eventInWords(event)}`));
  output.note(`the stack ${name} in ${region} is deleted`);
}
