import { SignetError, shortened } from "../../errors.js";
import type { AccessFinding, AccessKind } from "../../operator/alias-access.js";
import { type StackAliasAccess, stackAliasAccess } from "../../operator/stack-alias-access.js";
import { STACK_CONFIG } from "../../operator/surroundings.js";
import type { CommonOptions, Context } from "../context.js";
import { createProgress } from "../progress.js";
import type { Look } from "../style.js";
import { table } from "../table.js";

export interface AuditAccessOptions extends CommonOptions {
  /** ARNs of principals that may. */
  readonly expect?: readonly string[];
}

const MARKS: Readonly<Record<AccessKind, string>> = { allowed: "NO", granted: "NO", undecided: "?", unjudged: "?" };
const LOOKS = new Map<string, Look>([
  ["ok", "good"],
  ["NO", "bad"],
  ["?", "warn"],
]);
const BECAUSE: Readonly<Record<AccessKind, string>> = {
  allowed: "",
  granted: "",
  undecided: "it depends on ",
  unjudged: "not judged: ",
};
/** The longest ARN of IAM: a path of 512 characters, and a name of 64. */
const MAX_ARN = 2_048;

/** `signet audit access`: who else could invoke a stack's aliases for proofs. Fails where others could, or where that cannot be said. */
export async function auditAccess(context: Context, options: AuditAccessOptions): Promise<void> {
  const { output } = context;
  const config = stackGiven(context, options.config);
  const expected = (options.expect ?? []).map(arnGiven);
  const access = await watched(context, config, expected);
  if (options.json === true) output.json(access);
  else for (const line of report(output, access.findings)) output.data(line);
  for (const words of remarks(access)) output.note(words);
  fail(access);
}

async function watched(context: Context, config: string, expected: readonly string[]): Promise<StackAliasAccess> {
  const progress = createProgress(context.output);
  let words = "";
  const onProgress = (judged: number, principals: number): void => {
    words = `asked about ${judged} of ${principals} roles and users`;
    progress.tell(words);
  };
  try {
    return await stackAliasAccess(context, config, { expected, onProgress });
  } finally {
    progress.end(words);
  }
}

function report({ columns, paint }: Context["output"], findings: readonly AccessFinding[]): readonly string[] {
  if (findings.length === 0) return [];
  const rows = findings.map(({ kind, principal, aliases, because, isExpected }) => [
    isExpected ? "ok" : MARKS[kind],
    principal,
    aliases.join(" "),
    BECAUSE[kind] + because.join(", "),
  ]);
  const paintMark = (cell: string, row: number, column: number): string => {
    const look = column === 0 && row >= 0 ? LOOKS.get(cell) : undefined;
    return look === undefined ? cell : paint(cell, look);
  };
  return table(["", "principal", "may invoke", "because"], rows, { columns, paint: paintMark });
}

function* remarks({ stack, aliases, principals, findings, unknown, tokenRole }: StackAliasAccess): Iterable<string> {
  if (aliases.length === 0) {
    yield `the stack ${stack} has no alias NAME-proof: no caller of it proves itself at POST /token, and there is nothing to ask`;
    return;
  }
  yield `asked about ${principals} roles and users, for ${aliases.join(", ")}`;
  yield "counted are policies, groups, boundaries and service control policies, with TLS and a second factor; what limits a call besides, such as session policies, is not";
  yield "not asked about: the root user; who may change IAM, the function or its aliases, or pass the token function's role, could get there as well";
  for (const arn of unknown)
    if (arn !== tokenRole) yield `warning: ${shortened(arn, MAX_ARN)} is expected, and is no role or user of this account`;
  const own = findings.filter(({ principal, kind }) => principal === tokenRole && kind === "allowed");
  if (tokenRole !== undefined && own.flatMap(({ aliases: may }) => may).length < aliases.length)
    yield `warning: the stack's own ${tokenRole} may not invoke them all: POST /token fails`;
}

function fail({ findings }: StackAliasAccess): void {
  const others = findings.filter(({ isExpected }) => !isExpected);
  const count = (...kinds: readonly AccessKind[]): number =>
    new Set(others.flatMap(({ kind, principal }) => (kinds.includes(kind) ? [principal] : []))).size;
  const [may, undecided, unjudged] = [count("allowed", "granted"), count("undecided"), count("unjudged")];
  const reasons = new Set(others.flatMap(({ kind, because }) => (kind === "unjudged" ? because : [])));
  const why = [
    may > 0 && `${may} not expected may invoke aliases for proofs`,
    undecided > 0 && `for ${undecided} it depends on conditions that cannot be known here`,
    unjudged > 0 && `${unjudged} could not be judged (${[...reasons][0]}${reasons.size > 1 ? ", and other reasons" : ""})`,
  ].filter((each) => each !== false);
  if (why.length === 0) return;
  const ways = "take the right from those that should not have it, and accept the others by --expect ARN";
  throw new SignetError("access_unexpected", `${why.join("; ")}: ${ways}`);
}

function stackGiven({ self }: Context, config: string | undefined): string {
  if (config?.startsWith(STACK_CONFIG) === true) return config;
  throw new SignetError(
    "usage",
    `only a stack has aliases that others could invoke: name it, \`${self} audit access --config ${STACK_CONFIG}NAME\`; callers of a config file show secrets or proofs`,
  );
}

function arnGiven(text: string): string {
  if (text.length <= MAX_ARN && /^arn:[\w-]+:(iam|sts)::\d{12}:[\x21-\x7e]+$/.test(text)) return text;
  throw new SignetError(
    "usage",
    `--expect takes the ARN of a role or user, such as arn:aws:iam::111122223333:role/admin, and not ${JSON.stringify(shortened(text))}`,
  );
}
