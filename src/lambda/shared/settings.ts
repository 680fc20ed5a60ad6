import { didYouMean } from "../../encoding/nearest.js";
import { isObject } from "../../encoding/object-schema.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { type AliasCaller, readAliasCallers } from "../../issue/alias-callers.js";
import { type Limits, readLimits } from "../../settings/limits.js";
import { DEFAULT_ACTIVE_KEY_MAX_AGE_SECONDS } from "../../settings/times.js";
import { readTokens, type Tokens } from "../../settings/tokens.js";

/** Environment variables of a function. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the functions read of their environment, behind `SIGNET_`. One environment may be meant for several of them. */
export const VARIABLES: readonly string[] = [
  "INSTALLATION KEYRING ISSUER LIMITS TOKENS CALLERS ACTIVE_KEY_MAX_AGE_SECONDS HTTP METRICS STACK_ID CUSTODY ALGORITHM KMS_KEY WRAPPING_KEY",
  "KEY_POLICY ROTATION ROTATE_EVERY_DAYS WEBHOOK WEBHOOK_SECRET EVENT_BUS AUDIENCE JWKS_URL SCOPES ROUTES CLAIMS TOKEN_QUERY TOKEN_HEADER",
  "AUTHORIZER_RESPONSE TYPES KEY_ALGORITHMS CLIENT_IDS EXACT_CLAIMS IGNORED_HEADERS INTEGERS_AS_TEXT DECODE_HOSTS ALLOW_INSECURE_ISSUER",
  "ISSUER_FUNCTION USED_PROOFS TOKEN_ROUTE",
].flatMap((names) => names.split(" "));
const PREFIX = "SIGNET_";

/**
 * Asserts that no variable is misspelt: with `SIGNET_SCOPE` for `SIGNET_SCOPES` no scope would be checked.
 *
 * @throws SignetError `config_invalid`
 */
export function assertVariablesAreSpelt(env: Environment): void {
  for (const name of Object.keys(env)) {
    const ours = name.slice(PREFIX.length);
    if (!name.startsWith(PREFIX) || VARIABLES.includes(ours)) continue;
    const meant = didYouMean(ours, VARIABLES).replace("mean ", `mean ${PREFIX}`);
    if (meant !== "") throw wrong(name, `is read by no function${meant}`);
  }
}

/** What the function is told by its environment. */
export interface Settings {
  /** The installation's name: its parameters' path begins with it. */
  readonly installation: string;
  readonly region: string;
  /** The issuer's URL: where its API is, and `iss` unless `tokens.iss` is. Absent leaves `iss` to the claims. */
  readonly issuer: string | undefined;
  readonly limits: Partial<Limits>;
  /** How its tokens differ from the usual. */
  readonly tokens: Tokens;
  readonly callers: readonly AliasCaller[];
  readonly activeKeyMaxAgeSeconds: number;
  /** Events of API Gateway and function URLs are answered too. */
  readonly http: boolean;
  /** Metrics are written to the log (CloudWatch embedded metric format). */
  readonly metrics: boolean;
}

/**
 * Reads the settings. `SIGNET_LIMITS`, `SIGNET_TOKENS` and `SIGNET_CALLERS` are JSON, spelled as in `signet.json`.
 *
 * @throws SignetError `config_invalid`, naming the variable
 */
export function settingsOf(env: Environment): Settings {
  assertVariablesAreSpelt(env);
  const installation = env.SIGNET_INSTALLATION;
  if (!installation) throw wrong("SIGNET_INSTALLATION", "is not set: it names the installation");
  return {
    installation,
    region: env.AWS_REGION ?? "",
    issuer: env.SIGNET_ISSUER || undefined,
    limits: limitsIn(env),
    tokens: tokensIn(env),
    callers: readAliasCallers(objectIn(env, "SIGNET_CALLERS")),
    activeKeyMaxAgeSeconds: secondsIn(env, "SIGNET_ACTIVE_KEY_MAX_AGE_SECONDS", DEFAULT_ACTIVE_KEY_MAX_AGE_SECONDS),
    http: isYesIn(env, "SIGNET_HTTP"),
    metrics: isYesIn(env, "SIGNET_METRICS"),
  };
}

/**
 * `SIGNET_LIMITS`: JSON, spelled as `limits` in `signet.json`.
 *
 * @throws SignetError `config_invalid`, naming the member
 */
export function limitsIn(env: Environment): Partial<Limits> {
  return membersIn(env, "SIGNET_LIMITS", readLimits);
}

/**
 * `SIGNET_TOKENS`: JSON, spelled as `tokens` in `signet.json`.
 *
 * @throws SignetError `config_invalid`, naming the member
 */
export function tokensIn(env: Environment): Tokens {
  return membersIn(env, "SIGNET_TOKENS", readTokens);
}

/**
 * A variable that holds members as `signet.json` has them.
 *
 * @param read checks them; what it throws names the member
 * @throws SignetError `config_invalid`, naming the variable as the field
 */
export function membersIn<T>(env: Environment, name: VariableName, read: (given: object, where: string) => T): T {
  const given = objectIn(env, name);
  try {
    return read(given, name);
  } catch (error) {
    throw new SignetError("config_invalid", (error as Error).message, { field: name });
  }
}

/** What is read as settings are: a variable of ours, or the template's property that becomes one. */
type VariableName = `SIGNET_${string}` | "Callers" | "Tokens";

/**
 * A variable that holds a JSON object; an empty one where it is not set.
 *
 * @throws SignetError `config_invalid`
 */
export function objectIn(env: Environment, name: VariableName): object {
  try {
    const value: unknown = parseStrictJson(env[name] || "{}", name);
    if (isObject(value)) return value;
  } catch {
    // Told below, without the text.
  }
  throw wrong(name, "must be a JSON object that names no member twice");
}

/** A variable that holds a list, with commas between its members. */
export function listIn(text = ""): readonly string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

/**
 * `listIn` of a variable that narrows: one that is set and names nothing would narrow nothing.
 *
 * @throws SignetError `config_invalid`
 */
export function namesIn(env: Environment, name: VariableName): readonly string[] {
  const names = listIn(env[name]);
  if (names.length === 0 && env[name])
    throw wrong(name, "is set and names nothing: give names with commas between them, or unset it");
  return names;
}

/**
 * A variable that is one of a few words; the first stands for one that is not set.
 *
 * @throws SignetError `config_invalid`: another word would mean something else than its writer thinks
 */
export function wordIn<const Word extends string>(env: Environment, name: VariableName, words: readonly [Word, ...Word[]]): Word {
  const word = words.find((each) => each === (env[name] || words[0]));
  if (word !== undefined) return word;
  throw wrong(name, `must be ${words.join(" or ")}`);
}

/** A variable that is `true` or `false`. @throws SignetError `config_invalid` */
export function isYesIn(env: Environment, name: VariableName): boolean {
  return wordIn(env, name, ["false", "true"]) === "true";
}

function secondsIn(env: Environment, name: VariableName, otherwise: number): number {
  const text = env[name] || String(otherwise);
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw wrong(name, "must be a whole number of seconds, at least 1");
}

/** A variable that is not what it must be. */
export function wrong(name: string, what: string): SignetError {
  return new SignetError("config_invalid", `${name} ${what}`, { field: name });
}
