import { loadConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { parseDuration } from "../../encoding/durations.js";
import { ownMember } from "../../encoding/own-member.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { fromNow } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { makeSecret, type SecretRecord, secretDigest } from "../../issue/caller-secret.js";
import { presentSeconds } from "../../issue/issuer.js";
import { ownLimits } from "../../issue/limits.js";
import { narrowLimits } from "../../issue/narrow.js";
import { type ConfigMembers, changeConfig } from "../../operator/config-file.js";
import { readGivenFile } from "../../operator/given-file.js";
import { isCallerName } from "../../settings/callers.js";
import { confirm } from "../confirm.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { table } from "../table.js";

export interface CallerOptions extends CommonOptions {
  readonly limits?: string;
  readonly expires?: string;
  readonly overlap?: string;
}

const DEFAULT_OVERLAP = "1d";

type Callers = Config["callers"];
type Caller = NonNullable<Callers[string]>;

/** `signet callers add`: makes a caller and shows its secret, this once. */
export async function callersAdd(context: Context, name: string, options: CallerOptions): Promise<void> {
  if (!isCallerName(name)) {
    throw new SignetError(
      "usage",
      "a caller's name has letters, digits, - and _, at most 64, and is neither a bare number nor a word such as constructor",
    );
  }
  const limits = options.limits === undefined ? undefined : await limitsGiven(context, options.limits);
  const { secret, record } = newSecret(options);
  const path = pathOfConfig(context, options);
  await changeConfig(path, context.env, (members, { callers, limits: issuerLimits, issuer }) => {
    if (limits !== undefined) narrowLimits(issuerLimits, ownLimits(limits, issuer));
    if (Object.hasOwn(callers, name)) {
      throw new SignetError(
        "caller_exists",
        `the caller ${name} exists already; \`${context.self} callers rotate ${name}\` makes it a new secret`,
      );
    }
    return withCaller(members, callers, name, { ...(limits && { limits }), secrets: [record] } as Caller);
  });
  await show(context, name, secret, record, `the caller ${name} was added to ${path}`);
}

/** `signet callers rotate`: makes a new secret; the old ones go on working for a while. */
export async function callersRotate(context: Context, name: string, options: CallerOptions): Promise<void> {
  const overlap = parseDuration(options.overlap ?? DEFAULT_OVERLAP, "--overlap");
  const { secret, record } = newSecret(options);
  const endsAt = record.createdAt + overlap;
  await changeConfig(pathOfConfig(context, options), context.env, (members, { callers }) => {
    const caller = callerNamed(callers, name, context);
    const alive = (caller.secrets ?? []).filter(({ expiresAt }) => expiresAt === undefined || expiresAt > record.createdAt);
    const old = overlap === 0 ? [] : alive.map((each) => ({ ...each, expiresAt: Math.min(each.expiresAt ?? endsAt, endsAt) }));
    return withCaller(members, callers, name, { ...caller, secrets: [...old, record] });
  });
  const until = overlap === 0 ? "no longer" : `until it expires ${fromNow(endsAt, record.createdAt)}`;
  await show(context, name, secret, record, `the caller ${name} has a new secret; the old one works ${until}`);
}

/** `signet callers remove`: from then on its secrets authenticate no caller. */
export async function callersRemove(context: Context, name: string, options: CallerOptions): Promise<void> {
  const path = pathOfConfig(context, options);
  const { cwd, env, output } = context;
  callerNamed((await loadConfig({ path, cwd, env })).callers, name, context);
  await confirm(`The caller ${name} gets no more tokens; its limits are forgotten.`, options);
  await changeConfig(path, env, (members, { callers }) => {
    callerNamed(callers, name, context);
    return withCallers(members, Object.fromEntries(Object.entries(callers).filter(([each]) => each !== name)));
  });
  output.note(`the caller ${name} was removed; tokens that it has are good until they expire`);
}

/** `signet callers list`: names, limits and the ages of secrets. */
export async function callersList(context: Context, options: CallerOptions): Promise<void> {
  const { output, cwd, env, self } = context;
  const { callers } = await loadConfig({ path: options.config, cwd, env });
  const now = presentSeconds();
  const all = Object.entries(callers).map(([name, { limits = {}, secrets = [] }]) => ({
    name,
    limits,
    secrets: secrets.map(({ createdAt, expiresAt }) => ({ createdAt, ...(expiresAt !== undefined && { expiresAt }) })),
  }));
  if (options.json === true) return output.json({ callers: all });
  if (all.length === 0) return output.note(`there are no callers: ${self} callers add NAME`);
  const rows = all.map(({ name, limits, secrets }) => [
    name,
    secrets.map((each) => secretInWords(each, now)).join("; ") || "none",
    limitsInWords(limits),
  ]);
  for (const line of table(["CALLER", "SECRETS", "OWN LIMITS"], rows)) output.data(line);
}

function callerNamed(callers: Callers, name: string, { self }: Context): Caller {
  const caller = ownMember(callers, name);
  if (caller !== undefined) return caller;
  throw new SignetError(
    "caller_missing",
    `there is no caller ${name.slice(0, 64)}; \`${self} callers list\` shows those that are there`,
  );
}

function withCaller(members: ConfigMembers, callers: Callers, name: string, caller: Caller): ReturnType<typeof withCallers> {
  return withCallers(members, Object.fromEntries([...Object.entries(callers), [name, caller]]));
}

function withCallers(members: ConfigMembers, callers: Callers): { members: ConfigMembers; result: undefined } {
  return { members: { ...members, callers }, result: undefined };
}

function newSecret({ expires }: CallerOptions): { secret: string; record: SecretRecord } {
  const secret = makeSecret();
  const createdAt = presentSeconds();
  const seconds = expires === undefined ? undefined : parseDuration(expires, "--expires");
  if (seconds === 0) throw new SignetError("usage", "--expires must be longer than that");
  const record = { sha256: secretDigest(secret).toString("hex"), createdAt, ...(seconds && { expiresAt: createdAt + seconds }) };
  return { secret, record };
}

// The secret alone is data: `SECRET=$(signet callers add web)` holds it.
async function show(
  { output, self }: Context,
  name: string,
  secret: string,
  { expiresAt, createdAt }: SecretRecord,
  done: string,
): Promise<void> {
  output.note(done);
  output.note("its secret is shown this once, and kept nowhere; send it as Authorization: Bearer SECRET");
  if (expiresAt !== undefined)
    output.note(`it expires ${fromNow(expiresAt, createdAt)}: \`signet callers rotate ${name}\` before`);
  output.exact(secret);
  if (await output.wasTaken()) return;
  throw new SignetError(
    "output_failed",
    `the secret of ${name} was not read, and it cannot be shown again: \`${self} callers rotate ${name} --overlap 0\` makes another`,
  );
}

async function limitsGiven(context: Context, path: string): Promise<object> {
  const value = parseStrictJson(await readGivenFile(context, path, "--limits"), path);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as object;
  throw new SignetError("usage", `${path} must hold an object of limits such as {"maxTtlSeconds": 600}`);
}

function secretInWords({ createdAt, expiresAt }: { createdAt: number; expiresAt?: number }, now: number): string {
  const end = expiresAt === undefined ? "no end" : expiresAt <= now ? "expired" : `expires ${fromNow(expiresAt, now)}`;
  return `made ${fromNow(createdAt, now)}, ${end}`;
}

function limitsInWords(limits: object): string {
  const words = Object.entries(limits).map(
    ([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`,
  );
  return words.join(", ") || "the issuer's";
}
