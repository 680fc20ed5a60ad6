import type { Change, Stack } from "../deploy/stack.js";
import type { Template, TemplateParameter } from "../deploy/template.js";
import { firstNames } from "../encoding/first-few.js";
import { ownMember } from "../encoding/own-member.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import { hasProofs } from "../issue/alias-callers.js";
import { readCallers } from "../issue/callers-json.js";
import { assertOneIss, readTokens, type Tokens } from "../settings/tokens.js";
import { assertVisibleIss } from "../settings/visible-iss.js";
import { judgeCallers } from "../trust/judge-callers.js";
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
  const isUrl = (tokens: string) => readTokens(parseStrictJson(tokens || "{}", "Tokens")).iss === undefined;
  const [wasUrl, staysUrl] = [isUrl(before("Tokens")), isUrl(after("Tokens"))];
  const hasOwnUrl = before("IssuerUrl") !== "" || before("JwksEndpoint") === after("JwksEndpoint") || !wasUrl;
  if (wasUrl === staysUrl && before("IssuerUrl") === after("IssuerUrl") && hasOwnUrl) return;
  throw new SignetError(
    "usage",
    "IssuerUrl, JwksEndpoint where it gives the URL, and whether Tokens has iss, cannot be changed: every verifier would refuse every token. Make another stack (--stack)",
    { field: "IssuerUrl" },
  );
}

const MAX_NAMED = 5;

/** Stands for the URL of a stack that is not made yet: what counts is which rules have the same. */
export const URL_TO_COME = "https://issuer.invalid";

/**
 * Checks the parameter `Callers`: the function is changed before its key manager can look at it, and a fault would keep it from issuing
 * until the rollback. A rule that is wrong would let no one in.
 *
 * @param issuer the issuer's URL, where it is known
 * @throws SignetError `usage`
 */
export function checkCallers(text: string | undefined, issuer = URL_TO_COME): void {
  if (text === undefined) return;
  try {
    const callers = readCallers(parseStrictJson(text, "it") as object);
    judgeCallers(Object.fromEntries(callers.map((caller) => [caller.name, caller])), issuer);
  } catch (error) {
    throw new SignetError("usage", `the parameter Callers: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Checks the parameter `Tokens`: the function is changed before its key manager can look at it, and a fault would keep it from issuing until
 * the rollback.
 *
 * @param issuerUrl the parameter `IssuerUrl`; `undefined` where it is empty
 * @param callers the parameter `Callers`, which was checked
 * @throws SignetError `usage`
 */
export function checkTokens(text: string | undefined, issuerUrl?: string, callers?: string): Tokens {
  try {
    const tokens = readTokens(parseStrictJson(text || "{}", "it"), "Tokens");
    assertOneIss(tokens, issuerUrl, "IssuerUrl and iss of Tokens");
    assertVisibleIss(tokens, "iss");
    if (tokens.exp === false) assertNoExchanges(readCallers(parseStrictJson(callers || "{}", "Callers") as object));
    return tokens;
  } catch (error) {
    throw new SignetError("usage", `the parameter Tokens: ${(error as Error).message}`, { cause: error });
  }
}

function assertNoExchanges(callers: ReturnType<typeof readCallers>): void {
  const found = callers.find(({ exchanges = [] }) => exchanges.length > 0);
  if (found === undefined) return;
  throw new Error(`without exp nothing can be exchanged: it would outlive the token that it is given for (${found.name})`);
}

/**
 * What is doubtful about how a stack's callers prove themselves, in words.
 *
 * @param after tells a parameter as it will be
 */
export function proofDoubts(after: (name: string) => string): readonly string[] {
  if (after("TokenRoute") === "on") return [];
  const proving = readCallers(parseStrictJson(after("Callers") || "{}", "Callers") as object).filter(hasProofs);
  if (proving.length === 0) return [];
  const names = firstNames(
    proving.map(({ name }) => name),
    MAX_NAMED,
  );
  return [`the trusts and keys of ${names} prove nothing without the route: TokenRoute=on makes POST /token`];
}

/** The resource that tells which key signs, the secret that names it, and what refers to these: a change set lists whatever may follow. */
const TELLING: readonly string[] = ["Keys", "ActiveSecret", "RotationPermission", "Rotation", "Complete"];

/** Tells a change that renews a stack's outputs and nothing else. */
export function renewsOutputs(changes: readonly Change[], given: ReadonlyMap<string, string>, stack: Stack): boolean {
  const isAsBefore = [...given].every(([name, value]) => name === "RenewOutputs" || value === parameterOf(stack, name));
  return isAsBefore && changes.every(({ ResourceChange }) => TELLING.includes(ResourceChange?.LogicalResourceId ?? ""));
}

/** What a stack costs before the first token. */
interface StackCost {
  /** What its key manager makes. */
  readonly things: readonly string[];
  /** In dollars a month, beside cents for storage and logs. */
  readonly monthly: number;
  /** What of it is for something else than keys, in words. */
  readonly extras: readonly string[];
}

/** What the key manager of a stack makes, and what the stack costs a month before the first token. */
export function costOfStack(given: ReadonlyMap<string, string>, { parameters }: Template): StackCost {
  const chosen = (name: string) => given.get(name) ?? String(ownMember<TemplateParameter>(parameters, name)?.Default ?? "");
  const custodian = chosen("KeyCustodianParameter");
  const existing = chosen(custodian === "KMS" ? "ExistingKmsKeyArn" : "SecretKmsKeyArn");
  const { things, monthly: keys = 0 } = footprint(custodyOfParameter(custodian), existing || undefined);
  const wrapping = custodian === "KMSDataKey" && existing === "" ? PRICES.kmsKeyMonth : 0;
  const alarms = alarmsOf(chosen);
  const [forAlarms, forSecret] = [alarms * PRICES.alarmMonth, chosen("SecretsManagerRotation") === "on" ? PRICES.secretMonth : 0];
  const extras = [
    ...(forAlarms > 0 ? [`$${forAlarms.toFixed(2)} for ${alarms} alarms`] : []),
    ...(forSecret > 0 ? [`$${forSecret.toFixed(2)} for the secret that Secrets Manager rotates`] : []),
  ];
  return { things, monthly: keys + wrapping + forAlarms + forSecret, extras };
}

const ALARMS = 6;

// That on KMS's quota stands where the template can tell which metric it is.
function alarmsOf(chosen: (name: string) => string): number {
  if (chosen("AlarmEmail") === "") return 0;
  const isQuotaWatched = chosen("KeyCustodianParameter") === "KMS" && chosen("KmsSignQuota") !== "0";
  return isQuotaWatched && !chosen("Algorithm").startsWith("ML-DSA") ? ALARMS + 1 : ALARMS;
}

/**
 * What a stack that is deleted leaves, in words: tokens may still live, and these keys cannot be made again.
 *
 * @param custodies who holds its keys, by the keyring; why that is not known, where it could not be read
 */
export function whatStays(stack: Stack, custodies: readonly string[] | SignetError): readonly string[] {
  const { KeyringBucket: bucket = "", UsedProofsBucket: used } = outputsOf(stack);
  const always = [
    `the bucket ${bucket}: keyring, public documents, audit log (cents a year)`,
    `the parameters below /signet/${bucket}/ (free in the standard tier)`,
    ...(used === undefined ? [] : [`the bucket ${used}: which proofs were used, empty after two days`]),
  ];
  const lines: Readonly<Record<string, string>> = {
    kms: `the KMS keys with the tag signet:installation=${bucket} ($${PRICES.kmsKeyMonth} each a month)`,
    "secrets-manager": `the secrets below signet/${bucket}/ ($${PRICES.secretMonth} each a month)`,
    "kms-data-key": `the KMS key that wraps private keys, unless it is yours ($${PRICES.kmsKeyMonth} a month)`,
  };
  const linesOf = (names: readonly string[]) => [...new Set(names)].flatMap((name) => ownMember<string>(lines, name) ?? []);
  const present = custodyOfParameter(parameterOf(stack, "KeyCustodianParameter"));
  if (!isSignetError(custodies)) return [...always, ...linesOf([present, ...custodies])];
  const unknown = `what other custodians than ${present} hold, if there were any, at their prices: the keyring could not be read (${custodies.message})`;
  return [...always, ...linesOf([present]), unknown];
}
