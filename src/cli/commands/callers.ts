import { loadConfig } from "../../config/load.js";
import { parseDuration } from "../../encoding/durations.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { fromNow } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import {
  addCaller,
  addOrRotateCaller,
  callerNamed,
  listedCallers,
  type NewSecret,
  removeCaller,
  rotateCaller,
} from "../../operator/callers.js";
import { readGivenFile } from "../../operator/given-file.js";
import { confirm } from "../confirm.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { table } from "../table.js";
import { durationGiven } from "../typed.js";

export interface CallerOptions extends CommonOptions {
  readonly limits?: string;
  readonly expires?: string;
  readonly overlap?: string;
  /** Gives a caller that is there already a new secret. */
  readonly orRotate?: boolean;
}

const DEFAULT_OVERLAP = "1d";

/** `signet callers add`: makes a caller and shows its secret, this once. */
export async function callersAdd(context: Context, name: string, options: CallerOptions): Promise<void> {
  const limits = options.limits === undefined ? undefined : await limitsGiven(context, options.limits);
  const overlapSeconds = overlapOf(options);
  if (options.overlap !== undefined && options.orRotate !== true)
    throw new SignetError("usage", "--overlap is for a caller that may be there already: give it with --or-rotate");
  const path = pathOfConfig(context, options);
  const given = { limits, overlapSeconds, expiresAfterSeconds: secondsToExpiry(options) };
  const made = await (options.orRotate === true ? addOrRotateCaller : addCaller)(context, path, name, given);
  const done = made.oldEndAt === undefined ? `the caller ${name} was added to ${path}` : rotated(name, made, overlapSeconds);
  await show(context, name, made, done, options);
}

/** `signet callers rotate`: makes a new secret; the old ones go on working for a while. */
export async function callersRotate(context: Context, name: string, options: CallerOptions): Promise<void> {
  const overlapSeconds = overlapOf(options);
  const expiresAfterSeconds = secondsToExpiry(options);
  const made = await rotateCaller(context, pathOfConfig(context, options), name, { overlapSeconds, expiresAfterSeconds });
  await show(context, name, made, rotated(name, made, overlapSeconds), options);
}

function overlapOf({ overlap }: CallerOptions): number {
  return parseDuration(overlap ?? DEFAULT_OVERLAP, "--overlap");
}

function rotated(name: string, { oldEndAt = 0, record }: NewSecret, overlapSeconds: number): string {
  const until = overlapSeconds === 0 ? "no longer" : `until it expires ${fromNow(oldEndAt, record.createdAt)}`;
  return `the caller ${name} has a new secret; the old one works ${until}`;
}

/** `signet callers remove`: from then on its secrets belong to no caller. */
export async function callersRemove(context: Context, name: string, options: CallerOptions): Promise<void> {
  const path = pathOfConfig(context, options);
  const { cwd, env, output } = context;
  callerNamed((await loadConfig({ path, cwd, env })).callers, name, context);
  await confirm(`The caller ${name} gets no more tokens; its limits are forgotten.`, options);
  await removeCaller(context, path, name);
  output.note(`the caller ${name} was removed; tokens that it has are good until they expire`);
  if (options.json === true) output.json({ removed: name });
}

/** `signet callers list`: names, limits and the ages of secrets. */
export async function callersList(context: Context, options: CallerOptions): Promise<void> {
  const { output, cwd, env, self } = context;
  const now = presentSeconds();
  const callers = listedCallers(await loadConfig({ path: pathOfConfig(context, options), cwd, env }));
  if (options.json === true) return output.json({ callers });
  if (callers.length === 0) return output.note(`there are no callers: ${self} callers add NAME`);
  const rows = callers.map(({ name, limits, secrets }) => [
    name,
    secrets.map((each) => secretInWords(each, now)).join("; ") || "none",
    limitsInWords(limits),
  ]);
  for (const line of table(["CALLER", "SECRETS", "OWN LIMITS"], rows, { columns: output.columns })) output.data(line);
}

function secondsToExpiry({ expires }: CallerOptions): number | undefined {
  return expires === undefined ? undefined : durationGiven(expires, "--expires");
}

// The secret alone is data: `SECRET=$(signet callers add web)` holds it.
async function show(
  { output, self }: Context,
  name: string,
  { secret, record: { expiresAt, createdAt }, oldEndAt }: NewSecret,
  done: string,
  { json }: CallerOptions,
): Promise<void> {
  output.note(done);
  output.note("its secret is shown this once, and kept nowhere; send it as Authorization: Bearer SECRET");
  if (expiresAt !== undefined)
    output.note(`it expires ${fromNow(expiresAt, createdAt)}: \`signet callers rotate ${name}\` before`);
  if (json === true)
    output.json({ caller: name, secret, createdAt, expiresAt: expiresAt ?? null, oldSecretsEndAt: oldEndAt ?? null });
  else output.exact(secret);
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
