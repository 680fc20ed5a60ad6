import type { Installation } from "../assemble.js";
import { isObject } from "../encoding/list-of.js";
import { SignetError } from "../errors.js";
import { checkRequest, type IssueRequest } from "../issue/request.js";
import { putLimitsInForce } from "./limits-in-force.js";
import { functionOf, invoke } from "./stack-function.js";
import type { Surroundings } from "./surroundings.js";

/** A token that a person asks for at their own issuer. */
export interface TokenAsked {
  readonly request: IssueRequest;
  /** Within whose limits; `undefined` is the issuer's alone. */
  readonly caller?: string | undefined;
}

/**
 * Issues a token of this folder's issuer.
 *
 * @param note told what had to be put in force before
 * @throws SignetError `caller_missing`, and what the issuer refuses
 */
export async function issueHere(
  installation: Installation,
  { request, caller }: TokenAsked,
  note: (words: string) => void,
): Promise<string> {
  const checked = checkRequest(request);
  await putLimitsInForce(installation, note);
  if (caller === undefined) return (await installation.issuer.issue(checked)).token;
  const known = installation.callers().named(caller);
  if (known === undefined) throw new SignetError("caller_missing", "there is no caller of this name", { field: "caller" });
  return (await known.issuer.issue(checked)).token;
}

/** The function may have to start, and to wait for KMS. A second invocation would pay for a second token. */
const ANSWER_MS = 25_000;
const ONCE = { attemptMs: ANSWER_MS, deadlineMs: ANSWER_MS, isOnce: true };

/**
 * Has a stack's function issue a token, with the operator's own credentials.
 *
 * @param config `stack:NAME`
 * @throws SignetError what the function refuses; AwsFailure that names the right that is missing
 */
export async function issueByStack(surroundings: Surroundings, config: string, { request, caller }: TokenAsked): Promise<string> {
  const checked = checkRequest(request);
  const arn = await functionOf(surroundings, config, "JWTIssuerFunctionArn");
  const issuer = { arn, alias: caller, what: "the issuer's function", waits: ONCE };
  return (await invoke(surroundings, issuer, checked, isIssued)).token;
}

function isIssued(value: unknown): value is { readonly token: string } {
  return isObject(value) && typeof value.token === "string";
}
