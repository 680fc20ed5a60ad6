import { didYouBegin } from "../encoding/begun-word.js";
import { memberPositions } from "../encoding/json-positions.js";
import { SignetError, shortened } from "../errors.js";
import type { Fault } from "../settings/read.js";
import type { Member } from "../settings/shape.js";

/** Where the settings came from that are at fault. */
export interface FaultPlaces {
  readonly file: string;
  /** What the file says, where it was read. */
  readonly text?: string | undefined;
  /** The flags and variables that set members, by the members' paths. */
  readonly sources: ReadonlyMap<string, string>;
}

/** As many faults are told; a file that is something else altogether has one for each of its members. */
const MAX_TOLD = 20;

/**
 * Says what is wrong with a config, all of it: the file, flag or variable, the path inside it, line and column, the kind of the bad value,
 * and the fix. The value itself is never shown; it may be a secret in the wrong place.
 */
export function explainFaults(faults: readonly Fault[], places: FaultPlaces): SignetError {
  const [first, second, ...others] = placed(faults.slice(0, MAX_TOLD), places);
  if (first === undefined || second === undefined) return first as SignetError;
  const each = [first, second, ...others];
  const more = faults.length > each.length ? `; and ${faults.length - each.length} more` : "";
  const { file } = places;
  // The file is named once, before all of them.
  const words = each.map(({ message }) => (message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message));
  const code = each.every(({ code }) => code === "usage") ? "usage" : "config_invalid";
  const { field = "" } = first;
  const cause = new AggregateError(words.map((message, index) => new SignetError(each[index]?.code ?? code, message)));
  return new SignetError(code, `${file} has ${faults.length} faults: ${words.join("; ")}${more}`, { field, cause });
}

/** The errors of faults, in the order of the file. */
function placed(faults: readonly Fault[], { file, text, sources }: FaultPlaces): readonly SignetError[] {
  const positions = text === undefined ? new Map<string, number>() : memberPositions(text, MAX_PLACED_MEMBERS);
  const found = faults.map((fault) => {
    const path = fault.path.join(".");
    const where = sources.get(path) ?? file;
    const isFlag = where.startsWith("--");
    const position = where === file ? positions.get(JSON.stringify(fault.path)) : undefined;
    const words = `${messageOf(fault, shownPath(fault), where, isFlag)}${text === undefined || position === undefined ? "" : lineOf(text, position)}`;
    return { position, error: new SignetError(isFlag ? "usage" : "config_invalid", words, { field: path }) };
  });
  return found.sort((a, b) => (a.position ?? -1) - (b.position ?? -1)).map(({ error }) => error);
}

const MAX_PLACED_MEMBERS = 10_000;

// A file that is something else has members of any length.
function shownPath({ path }: Fault): string {
  return path.map((name) => shortened(name)).join(".");
}

function lineOf(text: string, position: number): string {
  const before = text.slice(0, position);
  return ` (line ${before.split("\n").length}, column ${before.length - before.lastIndexOf("\n")})`;
}

function messageOf({ path: names, value, member, known, refusal }: Fault, path: string, where: string, isFlag: boolean): string {
  const name = shortened(names.at(-1) ?? "");
  if (refusal !== undefined) return `${where}: a caller cannot be called ${name}, since ${refusal}; rename it`;
  if (member === undefined) return `${where}: ${path} is not a member that signet knows${didYouBegin(name, known ?? [])}`;
  const subject = isFlag ? where : `${where}: ${path || "the content"}`;
  return `${subject} ${faultOf(value, member)}; expected ${expectedOf(value, member)}`;
}

function expectedOf(value: unknown, { type, title, minimum = 0, maximum, enum: words }: Member): string {
  if (words !== undefined) return typeof value === "string" ? `${title}${didYouBegin(value, words)}` : title;
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
