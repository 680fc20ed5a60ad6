import { CfnParameter, Duration, Reference, Token, Tokenization } from "aws-cdk-lib";
import { checkCallers, checkParameter, checkTokens, didYouMean } from "./checks.js";
import type { JwtIssuerProps } from "./jwt-issuer.js";
import { GIVEN, type Known, LATER, type SourceTemplate } from "./resolve.js";

type Conversion<Value> = (value: Value) => unknown;

const asItIs = (value: unknown): unknown => value;
const onOrOff = (value: boolean): string => (value ? "on" : "off");
const joined = (value: readonly string[]): string => value.join(",");

/** Each prop, the parameter that it is, and how its value is written there. */
const PARAMETERS: {
  readonly [Name in keyof JwtIssuerProps]-?: readonly [parameter: string, Conversion<NonNullable<JwtIssuerProps[Name]>>];
} = {
  keyCustodian: ["KeyCustodianParameter", asItIs],
  algorithm: ["Algorithm", asItIs],
  existingKmsKey: ["ExistingKmsKeyArn", ({ keyArn }) => keyArn],
  secretKmsKey: ["SecretKmsKeyArn", ({ keyArn }) => keyArn],
  rotateEveryDays: ["RotateEveryDays", asItIs],
  rotateByUpload: ["RotateByUpload", onOrOff],
  secretsManagerRotation: ["SecretsManagerRotation", onOrOff],
  rotationToken: ["RotationToken", asItIs],
  verifiersAccept: ["VerifiersAccept", asItIs],
  renewOutputs: ["RenewOutputs", asItIs],
  issuerUrl: ["IssuerUrl", asItIs],
  domainName: ["DomainName", asItIs],
  certificate: ["CertificateArn", ({ certificateArn }) => certificateArn],
  basePath: ["BasePath", asItIs],
  maxTtl: ["MaxTtlSeconds", (ttl) => ttl.toSeconds()],
  tokens: ["Tokens", (tokens) => JSON.stringify(tokens)],
  callers: ["Callers", (callers) => JSON.stringify(callers)],
  jwksEndpoint: ["JwksEndpoint", onOrOff],
  issueRoutes: ["IssueRoutes", onOrOff],
  decodeRoute: ["DecodeRoute", onOrOff],
  decodeHosts: ["DecodeHosts", joined],
  tokenRoute: ["TokenRoute", onOrOff],
  tokenConcurrency: ["TokenConcurrency", asItIs],
  tokensPerSecond: ["TokensPerSecond", asItIs],
  logLevel: ["LogLevelApplicationParameter", asItIs],
  systemLogLevel: ["LogLevelSystemParameter", asItIs],
  logRetentionDays: ["LogRetentionDays", asItIs],
  alarmEmail: ["AlarmEmail", asItIs],
  kmsSignQuota: ["KmsSignQuota", asItIs],
  reservedConcurrency: ["ReservedConcurrency", asItIs],
  accessLog: ["AccessLog", onOrOff],
  tracing: ["Tracing", onOrOff],
  permissionsBoundary: ["PermissionsBoundaryArn", ({ managedPolicyArn }) => managedPolicyArn],
  runtime: ["Runtime", asItIs],
  memorySize: ["MemorySize", asItIs],
  architecture: ["Architecture", asItIs],
};

/** What is put into the template. */
export interface Parameters {
  /** Each parameter's value, tokens among them. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What is known of it at synthesis. */
  readonly known: ReadonlyMap<string, Known>;
}

/**
 * Turns props into the template's parameters, by the template's own rules for each: what the deployment would refuse is refused here.
 *
 * @throws Error naming the prop
 */
export function parametersOf(props: JwtIssuerProps, template: SourceTemplate): Parameters {
  assertKnownProps(props);
  const values: Record<string, unknown> = {};
  const known = new Map<string, Known>();
  for (const [name, rule] of Object.entries(template.Parameters)) {
    values[name] = rule.Type === "CommaDelimitedList" ? listOf(rule.Default) : rule.Default;
    known.set(name, String(rule.Default));
  }
  for (const [prop, [parameter, convert]] of Object.entries(PARAMETERS)) {
    const given = props[prop as keyof JwtIssuerProps];
    const rule = template.Parameters[parameter];
    if (given === undefined) continue;
    if (rule === undefined) throw new Error(`the template has no parameter ${parameter}`);
    const value = (convert as Conversion<unknown>)(given);
    values[parameter] = value;
    const fact = knownOf(value);
    known.set(parameter, fact);
    if (typeof fact === "string") refuse(prop, () => checkParameter(parameter, fact, rule));
  }
  checkCallersOf(props, template);
  checkTokensOf(props);
  return { values, known };
}

/** A message of the template, in the construct's words. */
export function inProps(message: string): string {
  return Object.entries(PARAMETERS).reduce(
    (text, [prop, [name]]) => text.replace(new RegExp(`\\b${name}\\b`, "g"), prop),
    message,
  );
}

function assertKnownProps(props: JwtIssuerProps): void {
  const names = Object.keys(PARAMETERS);
  const unknown = Object.keys(props).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new Error(`${unknown} is not a prop of JwtIssuer${didYouMean(unknown, names) || `; there are ${names.join(", ")}`}`);
}

/** What is misspelt in a limit would limit nothing, and a life beyond the issuer's is never granted. */
function checkCallersOf({ callers, maxTtl, tokenRoute, issuerUrl }: JwtIssuerProps, template: SourceTemplate): void {
  if (callers === undefined) return;
  const text = JSON.stringify(callers);
  if (Token.isUnresolved(text)) throw new Error("callers must be known when the stack is synthesised");
  refuse("callers", () => checkCallers(text, Token.isUnresolved(issuerUrl) ? undefined : issuerUrl));
  const proving = Object.entries(callers).find(([, { trusts, keys }]) => trusts !== undefined || keys !== undefined);
  if (proving !== undefined && tokenRoute !== true)
    throw new Error(`callers.${proving[0]} has trusts or keys, which prove nothing without the route: set tokenRoute`);
  const most = (maxTtl ?? Duration.seconds(Number(template.Parameters.MaxTtlSeconds?.Default))).toSeconds();
  if (Token.isUnresolved(most)) return;
  for (const [name, { limits = {} }] of Object.entries(callers)) {
    for (const member of ["maxTtlSeconds", "defaultTtlSeconds"] as const) {
      if ((limits[member] ?? 0) <= most) continue;
      throw new Error(
        `callers.${name}.limits.${member} is beyond maxTtl, the issuer's own ${most} seconds: it would never be granted`,
      );
    }
  }
}

/** What is misspelt would change nothing. */
function checkTokensOf({ tokens, callers, issuerUrl }: JwtIssuerProps): void {
  if (tokens === undefined) return;
  const text = JSON.stringify(tokens);
  if (Token.isUnresolved(text)) throw new Error("tokens must be known when the stack is synthesised");
  refuse("tokens", () => checkTokens(text, issuerUrl || undefined, JSON.stringify(callers ?? {})));
}

function refuse(prop: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Error(`${prop}: ${(error as Error).message}`, { cause: error });
  }
}

/** A parameter of the app's own stack may turn out to be empty; every other token stands for something that is there. */
function knownOf(value: unknown): Known {
  if (!Token.isUnresolved(value)) return Array.isArray(value) ? value.join(",") : String(value);
  const token = Tokenization.reverse(value, { failConcat: false });
  return Reference.isReference(token) && token.target instanceof CfnParameter ? LATER : GIVEN;
}

function listOf(text: unknown): readonly string[] {
  return text === undefined || text === "" ? [] : String(text).split(",");
}
