import { withProfile } from "../../aws/profile-environment.js";
import { assertAtRest, carryOut, changeInWords, checkParameters, isThere, parametersOf } from "../../deploy/deployment.js";
import { isNested, withNestedPath } from "../../deploy/nested-path.js";
import type { Prepared, Stack, StackClient } from "../../deploy/stack.js";
import { readTemplate, type Template } from "../../deploy/template.js";
import { handOver } from "../../deploy/template-bucket.js";
import { didYouMean } from "../../encoding/nearest.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { awsAccess } from "../../operator/aws-access.js";
import { stackOverlapsInWords } from "../../operator/caller-overlaps.js";
import { outputsOf, parameterOf, regionsOf, stackNamed, withStack } from "../../operator/stack-access.js";
import {
  assertSameIssuer,
  checkCallers,
  checkTokens,
  costOfStack,
  proofDoubts,
  renewsOutputs,
} from "../../operator/stack-change.js";
import { checkCertificate, domainDoubts, domainUrlOf } from "../../operator/stack-domain.js";
import { confirm, confirmChange } from "../confirm.js";
import type { Context, StackOptions } from "../context.js";
import { eventInWords } from "../stack-events.js";
import { tellNext, tellOutdated } from "../stack-words.js";
import { table } from "../table.js";
import { tokensInWords } from "../tokens-words.js";
import { tellOutputs } from "./outputs.js";

export interface DeployOptions extends StackOptions {
  readonly dryRun?: boolean;
  readonly templateBucket?: string;
}

/** `signet deploy`: makes the stack, or brings it to this release and these parameters; a region after the other. */
export async function deploy(context: Context, pairs: readonly string[], options: DeployOptions): Promise<void> {
  const given = pairsOf(pairs);
  const template = await readTemplate();
  checkParameters(isNested(given.get("BasePath")) ? withNestedPath(template) : template, given, didYouMean);
  checkCallers(given.get("Callers"), given.get("IssuerUrl") || undefined);
  checkTokens(given.get("Tokens"), given.get("IssuerUrl") || undefined, given.get("Callers"));
  for (const words of overlapsGiven(given)) context.output.note(`warning: ${words}`);
  const regions = regionsOf(context, options);
  for (const region of regions) checkCertificate(given.get("CertificateArn"), region);
  const name = stackNamed(options);
  const found: [string, Readonly<Record<string, string>>][] = [];
  for (const region of regions) {
    const outputs = await withStack(context, name, region, (client) =>
      deployTo(context, { client, name, region, template, given, options }),
    );
    if (outputs !== undefined) found.push([region, outputs]);
  }
  tellOutputs(context, found, options);
  for (const [region, outputs] of found) {
    await tellOutdated(context, { name, region, outputs });
    tellNext(context, { name, region, outputs });
  }
}

function overlapsGiven(given: ReadonlyMap<string, string>): readonly string[] {
  const callers = given.get("Callers") || "{}";
  return stackOverlapsInWords(parseStrictJson(callers, "Callers"), given.get("IssuerUrl") || undefined);
}

interface Deployment {
  readonly client: StackClient;
  readonly name: string;
  readonly region: string;
  readonly template: Template;
  readonly given: ReadonlyMap<string, string>;
  readonly options: DeployOptions;
}

async function deployTo(context: Context, deployment: Deployment) {
  const { client, name, region, options } = deployment;
  const { output, env } = context;
  const stack = await client.describe();
  assertAtRest(name, stack);
  const present = isThere(stack) ? stack : undefined;
  const basePath = deployment.given.get("BasePath") ?? (present && parameterOf(present, "BasePath"));
  const template = isNested(basePath) ? withNestedPath(deployment.template) : deployment.template;
  const isNew = present === undefined;
  if (present !== undefined) assertSameIssuer(present, deployment.given);
  const given = isNew ? await withIssuer(context, deployment) : deployment.given;
  if (isNew) await assertNotMadeSince(deployment);
  tellDoubts(context, given, present);
  if (stack?.StackStatus === "ROLLBACK_COMPLETE") {
    if (options.dryRun === true) {
      output.note(
        `the stack ${name} in ${region} could not be made before: \`${context.self} deploy\` would delete what is left, and make it anew`,
      );
      return undefined;
    }
    output.note(`the stack ${name} in ${region} could not be made before: what is left of it is deleted first`);
    await carryOut(
      client,
      () => client.delete(stack.StackId),
      () => undefined,
    );
  }
  const transport = awsAccess(context, name, region);
  const source = await handOver(transport, template.text, withProfile(env), options.templateBucket).finally(() =>
    transport.close(),
  );
  const prepared = await client.prepare(source, parametersOf(template, withRenewal(given), present), isNew);
  if (prepared.changes.length === 0) {
    await prepared.drop();
    output.note(`the stack ${name} in ${region} is as it should be: nothing to change`);
    return outputsOf(stack);
  }
  if (!(await isWanted(context, { ...deployment, given }, prepared, present))) return undefined;
  return outputsOf(await carryOut(client, prepared.execute, (event) => output.note(`  ${eventInWords(event)}`)));
}

/** A person has answered meanwhile: a stack that another deployment has made since is not made again. */
async function assertNotMadeSince({ client, name, region }: Deployment): Promise<void> {
  const stack = await client.describe();
  assertAtRest(name, stack);
  if (!isThere(stack)) return;
  const words = `the stack ${name} in ${region} was just made by another deployment: nothing was done; run it again to change it`;
  throw new SignetError("deploy_failed", words);
}

/** Shows what would change, and asks. */
async function isWanted(
  context: Context,
  { name, region, template, given, options }: Deployment,
  { changes, drop }: Prepared,
  present: Stack | undefined,
): Promise<boolean> {
  const { output } = context;
  const isNew = present === undefined;
  const onlyOutputs = present !== undefined && renewsOutputs(changes, given, present);
  if (onlyOutputs)
    output.note(`the stack ${name} in ${region} is as it should be: nothing changes but its outputs, which are renewed`);
  else {
    output.note(`${isNew ? "make" : "change"} the stack ${name} in ${region}:`);
    for (const line of table(["", "resource", "type", ""], changes.map(changeInWords), { columns: output.columns - 2 }))
      output.note(`  ${line}`);
  }
  if (isNew) tellCost(context, given, template);
  if (options.dryRun === true) {
    await drop();
    output.note("nothing was changed (--dry-run)");
    return false;
  }
  if (isNew || onlyOutputs) return true;
  await confirmChange("Carry out these changes?", options).catch(async (error: unknown) => {
    await drop();
    throw error;
  });
  return true;
}

/** Each deployment asks which key signs: CloudFormation asks again only where something is another. */
function withRenewal(given: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...given, ["RenewOutputs", new Date().toISOString()]]);
}

/**
 * What `iss` will be stays for good, and a domain that is added later leaves it: the operator who makes a stack is asked. Without a
 * terminal it is said, and only a domain without an answer is refused.
 */
async function withIssuer(context: Context, { name, region, given, options }: Deployment): Promise<ReadonlyMap<string, string>> {
  if (given.has("IssuerUrl") || given.get("JwksEndpoint") === "off") return given;
  // It is said with the others of these settings.
  if (checkTokens(given.get("Tokens")).iss !== undefined) return given;
  const url = domainUrlOf((parameter) => given.get(parameter) ?? "");
  const what = url ?? "the stack's own URL (https://ID.execute-api...)";
  const other = url === undefined ? "IssuerUrl=https://... sets another one" : "IssuerUrl= leaves it the stack's own URL";
  const words = `iss of all tokens of the stack ${name} in ${region} will be ${what}, for good, also where a domain is added later. ${other}.`;
  const isAsked = options.dryRun !== true && options.yes !== true && (process.stdin.isTTY || url !== undefined);
  if (isAsked) await confirm(`${words} Make it so?`, options);
  else context.output.note(words);
  return url === undefined ? given : new Map([...given, ["IssuerUrl", url]]);
}

function tellDoubts({ output }: Context, given: ReadonlyMap<string, string>, present: Stack | undefined): void {
  const before = (name: string) => (present === undefined ? "" : parameterOf(present, name));
  const after = (name: string) => given.get(name) ?? before(name);
  // What is given may contradict what stays.
  const tokens = tokensInWords(checkTokens(after("Tokens"), after("IssuerUrl") || undefined, after("Callers")));
  if (tokens.length > 0) output.note(`tokens: ${tokens.join(", ")}`);
  for (const words of [...domainDoubts(after, present && before), ...proofDoubts(after)]) output.note(`note: ${words}`);
}

function tellCost({ output }: Context, given: ReadonlyMap<string, string>, template: Template): void {
  const { things, monthly, extras } = costOfStack(given, template);
  const among = extras.length === 0 ? "" : ` (${extras.join(", ")} among them)`;
  output.note(`its key manager makes ${things.join("; ")}`);
  output.note(`about $${monthly.toFixed(2)} a month before the first token${among}, beside cents for storage and logs`);
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
