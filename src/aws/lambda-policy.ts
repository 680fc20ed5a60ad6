import { parseJson } from "../encoding/json-names.js";
import { isObject } from "../encoding/object-schema.js";
import { readAnswer } from "./answer.js";
import { AwsFailure } from "./failure.js";
import type { Transport } from "./transport.js";

/** What a statement of a resource's own policy allows one principal. */
export interface Grant {
  /** An ARN, an account, a service, or `*`. */
  readonly principal: string;
  /** The statement's id; empty where it has none. */
  readonly statement: string;
  /** The condition keys that limit it. */
  readonly conditionKeys: readonly string[];
}

const ACTION = "lambda:GetPolicy";
const NOT_FOUND = 404;

/**
 * What the policy of a function's alias allows, whatever the action (Lambda API reference, "GetPolicy").
 *
 * @returns nothing for an alias without a policy
 * @throws AwsFailure that says what to do; `aws_unavailable` for a policy that cannot be read
 */
export async function aliasGrants(transport: Transport, functionArn: string, alias: string): Promise<readonly Grant[]> {
  const resource = `${functionArn}:${alias}`;
  const { status, body } = await transport.call({
    service: "lambda",
    action: ACTION,
    resource,
    method: "GET",
    path: `/2015-03-31/functions/${encodeURIComponent(functionArn)}/policy`,
    query: { Qualifier: alias },
    accepts: [NOT_FOUND],
  });
  if (status === NOT_FOUND) return [];
  const { Policy } = readAnswer(body, { Policy: "" }, ACTION, resource);
  const grants = statementsOf(Policy)?.map(grantsOf);
  if (grants === undefined || grants.includes(undefined))
    throw new AwsFailure("aws_unavailable", `${ACTION} on ${resource}: the policy is not as AWS documents it`, "");
  return grants.flatMap((each) => each ?? []);
}

function statementsOf(policy: string): readonly unknown[] | undefined {
  try {
    const value = parseJson(policy);
    return isObject(value) && value.Statement !== undefined ? [value.Statement].flat() : undefined;
  } catch {
    return undefined;
  }
}

function grantsOf(statement: unknown): readonly Grant[] | undefined {
  if (!isObject(statement)) return undefined;
  const { Effect, Principal, NotPrincipal, Sid, Condition } = statement;
  if (Effect === "Deny") return [];
  // All but some are everybody, as far as can be told.
  const principals = NotPrincipal === undefined ? principalsOf(Principal) : ["*"];
  if (Effect !== "Allow" || principals === undefined) return undefined;
  const conditions = isObject(Condition) ? Object.values(Condition) : [];
  const conditionKeys = conditions.flatMap((keys) => (isObject(keys) ? Object.keys(keys) : []));
  return principals.map((principal) => ({ principal, statement: typeof Sid === "string" ? Sid : "", conditionKeys }));
}

function principalsOf(principal: unknown): readonly string[] | undefined {
  const found = isObject(principal) ? Object.values(principal).flat() : [principal];
  return found.length > 0 && found.every((each) => typeof each === "string") ? found : undefined;
}
