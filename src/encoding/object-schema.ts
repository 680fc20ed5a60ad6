import { SignetError } from "../errors.js";
import { isListOf, isObject, MAX_LIST_LENGTH } from "./list-of.js";
import { didYouMean } from "./nearest.js";
import { ownMember } from "./own-member.js";

export { isObject } from "./list-of.js";

/** What a member of an object must be, in JSON Schema's words (2020-12), as far as they are needed here. */
export interface MemberSchema {
  readonly type: "boolean" | "integer" | "string" | "object" | "array" | readonly ("integer" | "string" | "array" | "null")[];
  /** What it must be, in words that stand behind "must be". */
  readonly title: string;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Of a list; texts are checked, whatever else is described alone. */
  readonly items?: {
    readonly type?: "string";
    readonly minLength?: number;
    readonly pattern?: string;
    readonly description?: string;
  };
  /** What stands for a member that is absent. */
  readonly default?: unknown;
}

/** A closed object: a member that it does not name is an error. */
export interface ObjectSchema {
  readonly type: "object";
  readonly additionalProperties: false;
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, MemberSchema>>;
}

/** What is wrong with an object: a member that is unknown, or one that is not what it must be. */
export interface ObjectFault {
  readonly field: string;
  /** Absent for an unknown member. */
  readonly mustBe?: string;
}

const MOST = Number.MAX_SAFE_INTEGER;

/** Makes a schema: the same one checks requests and describes them in the API's document. */
export function closedObject(required: readonly string[], properties: Readonly<Record<string, MemberSchema>>): ObjectSchema {
  return Object.freeze({ type: "object", additionalProperties: false, required, properties });
}

/**
 * Binds a schema, and answers the function that finds the first fault of an object; `undefined` where there is none. A member
 * whose value is `undefined` counts as absent.
 */
export function faultFinder(schema: ObjectSchema): (value: Readonly<Record<string, unknown>>) => ObjectFault | undefined {
  const checks = new Map(Object.entries(schema.properties).map(([name, member]) => [name, memberCheck(member)]));
  return (value) => {
    for (const name in value) {
      const isRight = checks.get(name);
      if (isRight === undefined) return { field: name };
      const member = value[name];
      if (member !== undefined && !isRight(member)) return { field: name, mustBe: titleOf(schema, name) };
    }
    for (const name of schema.required) if (value[name] === undefined) return { field: name, mustBe: titleOf(schema, name) };
    return undefined;
  };
}

/**
 * Binds a schema, and answers the function that checks a request by it.
 *
 * @param example what a right one looks like
 * @throws (the bound function) SignetError `invalid_request` or `unknown_field`, naming the field
 */
export function requestChecker(schema: ObjectSchema, example: string): (value: unknown) => Readonly<Record<string, unknown>> {
  const findFault = faultFinder(schema);
  return (value) => {
    if (!isObject(value)) throw new SignetError("invalid_request", `the request must be an object: ${example}`);
    const fault = findFault(value);
    if (fault !== undefined) throw requestFault(fault, schema);
    return value;
  };
}

/** The refusal of a request that does not have its shape. */
export function requestFault({ field, mustBe }: ObjectFault, schema: ObjectSchema): SignetError {
  if (mustBe !== undefined) return new SignetError("invalid_request", `${field} must be ${mustBe}`, { field });
  const names = Object.keys(schema.properties).join(", ");
  return new SignetError("unknown_field", `the request has an unknown field; the fields are ${names}`, {
    field,
  });
}

/**
 * Binds a schema, and answers the function that reads settings by it, from a file, a variable or a program. What is
 * misspelt there would be ignored in silence, so it is an error.
 *
 * @returns (the bound function) a copy, in which each member was read once; lists are copied too
 * @throws (the bound function) SignetError `config_invalid`, naming the member, and the nearest one that there is
 */
export function settingsReader(schema: ObjectSchema): (value: unknown, where: string) => Readonly<Record<string, unknown>> {
  const findFault = faultFinder(schema);
  return (value, where) => {
    if (!isPlainObject(value)) throw new SignetError("config_invalid", `${where} must be an object`, { field: where });
    const copy = copyOf(value);
    const fault = findFault(copy);
    if (fault !== undefined) throw settingsFault(fault, where, Object.keys(schema.properties));
    return Object.fromEntries(Object.entries(copy).filter(([, member]) => member !== undefined));
  };
}

// Without a prototype, so that a member called __proto__ is a member. Symbols, and what is not enumerable, are seen as well.
function copyOf(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = Object.create(null);
  for (const key of Reflect.ownKeys(value)) {
    const member = value[key as string];
    const isList = Array.isArray(member) && member.length <= MAX_LIST_LENGTH;
    copy[key.toString()] = isList ? Array.from({ length: member.length }, (_, index) => member[index] as unknown) : member;
  }
  return copy;
}

/** The fault of settings, with the nearest member that there is. */
export function settingsFault({ field, mustBe }: ObjectFault, where: string, names: readonly string[]): SignetError {
  const member = `${where}.${/^[\x20-\x7e]{1,64}$/.test(field) ? field : "(a name that is not shown)"}`;
  if (mustBe !== undefined) return new SignetError("config_invalid", `${member} must be ${mustBe}`, { field: member });
  const nearest = didYouMean(field.slice(0, 64), names) || `; there are ${names.join(", ")}`;
  return new SignetError("config_invalid", `${member} is not a member that signet knows${nearest}`, { field: member });
}

/** Tells an object as JSON has it from an instance of a class, a Map, a Date. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // An object of another realm has a prototype of its own that nothing stands above, as ours has.
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function titleOf({ properties }: ObjectSchema, name: string): string {
  return ownMember(properties, name)?.title ?? "given";
}

/** Binds what a member must be, and answers the function that tells whether a value is that. */
export function memberCheck({ type, ...bounds }: MemberSchema): (value: unknown) => boolean {
  const { minimum = -MOST, maximum = MOST, minLength = 0, minItems = 0, maxItems = MOST } = bounds;
  const isItem = itemCheck(bounds.items);
  const types: readonly string[] = typeof type === "string" ? [type] : type;
  const checks = types.map((each): ((value: unknown) => boolean) => {
    switch (each) {
      case "integer":
        return (value) => Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
      case "array":
        return (value) => isListOf(value, isItem) && value.length >= minItems && value.length <= maxItems;
      case "string":
        return (value) => typeof value === "string" && value.length >= minLength;
      case "object":
        return isObject;
      case "null":
        return (value) => value === null;
      default:
        return (value) => typeof value === each;
    }
  });
  const [only, ...others] = checks;
  return only !== undefined && others.length === 0 ? only : (value: unknown) => checks.some((isRight) => isRight(value));
}

function itemCheck({
  type,
  minLength = 0,
  pattern,
}: NonNullable<MemberSchema["items"]> = {}): (item: unknown) => item is unknown {
  if (type === undefined) return (item): item is unknown => true;
  const form = pattern === undefined ? undefined : new RegExp(pattern);
  return (item): item is string => typeof item === "string" && item.length >= minLength && (form?.test(item) ?? true);
}
