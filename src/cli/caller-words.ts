import { kidOfJwk } from "../algorithms/jwk-purpose.js";
import { isObject, isText } from "../encoding/list-of.js";
import { fromNow } from "../encoding/times-in-words.js";
import type { ListedCaller } from "../operator/callers.js";
import { ruleInWords } from "../operator/rule-words.js";
import type { TrustRule } from "../settings/trusts.js";
import { table } from "./table.js";

const OLD_SECONDS = 30 * 86_400;

/** Rules whose keys were pasted so long ago that the issuer may sign with others. */
export function oldKeysOf({ name, trusts = [] }: ListedCaller, now: number): readonly string[] {
  return trusts.flatMap(({ jwks, jwksPastedAt, disabled }, index) => {
    if (jwks === undefined || disabled === true || (jwksPastedAt !== undefined && jwksPastedAt > now - OLD_SECONDS)) return [];
    const age = jwksPastedAt === undefined ? "at a time that is not known" : fromNow(jwksPastedAt, now);
    return [`the keys of ${name} trusts.${index} were pasted ${age}: they are renewed by hand alone`];
  });
}

/** What proves a caller beside its secrets, a line for each rule. */
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

/**
 * Callers as a table, and where any of them has rules or keys a last column with those, one a line.
 *
 * @param cellsOf what stands in the other columns of a caller's first line
 */
export function tableOfCallers(
  head: readonly string[],
  callers: readonly ListedCaller[],
  cellsOf: (caller: ListedCaller) => readonly string[],
  { now, columns }: { readonly now: number; readonly columns: number },
): readonly string[] {
  const proofs = callers.map((caller) => proofsInWords(caller, now));
  if (proofs.every((words) => words.length === 0)) return table(head, callers.map(cellsOf), { columns });
  const rows = callers.flatMap((caller, index) => {
    const cells = cellsOf(caller);
    const [first = "", ...more] = proofs[index] ?? [];
    return [[...cells, first], ...more.map((words) => [...cells.map(() => ""), words])];
  });
  return table([...head, "PROOFS"], rows, { columns });
}

/** A caller's own limits, and what it may, in a line. */
export function limitsInWords(limits: object, may: ListedCaller["may"]): string {
  if (may !== undefined && !may.includes("issue")) return may.length === 0 ? "may nothing" : `may read ${may.join(", ")} alone`;
  const words = Object.entries(limits).map(
    ([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`,
  );
  return words.join(", ") || "the issuer's";
}
