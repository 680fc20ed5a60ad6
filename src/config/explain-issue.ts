import type { BaseIssue, IssuePathItem } from "valibot";
import { didYouMean } from "../encoding/nearest.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import { LIMIT_MEMBERS } from "../settings/limits.js";
import { callerEntries, callerLimits, configSchema } from "./schema.js";

const FIXES: Readonly<Record<string, string>> = {
  issuer: 'an https URL such as "https://issuer.example", without query or fragment (http is allowed on localhost)',
  "aws.installation": "a name: small letters, digits and -, at most 48",
  "aws.region": 'a region such as "eu-central-1"',
  "aws.kmsKey": "a KMS key's id, ARN or alias",
  "aws.keyring": 'a bucket and a prefix such as "s3://my-bucket/signet"',
  directory: "the path of a directory",
  passphraseFile: "the path of a file",
  "limits.defaultTtlSeconds": LIMIT_MEMBERS.defaultTtlSeconds.title,
};

/**
 * Says what is wrong with a config: the file or variable, the path inside it, the kind of the bad value, and the fix. The value
 * itself is never shown; it may be a secret in the wrong place.
 */
export function explainIssue(issue: BaseIssue<unknown>, file: string, sources: ReadonlyMap<string, string>): SignetError {
  const path = (issue.path ?? []).map((item: IssuePathItem) => String(item.key)).join(".");
  const where = sources.get(path) ?? file;
  const isFlag = where.startsWith("--");
  const message =
    issue.type === "strict_object" && issue.expected === "never"
      ? `${where}: ${path} is not a member that signet knows${didYouMean(lastOf(path), membersBeside(path))}`
      : `${isFlag ? where : `${where}: ${path || "the content"}`} is ${kindOf(issue)}; it must be ${fixFor(path, issue)}`;
  return new SignetError(isFlag ? "usage" : "config_invalid", message, { field: path });
}

function fixFor(path: string, issue: BaseIssue<unknown>): string {
  const known = ownMember(FIXES, path);
  if (known !== undefined) return known;
  if (issue.type === "picklist") return oneOf(issue);
  if (issue.type === "min_value") return `at least ${String(issue.requirement)}`;
  if (issue.type === "max_value") return `at most ${String(issue.requirement)}`;
  if (issue.type === "safe_integer") return "a whole number";
  if (issue.type === "non_empty") return "not empty";
  if (issue.type === "regex" && path.startsWith("decodeHosts."))
    return 'a host such as "idp.example.com" or "idp.example.com:8443"';
  if (issue.type === "custom") return "an object";
  if (issue.type === "regex" && path.includes(".allowedAudiences.")) return AUDIENCE;
  if ((issue.type === "regex" || issue.type === "check") && path.startsWith("callers."))
    return ownMember(PATTERNS, lastOf(path)) ?? CALLER;
  return ownMember(NAMES, issue.expected ?? "") ?? `${issue.expected}`;
}

const PATTERNS: Readonly<Record<string, string>> = {
  sha256: "64 hexadecimal digits: the digest that `signet callers add` wrote",
};
const CALLER = "a caller's name: letters, digits, - and _, at most 64, not digits alone, and no word such as constructor";
const AUDIENCE = "an audience, or the beginning of some with one * at its end";

function oneOf({ expected, input }: BaseIssue<unknown>): string {
  const words = (expected ?? "").replace(/[()"]/g, "").split(" | ");
  return `one of ${words.join(", ")}${typeof input === "string" ? didYouMean(input, words) : ""}`;
}

const NAMES: Readonly<Record<string, string>> = {
  number: "a whole number",
  string: "a text",
  boolean: "true or false",
  Object: "an object",
  Array: "a list of texts",
};

function kindOf({ input: value, kind }: BaseIssue<unknown>): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number")
    return kind === "schema" ? "a number" : Number.isInteger(value) ? "a number out of range" : "a fraction";
  if (typeof value === "string") return value === "" ? "an empty text" : "a text that does not fit";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function membersBeside(path: string): string[] {
  const above = path.split(".").slice(0, -1);
  if (above[0] === "callers") return Object.keys(above.length === 2 ? callerEntries : callerLimits.entries);
  const entries: Readonly<Record<string, { readonly wrapped?: unknown }>> = configSchema.entries;
  const [group] = above;
  if (group === undefined) return Object.keys(entries);
  const inner = ownMember(entries, group)?.wrapped as { readonly entries?: object } | undefined;
  return Object.keys(inner?.entries ?? {});
}
