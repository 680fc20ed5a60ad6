/**
 * How settings are described: each member once, in a `Shape`. Its check, its type, its line in `signet.schema.json`, its `SIGNET_`
 * variable, its flag and its row in docs/configuration.md are computed from that one description. To describe a member, write it into
 * the shape of its group:
 *
 *   export const RETRY_MEMBERS = {
 *     maxAttempts: { ...integer(1, 10), default: 3, ...about("How often a call is tried.", 5) },
 *     waitSeconds: { ...seconds(1), ...about("How long it waits between two tries.", 30, { variable: "SIGNET_WAIT_SECONDS" }) },
 *     program: { ...text("the path of a program"), ...about("What is run.", "/usr/bin/keys", { flag: "--program" }) },
 *   } as const satisfies Shape;
 *   export type Retry = Values<typeof RETRY_MEMBERS>;
 *
 * A group inside a group is a member with `properties` (`group` makes it), a list one with `items`, a table by names one with `values`.
 * `required: true` is a member that has to be there; one with a `default` is always there once it was read.
 */
import { isNonEmptyText } from "../encoding/list-of.js";
import type { Told } from "./about.js";

/** What a member must be, in JSON Schema's words (draft-07) as far as they are needed, and what people are told of it. */
export interface Member extends Partial<Told> {
  readonly type: "boolean" | "integer" | "string" | "object" | "array" | readonly ["integer", "null"];
  /** What it must be, in words that stand behind "must be". */
  readonly title: string;
  /** What stands for a member that is absent. */
  readonly default?: unknown;
  readonly required?: true;
  /** What a number counts, in the plural: seconds, tokens. */
  readonly unit?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly format?: "uri";
  readonly pattern?: string;
  readonly minLength?: number;
  /** What JSON Schema cannot say, or is not to say: asked of a value that has the type and keeps the bounds. */
  readonly isRight?: (value: never) => boolean;
  /** Of a list. */
  readonly items?: Item;
  /** Of an object whose members are known: another one is an error. */
  readonly properties?: Shape;
  /** Of an object by names: what stands under each. */
  readonly values?: Member;
  /** Of an object by names: what a name must be. */
  readonly names?: Names;
  /** An object that is read as an empty one where it is absent. */
  readonly filled?: true;
}

/** What the names of a table must be: of a form, and none of those that mean something else. */
interface Names {
  readonly pattern: string;
  readonly refused?: readonly string[];
  readonly title: string;
  /** Why a name is refused, in words that stand behind it. */
  readonly refusal?: string;
}

/** A member of a list. */
export type Item = Pick<Member, "type" | "title" | "enum" | "minLength" | "pattern" | "properties">;

/** The members of a group of settings, by their names. */
export type Shape<Name extends string = string> = Readonly<Record<Name, Member>>;

type ValueOf<M> = M extends { readonly enum: readonly (infer Word)[] }
  ? Word
  : M extends { readonly properties: infer Inner extends Shape }
    ? Values<Inner>
    : M extends { readonly values: infer Each }
      ? Readonly<Record<string, ValueOf<Each>>>
      : M extends { readonly items: infer Each }
        ? readonly ValueOf<Each>[]
        : M extends { readonly type: infer Type extends Member["type"] }
          ? ByType[Type extends string ? Type : "integer-or-null"]
          : never;

interface ByType {
  readonly boolean: boolean;
  readonly integer: number;
  readonly "integer-or-null": number | null;
  readonly string: string;
  readonly object: Readonly<Record<string, unknown>>;
  readonly array: readonly unknown[];
}

type Present = { readonly required: true } | { readonly default: unknown } | { readonly filled: true };
type Flat<T> = { readonly [Name in keyof T]: T[Name] };

/** The type of a group of settings that was read: complete, since what is absent has its default. */
export type Values<S extends Shape> = Flat<
  { readonly [Name in keyof S as S[Name] extends Present ? Name : never]: ValueOf<S[Name]> } & {
    readonly [Name in keyof S as S[Name] extends Present ? never : Name]?: ValueOf<S[Name]> | undefined;
  }
>;

/** A member, and where it stands: `["limits", "maxTtlSeconds"]`. */
export interface Placed {
  readonly path: readonly string[];
  readonly member: Member;
}

/** The members of a shape and of its groups, not of its tables and lists. */
export function membersIn(shape: Shape, above: readonly string[] = []): Placed[] {
  return Object.entries(shape).flatMap(([name, member]) => {
    const path = [...above, name];
    return [{ path, member }, ...membersIn(member.properties ?? {}, path)];
  });
}

/** A whole number. */
export function integer(minimum: number, maximum?: number) {
  return wholeNumber("a whole number", minimum, maximum);
}

/** A time in seconds. */
export function seconds(minimum: number, maximum?: number) {
  return { ...wholeNumber("a whole number of seconds", minimum, maximum), unit: "seconds" } as const;
}

/** A text with something in it. */
export function text(title: string) {
  return { type: "string", title, isRight: isNonEmptyText } as const;
}

/** A word of a few. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return { type: "string", title: `one of ${words.join(", ")}`, enum: words } as const;
}

/** A list of texts, none of them empty. */
export function listOfTexts(title: string) {
  return { type: "array", title, items: { type: "string", minLength: 1, title: "a text that is not empty" } } as const;
}

/** A closed object: what it does not name is an error. */
export function group<const S extends Shape>(properties: S) {
  return { type: "object", title: "an object", properties } as const;
}

function wholeNumber(what: string, minimum: number, maximum: number | undefined) {
  return maximum === undefined
    ? ({ type: "integer", minimum, title: `${what}, at least ${minimum}` } as const)
    : ({ type: "integer", minimum, maximum, title: `${what} from ${minimum} to ${maximum}` } as const);
}

type Own<M> = { readonly [Part in keyof M as Exclude<Part, "default" | "variable" | "flag" | "fallback">]: M[Part] };

/** A shape of which nothing stands for what is absent, and which no variable sets: a caller's own limits are of the issuer's shape. */
export function asOwn<S extends Shape>(shape: S): { readonly [Name in keyof S]: Own<S[Name]> } {
  const own = Object.entries<Member>(shape).map(([name, { default: _, variable: __, flag: ___, fallback: ____, ...member }]) => [
    name,
    member,
  ]);
  return Object.fromEntries(own) as { readonly [Name in keyof S]: Own<S[Name]> };
}

/** The names of the members that have a default. */
type Defaulted<S extends Shape> = { [Name in keyof S]: S[Name] extends { readonly default: unknown } ? Name : never }[keyof S];

/** What stands for members that are absent. */
export function defaultsOf<S extends Shape>(shape: S): Pick<Values<S>, Defaulted<S> & keyof Values<S>> {
  const found = Object.entries<Member>(shape).filter(([, member]) => "default" in member);
  return Object.freeze(Object.fromEntries(found.map(([name, member]) => [name, member.default]))) as Pick<
    Values<S>,
    Defaulted<S> & keyof Values<S>
  >;
}
