import { MAX_LIST_LENGTH } from "../encoding/list-of.js";
import { isPlainObject, type MemberSchema, memberCheck } from "../encoding/object-schema.js";
import { ownMember } from "../encoding/own-member.js";
import type { Member, Shape, Values } from "./shape.js";

/** What is wrong with settings. The value is for saying of which kind it is: it may be a secret in the wrong place. */
export interface Fault {
  /** From the outermost group to the member: `["limits", "maxTtlSeconds"]`. */
  readonly path: readonly string[];
  readonly value: unknown;
  /** What the member must be; absent for a member that no shape names. */
  readonly member?: Member;
  /** Of an unknown member: the names that there are. */
  readonly known?: readonly string[];
  /** Of a name that is refused: why. */
  readonly refusal?: string;
}

/** Makes an error of the first fault, or of all. */
export type Refuse = (fault: Fault, all: readonly Fault[]) => Error;

/** Takes a fault. What stands elsewhere is read on. */
type Found = (fault: Fault) => undefined;

/**
 * Reads settings by their shape: each member is checked, what is absent gets its default, what is unknown is an error.
 *
 * @param refuse makes what is thrown where there are faults
 * @returns a copy, complete
 */
export function readSettings<S extends Shape>(shape: S, value: unknown, refuse: Refuse): Values<S> {
  const faults: Fault[] = [];
  const found = (fault: Fault) => void faults.push(fault);
  const settings = read({ type: "object", title: "an object", properties: shape }, value, [], found as Found);
  if (faults[0] !== undefined) throw refuse(faults[0], faults);
  return settings as Values<S>;
}

function read(member: Member, value: unknown, path: readonly string[], found: Found): unknown {
  const { properties, values, items } = member;
  if (properties !== undefined || values !== undefined) {
    if (!isPlainObject(value)) return found({ path, value, member });
    return properties === undefined ? table(member, value, path, found) : closed(properties, value, path, found);
  }
  if (items !== undefined) {
    if (!Array.isArray(value) || value.length > MAX_LIST_LENGTH) return found({ path, value, member });
    return Array.from(value, (each: unknown, index) => read(items, each, [...path, `${index}`], found));
  }
  return isRight(member, value) ? value : found({ path, value, member });
}

function closed(shape: Shape, given: Readonly<Record<string, unknown>>, path: readonly string[], found: Found): object {
  const members = Object.entries(shape).flatMap(([name, member]): [string, unknown][] => {
    const own = ownMember(given, name);
    const value = own === undefined ? absent(member) : own;
    if (value !== undefined) return [[name, read(member, value, [...path, name], found)]];
    if (member.required === true) found({ path: [...path, name], value, member });
    return [];
  });
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(shape, name)) found({ path: [...path, name], value: ownMember(given, name), known: Object.keys(shape) });
  }
  return Object.fromEntries(members);
}

function absent({ filled, default: fallback }: Member): unknown {
  return filled === true ? {} : fallback;
}

function table(member: Member, given: Readonly<Record<string, unknown>>, path: readonly string[], found: Found): object {
  const { values = member, names } = member;
  const form = new RegExp(names?.pattern ?? "");
  const members = Object.entries(given).map(([name, value]) => {
    const at = [...path, name];
    if (names?.refused?.includes(name)) found({ path: at, value: name, refusal: names.refusal ?? "" });
    else if (!form.test(name)) found({ path: at, value: name, member: { type: "string", title: names?.title ?? "" } });
    return [name, read(values, value, at, found)];
  });
  return Object.fromEntries(members);
}

/** Whether a value is what a member must be, of those that hold no others. */
function isRight(member: Member, value: unknown): boolean {
  if (!memberCheck(member as MemberSchema)(value)) return false;
  if (member.enum !== undefined && !member.enum.includes(value as string)) return false;
  if (member.pattern !== undefined && !new RegExp(member.pattern).test(value as string)) return false;
  return member.isRight === undefined || member.isRight(value as never);
}
