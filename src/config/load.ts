import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { findCustody } from "../custody/registry.js";
import { isObject } from "../encoding/object-schema.js";
import { ownMember } from "../encoding/own-member.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import { readTrustedText } from "../files/trusted-read.js";
import { readSettings } from "../settings/read.js";
import { type Member, membersIn } from "../settings/shape.js";
import { JWKS_CACHES, minPublishAheadSeconds } from "../settings/times.js";
import { assertOneIss } from "../settings/tokens.js";
import { assertVisibleIss } from "../settings/visible-iss.js";
import { judgeCallers } from "../trust/judge-callers.js";
import { assertClaimsFromProofs } from "../trust/judge-claims.js";
import { assertKidsDiffer, contradictions } from "./contradictions.js";
import { type Environment, environmentOverrides } from "./environment.js";
import { explainFaults } from "./explain-fault.js";
import { CONFIG_MEMBERS, type Config, INSECURE_CONFIG_MEMBERS } from "./schema.js";

/** The name of the config file. */
export const CONFIG_NAME = "signet.json";

/** Where a config is looked for, and what overrides it. */
export interface ConfigSources {
  /** The file, or its folder; default `SIGNET_CONFIG`, else `signet.json` in the present directory. */
  readonly path?: string | undefined;
  readonly cwd: string;
  readonly env: Environment;
  /** Members given as flags: they override the environment, which overrides the file. */
  readonly flags?: Readonly<Record<string, unknown>> | undefined;
  /** How another file is named, for who has no flags: in words that stand behind "or". */
  readonly otherwise?: string | undefined;
  /** Told of members that contradict each other, where one of them decides. */
  readonly onDoubt?: ((words: string) => void) | undefined;
}

/** What a config is checked with. */
export interface CheckSources extends Pick<ConfigSources, "env" | "flags" | "onDoubt"> {
  /** What the file says, so that an error can name line and column. */
  readonly text?: string | undefined;
}

/** The file that a config is read from. */
export function configPath({ path, cwd, env }: ConfigSources): string {
  const given = path ?? (env.SIGNET_CONFIG || CONFIG_NAME);
  const found = resolve(cwd, given);
  const isFolder = /[/\\]$/.test(given) || statOf(found)?.isDirectory() === true;
  return isFolder ? join(found, CONFIG_NAME) : found;
}

/** Whether a file, or a link that leads to one, is at a path. */
export function isFileAt(path: string): boolean {
  return statOf(path) !== undefined;
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // What cannot be looked at says so when it is read.
    return undefined;
  }
}

/**
 * Reads a config.
 *
 * @throws SignetError `config_missing`, or `config_invalid` naming the file, the path inside it and the fix
 */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const path = configPath(sources);
  const text = await readTrustedText("document", path, "config_invalid");
  if (text === undefined) {
    throw new SignetError(
      "config_missing",
      `there is no ${path}: run \`signet init\` to make an issuer here, or ${sources.otherwise ?? "name one with --config FILE"}`,
    );
  }
  // Lines and columns are those of an editor, which shows no byte order mark.
  return checkConfig(parseStrictJson(text, path), path, { ...sources, text: text.replace(/^\ufeff/, "") });
}

/**
 * Checks the members of a config and completes them.
 *
 * @param members what the file says, or would say
 * @param path the file, for messages and for its relative paths
 * @throws SignetError `config_invalid`; `usage` where a flag is at fault
 */
export function checkConfig(members: unknown, path: string, given: CheckSources): Config {
  const { env, flags = {}, text, onDoubt } = given;
  if (!isObject(members)) throw new SignetError("config_invalid", `${path} must hold an object`);
  const overrides = environmentOverrides(env);
  const merged = overlaid(overlaid(members, overrides.members), flags);
  const sources = new Map([...overrides.sources, ...sourcesOfFlags(flags)]);
  const shape = merged.allowInsecureIssuer === true ? INSECURE_CONFIG_MEMBERS : CONFIG_MEMBERS;
  const read = readSettings(shape, merged, (_first, all) => explainFaults(all, { file: path, text, sources }));
  assertOneIss(read.tokens ?? {}, read.issuer, `${path}: ${sources.get("issuer") ?? "issuer"} and tokens.iss`);
  assertVisibleIss(read.tokens ?? {}, `${path}: tokens.iss`);
  assertKidsDiffer(read.tokens ?? {}, path);
  assertCustody(read, path, given.flags === undefined ? "" : " (--kms-key)");
  assertPublishAhead(read.rotation, sources.get(PUBLISH_AHEAD) ?? path);
  assertForUrl(read, path);
  assertProofs(read, path);
  if (onDoubt !== undefined) for (const words of contradictions(merged)) onDoubt(`${path}: ${words}`);
  const { directory, passphraseFile, notices, callers, ...config } = read;
  const inFolder = (name: string) => resolve(dirname(path), name);
  return Object.freeze({
    ...config,
    directory: inFolder(directory),
    callers: Object.fromEntries(Object.entries(callers).map(([name, caller]) => [name, withAbsolutePaths(caller, inFolder)])),
    notices: {
      ...notices,
      ...(notices.webhookSecretFile !== undefined && { webhookSecretFile: inFolder(notices.webhookSecretFile) }),
    },
    ...(passphraseFile === undefined ? {} : { passphraseFile: inFolder(passphraseFile) }),
  });
}

/** @param flag what gives the KMS key to a command that writes a config, in words behind a space */
function assertCustody(config: Config, path: string, flag: string): void {
  const { custody, aws } = config;
  const facts = findCustody(custody);
  if (facts?.member !== undefined && ownMember<unknown>(config, facts.member) === undefined) {
    const what = `${path}: the custody ${custody} needs the member ${facts.member}: docs/configuration.md says what stands in it`;
    throw new SignetError("config_invalid", what, { field: facts.member });
  }
  if (facts?.needsAws === true && aws === undefined) {
    const what = `${path}: the custody ${custody} needs aws.installation, a name that no other installation of the account and region has`;
    throw new SignetError("config_invalid", what, { field: "aws.installation" });
  }
  if (facts?.kmsKey === "wraps" && aws?.kmsKey === undefined) {
    const what = `${path}: the custody ${custody} needs aws.kmsKey, the symmetric KMS key that wraps the private keys${flag}`;
    throw new SignetError("config_invalid", what, { field: "aws.kmsKey" });
  }
}

/** What callers sign, and what they exchange, is for the issuer's URL: beside an `iss` that is none there is no such URL, and none to be given. */
function assertForUrl({ tokens, callers }: Config, path: string): void {
  if (tokens?.iss === undefined) return;
  for (const [name, { keys, exchanges = [] }] of Object.entries(callers)) {
    if (keys !== undefined)
      throw withoutUrl(
        path,
        `callers.${name}.keys`,
        "their proofs are",
        "give it a secret instead (`signet callers add` makes one)",
      );
    if (exchanges.length > 0) throw withoutUrl(path, `callers.${name}.exchanges`, "what they exchange is", "leave them out");
  }
}

function withoutUrl(path: string, field: string, what: string, next: string): SignetError {
  const words = `${path}: ${field} are not possible with tokens.iss, since ${what} for the issuer's URL: ${next}`;
  return new SignetError("config_invalid", words, { field });
}

/** Refuses what callers say of proofs where it would trust more than it says, or never work. */
function assertProofs({ issuer, limits, callers }: Config, path: string): void {
  try {
    judgeCallers(callers, issuer);
    assertClaimsFromProofs(limits, callers);
  } catch (error) {
    if (!isSignetError(error, "config_invalid")) throw error;
    const { message, field = "callers" } = error;
    throw new SignetError("config_invalid", `${path}: ${message}`, { field, cause: error });
  }
}

type Caller = NonNullable<Config["callers"][string]>;

function withAbsolutePaths(caller: Caller, inFolder: (name: string) => string): Caller {
  const { trusts, exchanges, keys, ...others } = caller;
  const absolute = <R extends { readonly caFile?: string | undefined }>(rule: R): R =>
    rule.caFile === undefined ? rule : { ...rule, caFile: inFolder(rule.caFile) };
  return {
    ...others,
    ...(trusts && { trusts: trusts.map(absolute) }),
    ...(exchanges && { exchanges: exchanges.map(absolute) }),
    ...(keys && { keys: absolute(keys) }),
  };
}

const PUBLISH_AHEAD = "rotation.publishAheadSeconds";

/** Refuses a key that would sign before every verifier can know it. */
function assertPublishAhead({ publishAheadSeconds, clockSkewSeconds }: Config["rotation"], where: string): void {
  const least = minPublishAheadSeconds(clockSkewSeconds);
  if (publishAheadSeconds >= least) return;
  const sum = JWKS_CACHES.map(([seconds, name]) => `${seconds} (${name})`).join(" + ");
  throw new SignetError(
    "config_invalid",
    `${where}: ${PUBLISH_AHEAD} is too small; expected at least ${least}: ${sum} + 2 x ${clockSkewSeconds} (clockSkewSeconds)`,
    { field: PUBLISH_AHEAD },
  );
}

function sourcesOfFlags(flags: Readonly<Record<string, unknown>>): [string, string][] {
  return membersIn(CONFIG_MEMBERS).flatMap(({ path, member: { flag } }): [string, string][] => {
    const given = path.reduce<unknown>((value, name) => (isObject(value) ? ownMember(value, name) : undefined), flags);
    return flag === undefined || given === undefined ? [] : [[path.join("."), flag]];
  });
}

// One level deep: everything else is a value.
function overlaid(under: Readonly<Record<string, unknown>>, over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged = new Map(Object.entries(under));
  for (const [name, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const before = merged.get(name);
    const isGroup = isObject(before) && isObject(value) && ownMember<Member>(CONFIG_MEMBERS, name)?.properties !== undefined;
    merged.set(name, isGroup ? { ...before, ...value } : value);
  }
  return Object.fromEntries(merged);
}
