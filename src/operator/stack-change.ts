import type { Change, Stack } from "../deploy/stack.js";
import type { Template } from "../deploy/template.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import { readCallers } from "../issue/callers-json.js";
import { footprint, PRICES } from "./prices.js";
import { outputsOf, parameterOf } from "./stack-access.js";
import { custodyOfParameter } from "./stack-config.js";

/**
 * Asserts that a change of parameters leaves the issuer's URL: the function is changed before its key manager can refuse, and would issue
 * tokens that every verifier refuses until the rollback.
 *
 * @throws SignetError `usage`
 */
export function assertSameIssuer(stack: Stack, given: ReadonlyMap<string, string>): void {
  const before = (name: string) => parameterOf(stack, name);
  const after = (name: string) => given.get(name) ?? before(name);
  const hasOwnUrl = before("IssuerUrl") !== "" || before("JwksEndpoint") === after("JwksEndpoint");
  if (before("IssuerUrl") === after("IssuerUrl") && hasOwnUrl) return;
  throw new SignetError(
    "usage",
    "IssuerUrl, and JwksEndpoint where it gives the URL, cannot be changed: every verifier would refuse every token. Make another stack (--stack)",
    { field: "IssuerUrl" },
  );
}

/**
 * Checks the parameter `Callers`: the function is changed before its key manager can look at it, and a fault would keep it from issuing
 * until the rollback.
 *
 * @throws SignetError `usage`
 */
export function checkCallers(text: string | undefined): void {
  if (text === undefined) return;
  try {
    readCallers(parseStrictJson(text, "it") as object);
  } catch (error) {
    throw new SignetError("usage", `the parameter Callers: ${(error as Error).message}`, { cause: error });
  }
}

/** The resource that tells which key signs, the secret that names it, and what refers to these: a change set lists whatever may follow. */
const TELLING: readonly string[] = ["Keys", "ActiveSecret", "RotationPermission", "Rotation", "Complete"];

/** Tells a change that renews a stack's outputs and nothing else. */
export function renewsOutputs(changes: readonly Change[], given: ReadonlyMap<string, string>, stack: Stack): boolean {
  const isAsBefore = [...given].every(([name, value]) => name === "RenewOutputs" || value === parameterOf(stack, name));
  return isAsBefore && changes.every(({ ResourceChange }) => TELLING.includes(ResourceChange?.LogicalResourceId ?? ""));
}

/** What the key manager of a stack makes, and what the stack costs a month before the first token. */
export function costOfStack(
  given: ReadonlyMap<string, string>,
  { parameters }: Template,
): { readonly things: readonly string[]; readonly monthly: number } {
  const chosen = given.get("KeyCustodianParameter") ?? String(parameters.KeyCustodianParameter?.Default);
  const existing = given.get(chosen === "KMS" ? "ExistingKmsKeyArn" : "SecretKmsKeyArn");
  const { things, monthly = 0 } = footprint(custodyOfParameter(chosen), existing || undefined);
  const wrapping = chosen === "KMSDataKey" && !given.get("SecretKmsKeyArn") ? 1 : 0;
  return { things, monthly: monthly + wrapping };
}

/** What a stack that is deleted leaves, in words: tokens may still live, and these keys cannot be made again. */
export function whatStays(stack: Stack): readonly string[] {
  const bucket = outputsOf(stack).KeyringBucket ?? "";
  const always = [
    `the bucket ${bucket}: keyring, public documents, audit log (cents a year)`,
    `the parameters below /signet/${bucket}/ (free in the standard tier)`,
  ];
  switch (parameterOf(stack, "KeyCustodianParameter")) {
    case "KMS":
      return [...always, `the KMS keys with the tag signet:installation=${bucket} ($${PRICES.kmsKeyMonth} each a month)`];
    case "SecretsManager":
      return [...always, `the secrets below signet/${bucket}/ ($${PRICES.secretMonth} each a month)`];
    case "KMSDataKey":
      return [...always, `the KMS key that wraps them, unless it is yours ($${PRICES.kmsKeyMonth} a month)`];
    default:
      return always;
  }
}
