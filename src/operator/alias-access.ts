import { isAws } from "../aws/failure.js";
import type { ContextEntry, Decision, Iam } from "../aws/iam.js";
import { createFunctionAliases } from "../aws/lambda-aliases.js";
import { aliasGrants } from "../aws/lambda-policy.js";
import type { Transport } from "../aws/transport.js";
import { isSignetError } from "../errors.js";
import { callerOfProofAlias } from "../issue/alias-callers.js";

/**
 * How a principal may reach aliases: by IAM policies (`allowed`) or an alias's own policy (`granted`), or it cannot be said: condition keys
 * decide whose values no simulation knows (`undecided`), or IAM gave no answer (`unjudged`).
 */
export type AccessKind = "allowed" | "granted" | "undecided" | "unjudged";

/** What is found of one principal. */
export interface AccessFinding {
  readonly kind: AccessKind;
  /** An ARN; in an alias's own policy also an account, a service or `*`. */
  readonly principal: string;
  /** The aliases by name. */
  readonly aliases: readonly string[];
  /** The policies that allow it, the condition keys that decide, or why there is no judgement. */
  readonly because: readonly string[];
  /** Whether it is one of those that were expected. */
  readonly isExpected: boolean;
}

/** Who could invoke the aliases for proofs. */
export interface AliasAccess {
  readonly functionArn: string;
  /** The aliases that take proofs, by name. */
  readonly aliases: readonly string[];
  /** How many roles and users were asked about. */
  readonly principals: number;
  readonly findings: readonly AccessFinding[];
  /** What was expected, and is no role or user of the account, nor in an alias's policy. */
  readonly unknown: readonly string[];
}

/** What is asked about, and by which ways. */
export interface AliasQuestion {
  readonly lambda: Transport;
  readonly iam: Iam;
  readonly functionArn: string;
  /** ARNs of principals that may. */
  readonly expected: readonly string[];
  /** Told after each principal that was asked about. */
  readonly onProgress: (judged: number, principals: number) => void;
}

const INVOKE = "lambda:InvokeFunction";
/** IAM's own rate is low, and the account's: more at once would be refused, and asked again. */
const MAX_AT_ONCE = 4;

/**
 * Finds who could invoke the aliases that believe what they are sent: by the policies of every role and user, and by the aliases' own.
 *
 * @throws AwsFailure where a list, or the policy of an alias, cannot be read; a principal that cannot be judged is told as such
 */
export async function findAliasAccess(question: AliasQuestion): Promise<AliasAccess> {
  const { lambda, iam, functionArn, expected } = question;
  const names = await createFunctionAliases(lambda, functionArn).names();
  const aliases = names.filter((name) => callerOfProofAlias(name) !== undefined).sort();
  if (aliases.length === 0) return { functionArn, aliases, principals: 0, findings: [], unknown: [] };
  const granted: AccessFinding[] = [];
  for (const alias of aliases) {
    for (const { principal, statement, conditionKeys } of await aliasGrants(lambda, functionArn, alias)) {
      const under = conditionKeys.length > 0 ? [`under conditions (${conditionKeys.join(", ")})`] : [];
      const because = [`the alias's own policy${statement && `: ${statement}`}`, ...under];
      granted.push({ kind: "granted", principal, aliases: [alias], because, isExpected: expected.includes(principal) });
    }
  }
  const principals = [...(await iam.roles()), ...(await iam.users())];
  const found = await judgedAll(question, principals, aliases);
  const known = new Set([...principals, ...granted.map(({ principal }) => principal)]);
  const findings = [...granted, ...found].sort((a, b) => Number(a.isExpected) - Number(b.isExpected));
  return { functionArn, aliases, principals: principals.length, findings, unknown: expected.filter((arn) => !known.has(arn)) };
}

async function judgedAll(
  question: AliasQuestion,
  principals: readonly string[],
  aliases: readonly string[],
): Promise<readonly AccessFinding[]> {
  const found: (readonly AccessFinding[])[] = [];
  let [next, judged] = [0, 0];
  const work = async (): Promise<void> => {
    while (next < principals.length) {
      const at = next++;
      try {
        found[at] = await judgedOne(question, principals[at] as string, aliases);
      } catch (error) {
        // The others ask no further.
        next = principals.length;
        throw error;
      }
      question.onProgress(++judged, principals.length);
    }
  };
  await Promise.all(Array.from({ length: MAX_AT_ONCE }, work));
  return found.flat();
}

async function judgedOne(
  { iam, functionArn, expected }: AliasQuestion,
  principal: string,
  aliases: readonly string[],
): Promise<readonly AccessFinding[]> {
  const about = { principal, isExpected: expected.includes(principal) };
  const arnOf = (alias: string): string => `${functionArn}:${alias}`;
  let decisions: ReadonlyMap<string, Decision>;
  try {
    decisions = await iam.decisions(principal, INVOKE, aliases.map(arnOf), contextOf(principal, functionArn));
  } catch (error) {
    return [{ ...about, kind: "unjudged", aliases, because: [whyUnjudged(error)] }];
  }
  const findings = new Map<string, AccessFinding>();
  for (const alias of aliases) {
    const finding = findingOf(decisions.get(arnOf(alias)));
    if (finding === undefined) continue;
    // Aliases of which the same is to be said stand in one line.
    const key = JSON.stringify([finding.kind, finding.because]);
    findings.set(key, { ...about, ...finding, aliases: [...(findings.get(key)?.aliases ?? []), alias] });
  }
  return [...findings.values()];
}

function findingOf(decision: Decision | undefined): Pick<AccessFinding, "kind" | "because"> | undefined {
  if (decision === undefined) return { kind: "unjudged", because: ["IAM has answered no decision"] };
  const { outcome, policies, missingKeys } = decision;
  if (outcome === "denied") return undefined;
  return outcome === "allowed" ? { kind: "allowed", because: policies } : { kind: "undecided", because: missingKeys };
}

/**
 * Tells why a principal was not judged.
 *
 * @throws what is no matter of this principal: missing credentials, a service that fails
 */
function whyUnjudged(error: unknown): string {
  if (isSignetError(error, "aws_access_denied")) return "iam:SimulatePrincipalPolicy on it is not allowed to you";
  if (isAws(error, "NoSuchEntity")) return "it was deleted meanwhile";
  if (isSignetError(error, "aws_refused") || isAws(error, "PolicyEvaluation")) return error.message;
  throw error;
}

/** What is known of a call, and of the rest what lets most in: over TLS, by a person who has shown a second factor. */
function contextOf(principal: string, functionArn: string): readonly ContextEntry[] {
  const [, , , region = "", account = ""] = functionArn.split(":");
  return [
    { name: "aws:PrincipalArn", type: "string", value: principal },
    { name: "aws:PrincipalAccount", type: "string", value: account },
    { name: "aws:ResourceAccount", type: "string", value: account },
    { name: "aws:RequestedRegion", type: "string", value: region },
    { name: "aws:SecureTransport", type: "boolean", value: "true" },
    { name: "aws:MultiFactorAuthPresent", type: "boolean", value: "true" },
    { name: "aws:ViaAWSService", type: "boolean", value: "false" },
  ];
}
