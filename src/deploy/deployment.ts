import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import type { Change, Parameter, Stack, StackClient, StackEvent } from "./stack.js";
import { checkParameter, type Template } from "./template.js";

/** What is told while a stack changes. */
export type OnEvent = (event: StackEvent) => void;

const POLL_MS = 1_000;
/** Reasons that only say that another resource has failed. */
const CONSEQUENCE = /cancelled|The following resource\(s\) failed/i;

/**
 * Checks parameters before anything is sent.
 *
 * @param given each as CloudFormation names it
 * @param suggest answers " (did you mean X?)" for a word that is none of the names, or nothing
 * @throws SignetError `usage`
 */
export function checkParameters(
  { parameters }: Template,
  given: ReadonlyMap<string, string>,
  suggest: (word: string, names: readonly string[]) => string,
): void {
  const names = Object.keys(parameters);
  for (const [name, value] of given) {
    const rule = ownMember(parameters, name);
    if (rule !== undefined) checkParameter(name, value, rule);
    else throw new SignetError("usage", `the template has no parameter ${name}${suggest(name, names)}: ${names.join(", ")}`);
  }
}

/** What a stack's parameters are to be: those that are given, and of a stack that is there already the others as they are. */
export function parametersOf(
  { parameters }: Template,
  given: ReadonlyMap<string, string>,
  stack: Stack | undefined,
): readonly Parameter[] {
  const before = new Set(stack?.Parameters?.map(({ ParameterKey }) => ParameterKey));
  return Object.keys(parameters).flatMap((name): Parameter[] => {
    const value = given.get(name);
    if (value !== undefined) return [{ ParameterKey: name, ParameterValue: value }];
    return before.has(name) ? [{ ParameterKey: name, UsePreviousValue: true }] : [];
  });
}

/** Whether a stack is there to be updated; one that was only looked at, or whose creation was rolled back, is not. */
export function isThere(stack: Stack | undefined): stack is Stack {
  return stack !== undefined && stack.StackStatus !== "REVIEW_IN_PROGRESS" && stack.StackStatus !== "ROLLBACK_COMPLETE";
}

/**
 * Asserts that a stack can be changed now.
 *
 * @throws SignetError `deploy_failed`
 */
export function assertAtRest(name: string, stack: Stack | undefined): void {
  const status = stack?.StackStatus ?? "";
  if (!status.endsWith("_IN_PROGRESS") || status === "REVIEW_IN_PROGRESS") return;
  throw new SignetError("deploy_failed", `the stack ${name} is being changed (${status}): try again when that has ended`);
}

/** A change in one line: what is done to which resource, and whether it is made anew. */
export function changeInWords({ ResourceChange: change = {} }: Change): readonly string[] {
  const { Action = "", LogicalResourceId = "", ResourceType = "", Replacement } = change;
  return [Action.toLowerCase(), LogicalResourceId, ResourceType, Replacement === "True" ? "replaced" : ""];
}

/**
 * Begins a change and waits for its end.
 *
 * @param begin what begins it
 * @returns the stack as it is then
 * @throws SignetError `deploy_failed` with the first reason that CloudFormation gives
 */
export async function carryOut(client: StackClient, begin: () => Promise<void>, onEvent: OnEvent): Promise<Stack | undefined> {
  const seen = new Set((await client.events()).map(({ EventId }) => EventId));
  const reasons: string[] = [];
  await begin();
  for (;;) {
    const stack = await client.describe();
    for (const event of await client.events()) {
      if (seen.has(event.EventId)) continue;
      seen.add(event.EventId);
      onEvent(event);
      const { ResourceStatus, ResourceStatusReason: reason = "", LogicalResourceId } = event;
      if (ResourceStatus?.endsWith("_FAILED") && !CONSEQUENCE.test(reason)) reasons.push(`${LogicalResourceId}: ${reason}`);
    }
    const status = stack?.StackStatus ?? "DELETE_COMPLETE";
    if (/^(CREATE|UPDATE|DELETE)_COMPLETE$/.test(status)) return stack;
    if (!status.endsWith("_IN_PROGRESS")) throw failed(status, reasons[0] ?? stack?.StackStatusReason ?? "no reason was given");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function failed(status: string, reason: string): SignetError {
  const left = status.includes("ROLLBACK_COMPLETE") ? "everything is as it was before" : `the stack is left as ${status}`;
  return new SignetError("deploy_failed", `it failed, and ${left}. ${reason}`);
}
