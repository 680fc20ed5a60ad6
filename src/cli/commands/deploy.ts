import { assertAtRest, carryOut, changeInWords, checkParameters, isThere, parametersOf } from "../../deploy/deployment.js";
import type { StackClient } from "../../deploy/stack.js";
import { readTemplate, type Template } from "../../deploy/template.js";
import { handOver } from "../../deploy/template-bucket.js";
import { didYouMean } from "../../encoding/nearest.js";
import { SignetError } from "../../errors.js";
import { awsAccess } from "../../operator/aws-access.js";
import { outputsOf, regionsOf, stackNamed, withStack } from "../../operator/stack-access.js";
import { assertSameIssuer, checkCallers, costOfStack } from "../../operator/stack-change.js";
import { confirm } from "../confirm.js";
import type { Context, StackOptions } from "../context.js";
import { eventInWords } from "../stack-events.js";
import { table } from "../table.js";
import { tellOutputs } from "./outputs.js";

export interface DeployOptions extends StackOptions {
  readonly dryRun?: boolean;
  readonly templateBucket?: string;
}

/** `signet deploy`: makes the stack, or brings it to this release and these parameters; a region after the other. */
export async function deploy(context: Context, pairs: readonly string[], options: DeployOptions): Promise<void> {
  const given = pairsOf(pairs);
  const template = await readTemplate();
  checkParameters(template, given, didYouMean);
  checkCallers(given.get("Callers"));
  const regions = regionsOf(context, options);
  const name = stackNamed(options);
  const found: [string, Readonly<Record<string, string>>][] = [];
  for (const region of regions) {
    const outputs = await withStack(context, name, region, (client) =>
      deployTo(context, { client, name, region, template, given, options }),
    );
    if (outputs !== undefined) found.push([region, outputs]);
  }
  tellOutputs(context, found, options);
}

interface Deployment {
  readonly client: StackClient;
  readonly name: string;
  readonly region: string;
  readonly template: Template;
  readonly given: ReadonlyMap<string, string>;
  readonly options: DeployOptions;
}

async function deployTo(context: Context, { client, name, region, template, given, options }: Deployment) {
  const { output, env } = context;
  const stack = await client.describe();
  assertAtRest(name, stack);
  const present = isThere(stack) ? stack : undefined;
  const isNew = present === undefined;
  if (present !== undefined) assertSameIssuer(present, given);
  const parameters = parametersOf(template, given, present);
  if (stack?.StackStatus === "ROLLBACK_COMPLETE") {
    if (options.dryRun === true) {
      output.note(
        `the stack ${name} in ${region} could not be made before: \`${context.self} deploy\` would delete what is left, and make it anew`,
      );
      return undefined;
    }
    output.note(`the stack ${name} in ${region} could not be made before: what is left of it is deleted first`);
    await carryOut(client, client.delete, () => undefined);
  }
  const transport = awsAccess(context, name, region);
  const source = await handOver(transport, template.text, env, options.templateBucket).finally(() => transport.close());
  const changes = await client.prepare(source, parameters, isNew);
  if (changes.length === 0) {
    await client.drop(false);
    output.note(`the stack ${name} in ${region} is as it should be: nothing to change`);
    return outputsOf(stack);
  }
  output.note(`${isNew ? "make" : "change"} the stack ${name} in ${region}:`);
  for (const line of table(["", "resource", "type", ""], changes.map(changeInWords))) output.note(`  ${line}`);
  if (isNew) tellCost(context, given, template);
  if (options.dryRun === true) {
    await client.drop(isNew);
    output.note("nothing was changed (--dry-run)");
    return undefined;
  }
  if (!isNew) {
    await confirm("Carry out these changes?", options).catch(async (error: unknown) => {
      await client.drop(false);
      throw error;
    });
  }
  return outputsOf(await carryOut(client, client.execute, (event) => output.note(`  ${eventInWords(event)}`)));
}

function tellCost({ output }: Context, given: ReadonlyMap<string, string>, template: Template): void {
  const { things, monthly } = costOfStack(given, template);
  output.note(`its key manager makes ${things.join("; ")}`);
  output.note(`about $${monthly.toFixed(2)} a month before the first token, beside cents for storage and logs`);
}

function pairsOf(pairs: readonly string[]): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1)
      throw new SignetError(
        "usage",
        `${JSON.stringify(pair)} is no parameter; expected Name=Value, such as KeyCustodianParameter=KMS`,
      );
    if (given.has(pair.slice(0, at))) throw new SignetError("usage", `the parameter ${pair.slice(0, at)} is given twice`);
    given.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return given;
}
