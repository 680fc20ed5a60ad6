import { didYouMean } from "../encoding/nearest.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import { membersIn } from "../settings/shape.js";
import { CONFIG_MEMBERS } from "./schema.js";

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that stand over `signet.json`, each with its member. */
const OVERRIDES = membersIn(CONFIG_MEMBERS).flatMap(({ path, member }) =>
  member.variable === undefined ? [] : [{ name: member.variable, path, type: member.type }],
);

/** Read elsewhere: where the config stands, the passphrase, which is no member of it, and whether failures show where. */
const OTHERS = ["SIGNET_CONFIG", "SIGNET_PASSPHRASE", "SIGNET_WEBHOOK_SECRET", "SIGNET_DEBUG"];

/** They were set to decide about tokens: a warning would leave these as they are. */
const OF_FUNCTIONS = { SIGNET_LIMITS: "limits", SIGNET_TOKENS: "tokens" };

/** The members that the environment sets, in the shape of `signet.json`, and where each came from. */
export interface EnvironmentOverrides {
  readonly members: Readonly<Record<string, unknown>>;
  /** By the member's path, "limits.maxTtlSeconds": the variable's name. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Reads the variables that stand over the config file.
 *
 * @throws SignetError `config_invalid` for a number or a truth that is none, and for `SIGNET_LIMITS` and `SIGNET_TOKENS`
 */
export function environmentOverrides(env: Environment): EnvironmentOverrides {
  for (const [name, member] of Object.entries(OF_FUNCTIONS)) {
    if (!ownMember(env, name)) continue;
    const what = `${name} is read by the Lambda functions alone: put the ${member} into signet.json, or unset it`;
    throw new SignetError("config_invalid", what, { field: name });
  }
  const members = new Map<string, unknown>();
  const sources = new Map<string, string>();
  for (const { name, path, type } of OVERRIDES) {
    const text = ownMember(env, name);
    if (text === undefined || text === "") continue;
    const value = type === "string" ? text : type === "boolean" ? truthIn(name, text) : secondsIn(name, text);
    const [first = "", second] = path;
    const group = Object.entries((members.get(first) as object | undefined) ?? {});
    members.set(first, second === undefined ? value : Object.fromEntries([...group, [second, value]]));
    sources.set(path.join("."), name);
  }
  return { members: Object.fromEntries(members), sources };
}

function secondsIn(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new SignetError("config_invalid", `${name} must be a whole number of seconds`, { field: name });
}

function truthIn(name: string, text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new SignetError("config_invalid", `${name} must be true or false`, { field: name });
}

/** A warning for each `SIGNET_` variable that is not read; those of `OF_FUNCTIONS` are more than that. */
export function unknownVariables(env: Environment): string[] {
  const known = [...OVERRIDES.map(({ name }) => name), ...OTHERS];
  return Object.keys(env)
    .filter((name) => name.startsWith("SIGNET_") && !Object.hasOwn(OF_FUNCTIONS, name) && !known.includes(name))
    .map((name) => `the environment variable ${name} means nothing to signet${didYouMean(name, known)}`);
}
