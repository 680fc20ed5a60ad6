import { parseDuration } from "../../encoding/durations.js";
import { readJson } from "../../encoding/json-names-web.js";
import { ownMember } from "../../encoding/own-member.js";
import type { IssueRequest } from "../../issue/request.js";
import type { IssueField, IssueForm } from "../../operator/issue-form.js";

/** What was filled in. */
export interface Filled {
  /** By claim, as it was typed; absent where nothing was. */
  readonly claims: Readonly<Record<string, string>>;
  readonly ttl: string;
  readonly typ: string;
  /** Members `setIat`, `setNbf` and `setJti` that are wanted. */
  readonly sets: readonly ("iat" | "nbf" | "jti")[];
  /** Other claims, as a JSON object. */
  readonly others: string;
}

/** The request, or what is missing or wrong, by field. */
type Read = { readonly request: IssueRequest } | { readonly faults: ReadonlyMap<string, string> };

const SETS = { iat: "setIat", nbf: "setNbf", jti: "setJti" } as const;

export const NOTHING: Filled = { claims: {}, ttl: "", typ: "", sets: [], others: "" };

/** Reads a form that was filled in. What the limits say beyond its fields, the issuer says itself. */
export function readForm(form: IssueForm, filled: Filled): Read {
  const faults = new Map<string, string>();
  const attempt = <Value>(field: string, read: () => Value): Value | undefined => {
    try {
      return read();
    } catch (error) {
      faults.set(field, (error as Error).message);
      return undefined;
    }
  };
  const claims: [string, unknown][] = [];
  for (const field of form.fields) {
    const text = ownMember(filled.claims, field.claim) ?? "";
    if (text.trim() !== "") claims.push([field.claim, attempt(field.claim, () => claimOf(field, text))]);
    else if (field.isRequired) faults.set(field.claim, "has to be filled in");
  }
  const others = filled.others.trim() === "" ? {} : attempt("others", () => objectOf(filled.others));
  const ttl = filled.ttl.trim() === "" ? undefined : attempt("ttl", () => parseDuration(filled.ttl.trim(), "the life"));
  if (ttl === undefined && form.ttl.isRequired && filled.ttl.trim() === "") faults.set("ttl", "has to be filled in");
  if (ttl !== undefined && (ttl < 1 || ttl > form.ttl.max))
    faults.set("ttl", `is at least 1 and at most ${form.ttl.max} seconds`);
  if (faults.size > 0) return { faults };
  return {
    request: {
      claims: Object.fromEntries([...Object.entries(others ?? {}), ...claims]) as IssueRequest["claims"],
      ...(ttl !== undefined && { ttl }),
      ...(filled.typ !== "" && filled.typ !== form.types[0] && { typ: filled.typ }),
      ...Object.fromEntries(filled.sets.map((name) => [SETS[name], true])),
    },
  };
}

function claimOf({ type }: IssueField, text: string): unknown {
  if (type === "text") return text.trim();
  if (type === "json") return json(text);
  // Where lines are divided, a comma belongs to its line.
  const items = text
    .split(text.includes("\n") ? "\n" : ",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  return items.length === 1 ? items[0] : items;
}

function objectOf(text: string): object {
  const value = json(text);
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new Error('must be a JSON object: { "name": value }');
  return value;
}

function json(text: string): unknown {
  const { value, duplicate, inexact } = parsed(text);
  if (duplicate !== undefined) throw new Error("names a member twice");
  if (inexact !== undefined) throw new Error("holds a whole number beyond 2^53, which loses digits: write it as a text");
  return value;
}

function parsed(text: string): ReturnType<typeof readJson> {
  try {
    return readJson(text);
  } catch {
    throw new Error("is not JSON: texts stand between double quotes");
  }
}
