import { didYouMean } from "../encoding/nearest.js";
import { SignetError } from "../errors.js";
import type { Fault } from "../settings/read.js";
import type { Member } from "../settings/shape.js";

/**
 * Says what is wrong with a config: the file, flag or variable, the path inside it, the kind of the bad value, and the fix. The value
 * itself is never shown; it may be a secret in the wrong place.
 *
 * @param sources the flags and variables that set members, by the members' paths
 */
export function explainFault(fault: Fault, file: string, sources: ReadonlyMap<string, string>): SignetError {
  const path = fault.path.join(".");
  const where = sources.get(path) ?? file;
  const isFlag = where.startsWith("--");
  return new SignetError(isFlag ? "usage" : "config_invalid", messageOf(fault, path, where, isFlag), { field: path });
}

function messageOf({ path: names, value, member, known, refusal }: Fault, path: string, where: string, isFlag: boolean): string {
  const name = names.at(-1) ?? "";
  if (refusal !== undefined) return `${where}: a caller cannot be called ${name}, since ${refusal}; rename it`;
  if (member === undefined) return `${where}: ${path} is not a member that signet knows${didYouMean(name, known ?? [])}`;
  const subject = isFlag ? where : `${where}: ${path || "the content"}`;
  return `${subject} ${faultOf(value, member)}; expected ${expectedOf(value, member)}`;
}

function expectedOf(value: unknown, { type, title, minimum = 0, maximum, enum: words }: Member): string {
  if (words !== undefined) return typeof value === "string" ? `${title}${didYouMean(value, words)}` : title;
  if (type !== "integer") return title;
  if (typeof value === "number" && maximum !== undefined && value > maximum) return `at most ${maximum}`;
  if (!Number.isSafeInteger(value)) return "a whole number";
  return `at least ${minimum}`;
}

function faultOf(value: unknown, { type }: Member): string {
  if (value === undefined) return "is missing";
  if (value === null) return "is null";
  if (Array.isArray(value)) return "is a list";
  if (typeof value === "number") {
    if (type !== "integer" && typeof type === "string") return "is a number";
    return Number.isInteger(value) ? "is a number out of range" : "is a fraction";
  }
  if (typeof value === "string")
    return type !== "string" ? "is a text" : value === "" ? "is an empty text" : "has an invalid value";
  return typeof value === "object" ? "is an object" : `is a ${typeof value}`;
}
