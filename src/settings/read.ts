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

/** Makes an error of a fault. */
export type Refuse = (fault: Fault) => Error;

/**
 * Reads settings by their shape: each member is checked, what is absent gets its default, what is unknown is an error.
 *
 * @param refuse what is thrown for the first fault
 * @returns a copy, complete
 */
export function readSettings<S extends Shape>(shape: S, value: unknown, refuse: Refuse): Values<S> {
  return read({ type: "object", title: "an object", properties: shape }, value, [], refuse) as Values<S>;
}

function read(member: Member, value: unknown, path: readonly string[], refuse: Refuse): unknown {
  const { properties, values, items } = member;
  if (properties !== undefined || values !== undefined) {
    if (!isPlainObject(value)) throw refuse({ path, value, member });
    return properties === undefined ? table(member, value, path, refuse) : closed(properties, value, path, refuse);
  }
  if (items !== undefined) {
    if (!Array.isArray(value) || value.length > MAX_LIST_LENGTH) throw refuse({ path, value, member });
    return Array.from(value, (each: unknown, index) => read(items, each, [...path, `${index}`], refuse));
  }
  if (!isRight(member, value)) throw refuse({ path, value, member });
  return value;
}

function closed(shape: Shape, given: Readonly<Record<string, unknown>>, path: readonly string[], refuse: Refuse): object {
  const members = Object.entries(shape).flatMap(([name, member]): [string, unknown][] => {
    const found = ownMember(given, name);
    const value = found === undefined ? absent(member) : found;
    if (value !== undefined) return [[name, read(member, value, [...path, name], refuse)]];
    if (member.required === true) throw refuse({ path: [...path, name], value, member });
    return [];
  });
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(shape, name));
  if (unknown !== undefined) {
    throw refuse({ path: [...path, unknown], value: ownMember(given, unknown), known: Object.keys(shape) });
  }
  return Object.fromEntries(members);
}

function absent({ filled, default: fallback }: Member): unknown {
  return filled === true ? {} : fallback;
}

function table(member: Member, given: Readonly<Record<string, unknown>>, path: readonly string[], refuse: Refuse): object {
  const { values = member, names } = member;
  const form = new RegExp(names?.pattern ?? "");
  const members = Object.entries(given).map(([name, value]) => {
    const at = [...path, name];
    if (names?.refused.includes(name)) throw refuse({ path: at, value: name, refusal: names.refusal });
    if (!form.test(name)) throw refuse({ path: at, value: name, member: { type: "string", title: names?.title ?? "" } });
    return [name, read(values, value, at, refuse)];
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
