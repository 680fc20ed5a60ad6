import { kidOfJwk } from "../../algorithms/jwk-purpose.js";
import { loadConfig } from "../../config/load.js";
import { isObject, isText } from "../../encoding/list-of.js";
import { fromNow } from "../../encoding/times-in-words.js";
import { presentSeconds } from "../../issue/issuer.js";
import { type ListedCaller, lastUsesOfCallers, listedCallers } from "../../operator/callers.js";
import { ruleInWords } from "../../operator/rule-words.js";
import type { TrustRule } from "../../settings/trusts.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { table } from "../table.js";

/** `signet callers list`: names, limits, the ages of secrets, when each was used last, and what else proves each. */
export async function callersList(context: Context, options: CommonOptions): Promise<void> {
  const { output, cwd, env, self } = context;
  const now = presentSeconds();
  const config = await loadConfig({ path: pathOfConfig(context, options), cwd, env });
  const callers = listedCallers(config);
  const { times, failures } = await lastUsesOfCallers(config);
  const [unread] = failures.values();
  if (unread !== undefined) output.note(`warning: when callers were used last cannot be read: ${unread.message}`);
  if (options.json === true) {
    return output.json({ callers: callers.map((caller) => ({ ...caller, lastUsedAt: times.get(caller.name) ?? null })) });
  }
  if (callers.length === 0) return output.note(`there are no callers: ${self} callers add NAME`);
  const haveProofs = callers.some((caller) => proofsInWords(caller, now).length > 0);
  const rows = callers.flatMap((caller) => {
    const { name, limits, secrets, may } = caller;
    const used = times.get(name);
    const [first = "", ...more] = proofsInWords(caller, now);
    const row = [
      name,
      secrets.map((each) => secretInWords(each, now)).join("; ") || "none",
      used === undefined ? (failures.has(name) ? "not known" : "not yet") : fromNow(used, now),
      limitsInWords(limits, may),
    ];
    return haveProofs ? [[...row, first], ...more.map((words) => ["", "", "", "", words])] : [row];
  });
  const head = ["CALLER", "SECRETS", "LAST USED", "OWN LIMITS", ...(haveProofs ? ["PROOFS"] : [])];
  for (const line of table(head, rows, { columns: output.columns })) output.data(line);
  for (const words of callers.flatMap((caller) => oldKeysOf(caller, now))) output.note(`warning: ${words}`);
}

const OLD_SECONDS = 30 * 86_400;

/** Rules whose keys were pasted so long ago that the issuer may sign with others. */
function oldKeysOf({ name, trusts = [] }: ListedCaller, now: number): readonly string[] {
  return trusts.flatMap(({ jwks, jwksPastedAt, disabled }, index) => {
    if (jwks === undefined || disabled === true || (jwksPastedAt !== undefined && jwksPastedAt > now - OLD_SECONDS)) return [];
    const age = jwksPastedAt === undefined ? "at a time that is not known" : fromNow(jwksPastedAt, now);
    return [`the keys of ${name} trusts.${index} were pasted ${age}: they are renewed by hand alone`];
  });
}

function proofsInWords({ trusts = [], exchanges = [], keys }: ListedCaller, now: number): readonly string[] {
  const rules = trusts.map((rule, index) => `trusts.${index} ${ruleInWords(rule)}${ageInWords(rule, now)}`);
  const exchanged = exchanges.map((rule, index) => `exchanges.${index} ${ruleInWords(rule)}${ageInWords(rule, now)}`);
  return [...rules, ...(keys === undefined ? [] : [`keys: ${keysInWords(keys)}`]), ...exchanged];
}

// Who pasted them is the only one to renew them.
function ageInWords({ jwks, jwksPastedAt }: TrustRule, now: number): string {
  if (jwks === undefined) return "";
  return jwksPastedAt === undefined ? " (keys pasted)" : ` (keys pasted ${fromNow(jwksPastedAt, now)})`;
}

function keysInWords({ jwks, jwksUrl }: NonNullable<ListedCaller["keys"]>): string {
  if (jwks === undefined) return `those at ${jwksUrl ?? ""}`;
  const keys = Array.isArray(jwks.keys) ? jwks.keys.filter(isObject) : [];
  return keys.map((key) => nameOf(kidOfJwk(key))).join(", ");
}

function nameOf(kid: unknown): string {
  return isText(kid) ? kid : "one without a kid";
}

function secretInWords({ createdAt, expiresAt }: { createdAt: number; expiresAt?: number }, now: number): string {
  const end = expiresAt === undefined ? "no end" : expiresAt <= now ? "expired" : `expires ${fromNow(expiresAt, now)}`;
  return `made ${fromNow(createdAt, now)}, ${end}`;
}

function limitsInWords(limits: object, may: ListedCaller["may"]): string {
  if (may !== undefined && !may.includes("issue")) return may.length === 0 ? "may nothing" : `may read ${may.join(", ")} alone`;
  const words = Object.entries(limits).map(
    ([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`,
  );
  return words.join(", ") || "the issuer's";
}
