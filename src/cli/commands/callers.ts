import { loadConfig } from "../../config/load.js";
import { reworded } from "../../encoding/command-hints.js";
import { parseDuration } from "../../encoding/durations.js";
import { isObject } from "../../encoding/object-schema.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { fromNow } from "../../encoding/times-in-words.js";
import { isSignetError, SignetError } from "../../errors.js";
import { ownLimits } from "../../issue/limits.js";
import {
  addCaller,
  addCallerWithoutSecret,
  addOrRotateCaller,
  callerNamed,
  type NewSecret,
  removeCaller,
  rotateCaller,
} from "../../operator/callers.js";
import { readGivenFile } from "../../operator/given-file.js";
import { RIGHTS, type Right } from "../../settings/callers.js";
import { confirm } from "../confirm.js";
import { type CommonOptions, type Context, pathOfCallers } from "../context.js";
import { type GivenProofs, hasTrustFlags, proofsGiven, withTrusted } from "../trust-flags.js";
import type { TrustFlags } from "../trust-options.js";
import { durationGiven } from "../typed.js";
import { tellProofs } from "./callers-trust.js";

export interface CallerOptions extends CommonOptions, TrustFlags {
  readonly limits?: string;
  /** What it may do, with commas. */
  readonly may?: string;
  readonly expires?: string;
  readonly overlap?: string;
  /** Gives a caller that is there already a new secret. */
  readonly orRotate?: boolean;
  /** Makes a secret for one that has other proofs, too. */
  readonly secret?: boolean;
}

const DEFAULT_OVERLAP = "1d";

/** `signet callers add`: makes a caller and shows its secret, this once; one that is proven otherwise has none. */
export async function callersAdd(context: Context, name: string, whom: string | undefined, given: CallerOptions): Promise<void> {
  const options = withTrusted(given, whom);
  const limits = options.limits === undefined ? undefined : await limitsGiven(context, options.limits);
  const overlapSeconds = overlapOf(options);
  if (options.overlap !== undefined && options.orRotate !== true)
    throw new SignetError("usage", "--overlap is for a caller that may be there already: give it with --or-rotate");
  const path = pathOfCallers(context, options);
  const proofs = await otherProofs(context, options, path);
  const members = { limits, may: rightsGiven(options), proofs: proofs && writtenProofs(proofs) };
  if (proofs !== undefined && options.secret !== true) {
    await addCallerWithoutSecret(context, path, name, members);
    context.output.note(`the caller ${name} was added to ${path}; it has no secret`);
    await tellProofs(context, path, name, proofs);
    if (options.json === true) context.output.json({ caller: name, secret: null, ...writtenProofs(proofs) });
    return;
  }
  const secretGiven = { ...members, overlapSeconds, expiresAfterSeconds: secondsToExpiry(options) };
  const made = await (options.orRotate === true ? addOrRotateCaller : addCaller)(context, path, name, secretGiven);
  const done = made.wasThere === true ? rotated(name, made, overlapSeconds) : `the caller ${name} was added to ${path}`;
  if (proofs !== undefined) await tellProofs(context, path, name, proofs);
  await show(context, name, made, done, options);
}

/** What proves it beside a secret; `undefined` where the flags name nothing. */
async function otherProofs(context: Context, options: CallerOptions, path: string): Promise<GivenProofs | undefined> {
  const { cwd, env, self } = context;
  const { issuer } = hasTrustFlags(options) ? await loadConfig({ path, cwd, env }) : {};
  const proofs = await proofsGiven(context, options, issuer, path);
  if (proofs.rule === undefined && proofs.keys === undefined) return undefined;
  if (options.orRotate === true)
    throw new SignetError(
      "usage",
      `--or-rotate makes a secret; one that is there gets a rule or a key by \`${self} callers trust NAME\``,
    );
  if (options.expires !== undefined && options.secret !== true)
    throw new SignetError("usage", "--expires is about a secret: give --secret beside it");
  return proofs;
}

function rightsGiven({ may }: CallerOptions): readonly Right[] | undefined {
  if (may === undefined) return undefined;
  const named = may.split(",").map((right) => right.trim());
  const rights = RIGHTS.filter((right) => named.includes(right));
  const stray = named.find((right) => !rights.some((known) => known === right));
  if (stray === undefined) return rights;
  throw new SignetError(
    "usage",
    `--may takes ${RIGHTS.join(", ")}, with commas between them, and not ${JSON.stringify(stray.slice(0, 64))}`,
  );
}

function writtenProofs({ rule, keys }: GivenProofs): { readonly trusts?: readonly object[]; readonly keys?: object } {
  return { ...(rule && { trusts: [rule] }), ...(keys && { keys }) };
}

/** `signet callers rotate`: makes a new secret; the old ones go on working for a while. */
export async function callersRotate(context: Context, name: string, options: CallerOptions): Promise<void> {
  const overlapSeconds = overlapOf(options);
  const expiresAfterSeconds = secondsToExpiry(options);
  const made = await rotateCaller(context, pathOfCallers(context, options), name, { overlapSeconds, expiresAfterSeconds });
  await show(context, name, made, rotated(name, made, overlapSeconds), options);
}

function overlapOf({ overlap }: CallerOptions): number {
  return parseDuration(overlap ?? DEFAULT_OVERLAP, "--overlap");
}

function rotated(name: string, { oldEndAt, record }: NewSecret, overlapSeconds: number): string {
  if (oldEndAt === undefined) return `the caller ${name} has a secret now; what else proves it goes on doing so`;
  const until = overlapSeconds === 0 ? "no longer" : `until it expires ${fromNow(oldEndAt, record.createdAt)}`;
  return `the caller ${name} has a new secret; the old one works ${until}`;
}

/** `signet callers remove`: from then on its secrets belong to no caller. */
export async function callersRemove(context: Context, name: string, options: CallerOptions): Promise<void> {
  const path = pathOfCallers(context, options);
  const { cwd, env, output } = context;
  callerNamed((await loadConfig({ path, cwd, env })).callers, name, context);
  await confirm(`The caller ${name} gets no more tokens; its limits are forgotten.`, options);
  await removeCaller(context, path, name);
  output.note(`the caller ${name} was removed; tokens that it has are good until they expire`);
  if (options.json === true) output.json({ removed: name });
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
  if (!isObject(value)) throw new SignetError("usage", `${path} must hold an object of limits such as {"maxTtlSeconds": 600}`);
  try {
    ownLimits(value);
  } catch (error) {
    if (!isSignetError(error)) throw error;
    // What is wrong stands in this file, and not below the limits of signet.json.
    throw reworded(error, `--limits ${path}: ${error.message.replace(/^limits\./, "")}`);
  }
  return value;
}
