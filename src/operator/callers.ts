import type { Config } from "../config/schema.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import { callersFolder, forgetUse, lastUse } from "../files/last-uses.js";
import { makeSecret, type SecretRecord, secretDigest } from "../issue/caller-secret.js";
import { presentSeconds } from "../issue/issuer.js";
import { ownLimits } from "../issue/limits.js";
import { narrowLimits } from "../issue/narrow.js";
import { isCallerName, type Right } from "../settings/callers.js";
import { type ConfigMembers, changeConfig } from "./config-file.js";
import type { Surroundings } from "./surroundings.js";

type Callers = Config["callers"];
type Caller = NonNullable<Callers[string]>;

/** A caller as it stands in the file: what it leaves out is not written into it. */
type WrittenCaller = Readonly<Record<string, unknown>>;

/** A secret that was made. It is kept nowhere: this is the only time that it can be shown. */
export interface NewSecret {
  readonly secret: string;
  /** What the config keeps of it. */
  readonly record: SecretRecord;
  /** Whether the caller had been there before. */
  readonly wasThere?: boolean;
  /** When the old ones end, where it had any. */
  readonly oldEndAt?: number;
}

/** A caller as a list shows it: without the digests of its secrets. */
export interface ListedCaller {
  readonly name: string;
  readonly limits: NonNullable<Caller["limits"]>;
  readonly secrets: readonly { readonly createdAt: number; readonly expiresAt?: number }[];
  readonly may?: Caller["may"];
  readonly trusts?: NonNullable<Caller["trusts"]>;
  readonly exchanges?: NonNullable<Caller["exchanges"]>;
  readonly keys?: Caller["keys"];
}

/**
 * Adds a caller to the config.
 *
 * @param path the config file
 * @param given its own limits, and when its secret ends
 * @throws SignetError `usage` for a name that is none, `caller_exists`, `config_invalid` for limits that the issuer's contradict
 */
export async function addCaller(surroundings: Surroundings, path: string, name: string, given: CallerWishes): Promise<NewSecret> {
  const made = newSecret(given.expiresAfterSeconds);
  await addNewCaller(surroundings, path, name, given, { secrets: [made.record] });
  return made;
}

/**
 * Adds a caller that proves itself by what others sign, or by keys of its own, and has no secret.
 *
 * @throws SignetError as `addCaller`
 */
export function addCallerWithoutSecret(
  surroundings: Surroundings,
  path: string,
  name: string,
  given: CallerWishes,
): Promise<void> {
  return addNewCaller(surroundings, path, name, given, {});
}

async function addNewCaller(
  { env, self }: Surroundings,
  path: string,
  name: string,
  given: CallerWishes,
  made: { readonly secrets?: readonly SecretRecord[] },
): Promise<void> {
  assertName(name);
  await changeConfig(path, env, (members, config) => {
    if (Object.hasOwn(config.callers, name)) {
      throw new SignetError(
        "caller_exists",
        `the caller ${name} exists already; \`${self} callers rotate ${name}\` makes it a new secret, \`${self} callers trust ${name}\` gives it another rule or key`,
      );
    }
    return withNewCaller(members, config, name, given, made);
  });
}

/**
 * Adds a caller to the config, or makes one that is there a new secret: for scripts that are run again. The limits of one that is there
 * stay as they are, unless others are given.
 *
 * @throws SignetError as `addCaller`, but for a caller that is there
 */
export async function addOrRotateCaller(
  { env }: Surroundings,
  path: string,
  name: string,
  given: CallerWishes & { readonly overlapSeconds: number },
): Promise<NewSecret> {
  assertName(name);
  const made = newSecret(given.expiresAfterSeconds);
  const oldEndAt = made.record.createdAt + given.overlapSeconds;
  let wasThere = false;
  let hadSecret = false;
  await changeConfig(path, env, (members, config) => {
    const caller = ownMember<Caller>(config.callers, name);
    wasThere = caller !== undefined;
    hadSecret = hasSecret(caller, made);
    if (caller === undefined) return withNewCaller(members, config, name, given, { secrets: [made.record] });
    assertNarrows(config, given.limits ?? caller.limits);
    return withCaller(members, name, {
      ...writtenCaller(members, name),
      ...(given.limits && { limits: given.limits }),
      ...(given.may && { may: given.may }),
      secrets: exchanged(caller, made, oldEndAt),
    });
  });
  return hadSecret ? { ...made, wasThere, oldEndAt } : { ...made, wasThere };
}

/** What a new caller gets. */
interface CallerWishes {
  readonly limits?: object | undefined;
  readonly expiresAfterSeconds?: number | undefined;
  /** What it may do, where that is not all. */
  readonly may?: readonly Right[] | undefined;
  /** What proves it beside a secret, as it is written. */
  readonly proofs?: { readonly trusts?: readonly object[]; readonly keys?: object } | undefined;
}

function assertName(name: string): void {
  if (isCallerName(name)) return;
  throw new SignetError(
    "usage",
    "a caller's name has letters, digits, - and _, at most 64, and is neither a bare number nor a word such as constructor",
  );
}

function assertNarrows({ limits: issuerLimits, issuer }: Config, limits: object | undefined): void {
  if (limits !== undefined) narrowLimits(issuerLimits, ownLimits(limits, issuer));
}

function withNewCaller(
  members: ConfigMembers,
  config: Config,
  name: string,
  { limits, may, proofs }: CallerWishes,
  made: object,
) {
  assertNarrows(config, limits);
  return withCaller(members, name, { ...(limits && { limits }), ...(may && { may }), ...proofs, ...made });
}

/** The secrets of a caller with a new one among them; what has ended is left out. */
function exchanged({ secrets = [] }: Caller, { record }: NewSecret, oldEndAt: number): readonly SecretRecord[] {
  const { createdAt } = record;
  const kept = secrets
    .filter((each) => isAlive(each, createdAt))
    .map((each) => ({ ...each, expiresAt: Math.min(each.expiresAt ?? oldEndAt, oldEndAt) }));
  return [...(oldEndAt === createdAt ? [] : kept), record];
}

function isAlive({ expiresAt }: SecretRecord, now: number): boolean {
  return expiresAt === undefined || expiresAt > now;
}

function hasSecret(caller: Caller | undefined, { record }: NewSecret): boolean {
  return (caller?.secrets ?? []).some((each) => isAlive(each, record.createdAt));
}

/**
 * Makes a caller a new secret.
 *
 * @param given for how long the old ones go on working, and when the new one ends
 * @returns the secret, and when the old ones end, where it had any
 * @throws SignetError `caller_missing`
 */
export async function rotateCaller(
  surroundings: Surroundings,
  path: string,
  name: string,
  given: { readonly overlapSeconds: number; readonly expiresAfterSeconds?: number | undefined },
): Promise<NewSecret> {
  const made = newSecret(given.expiresAfterSeconds);
  const oldEndAt = made.record.createdAt + given.overlapSeconds;
  let hadSecret = false;
  await changeConfig(path, surroundings.env, (members, { callers }) => {
    const caller = callerNamed(callers, name, surroundings);
    hadSecret = hasSecret(caller, made);
    return withCaller(members, name, { ...writtenCaller(members, name), secrets: exchanged(caller, made, oldEndAt) });
  });
  return hadSecret ? { ...made, wasThere: true, oldEndAt } : { ...made, wasThere: true };
}

/**
 * Removes a caller from the config: from then on its secrets belong to no caller.
 *
 * @throws SignetError `caller_missing`
 */
export async function removeCaller(surroundings: Surroundings, path: string, name: string): Promise<void> {
  let folder: string | undefined;
  await changeConfig(path, surroundings.env, (members, { callers, directory }) => {
    callerNamed(callers, name, surroundings);
    folder = callersFolder(directory);
    return withCallers(members, Object.fromEntries(Object.entries(writtenCallers(members)).filter(([each]) => each !== name)));
  });
  // Another one of its name has not been used yet. A time that stays is no reason to say that it was not removed.
  if (folder !== undefined) await forgetUse(folder, name).catch(() => undefined);
}

/** When callers were used last, as far as that can be known. */
export interface LastUsesOfCallers {
  /** By name; those that never were are left out. */
  readonly times: ReadonlyMap<string, number>;
  /** Why those of others cannot be read. */
  readonly failures: ReadonlyMap<string, Error>;
}

/** When each caller was recognised last by a server whose keys and documents are in a config's directory. */
export async function lastUsesOfCallers({
  callers,
  directory,
}: Pick<Config, "callers" | "directory">): Promise<LastUsesOfCallers> {
  const folder = callersFolder(directory);
  const times = new Map<string, number>();
  const failures = new Map<string, Error>();
  for (const name of Object.keys(callers)) {
    const at = await lastUse(folder, name).catch((error: Error) => void failures.set(name, error));
    if (at !== undefined) times.set(name, at);
  }
  return { times, failures };
}

/** The callers of a config: names, limits, and the ages of secrets. */
export function listedCallers({ callers }: Pick<Config, "callers">): readonly ListedCaller[] {
  return Object.entries(callers).map(([name, { limits = {}, secrets = [], may, trusts, exchanges, keys }]) => ({
    name,
    limits,
    secrets: secrets.map(({ createdAt, expiresAt }) => ({ createdAt, ...(expiresAt !== undefined && { expiresAt }) })),
    ...(may !== undefined && { may }),
    ...(trusts !== undefined && { trusts }),
    ...(exchanges !== undefined && { exchanges }),
    ...(keys !== undefined && { keys }),
  }));
}

/**
 * The caller of a name.
 *
 * @throws SignetError `caller_missing`
 */
export function callerNamed(callers: Callers, name: string, { self }: Pick<Surroundings, "self">): Caller {
  const caller = ownMember(callers, name);
  if (caller !== undefined) return caller;
  throw new SignetError(
    "caller_missing",
    `there is no caller ${name.slice(0, 64)}; \`${self} callers list\` shows those that are there`,
  );
}

/**
 * Changes one caller as it is written.
 *
 * @param change gets the caller as it stands in the file, and as it was read
 * @throws SignetError `caller_missing`, and what `change` throws
 */
export function changeCaller(
  surroundings: Surroundings,
  path: string,
  name: string,
  change: (written: WrittenCaller, read: Caller) => WrittenCaller,
): Promise<void> {
  return changeConfig(path, surroundings.env, (members, { callers }) => {
    const read = callerNamed(callers, name, surroundings);
    return withCaller(members, name, change(writtenCaller(members, name), read));
  });
}

// What was read is complete: its defaults are nothing that was written.
function writtenCallers(members: ConfigMembers): Readonly<Record<string, WrittenCaller>> {
  return (members.callers ?? {}) as Readonly<Record<string, WrittenCaller>>;
}

function writtenCaller(members: ConfigMembers, name: string): WrittenCaller {
  return ownMember(writtenCallers(members), name) ?? {};
}

function withCaller(members: ConfigMembers, name: string, caller: WrittenCaller): ReturnType<typeof withCallers> {
  return withCallers(members, Object.fromEntries([...Object.entries(writtenCallers(members)), [name, caller]]));
}

function withCallers(members: ConfigMembers, callers: object): { members: ConfigMembers; result: undefined } {
  return { members: { ...members, callers }, result: undefined };
}

function newSecret(expiresAfterSeconds: number | undefined): NewSecret {
  const secret = makeSecret();
  const createdAt = presentSeconds();
  const sha256 = secretDigest(secret).toString("hex");
  const end = expiresAfterSeconds === undefined ? {} : { expiresAt: createdAt + expiresAfterSeconds };
  return { secret, record: { sha256, createdAt, ...end } };
}
