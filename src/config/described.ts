import * as v from "valibot";
import { isPlainObject, type MemberSchema } from "../encoding/object-schema.js";
import { ownMember } from "../encoding/own-member.js";

type Members = Readonly<Record<string, MemberSchema>>;

/** A schema whose type is told, because its entries are computed. */
type Described<T> = Omit<v.StrictObjectSchema<v.ObjectEntries, undefined>, "~types" | "~run"> & v.GenericSchema<Partial<T>, T>;

/** What is enforced of members that are described: the same shape, bounds and defaults. */
export function described<T extends object>(members: Members): Described<T> {
  const entries = Object.entries(members).map(([name, member]) => [
    name,
    v.optional(schemaOf(member), member.default as undefined),
  ]);
  return v.strictObject(Object.fromEntries(entries) as v.ObjectEntries) as unknown as Described<T>;
}

/** Members as a JSON Schema shows them to editors. */
export function forEditors<M extends Members>(
  members: M,
  descriptions: Readonly<Record<keyof M, string>>,
): { readonly [Name in keyof M]: Omit<M[Name], "title"> } {
  const shown = Object.entries(members).map(([name, { title: _, ...member }]) => [
    name,
    { ...member, description: ownMember(descriptions, name) },
  ]);
  return Object.fromEntries(shown) as { readonly [Name in keyof M]: Omit<M[Name], "title"> };
}

/** Members of which none stands for one that is absent. */
export function withoutDefaults<M extends Readonly<Record<string, object>>>(members: M): M {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, { ...member, default: undefined }]),
  ) as unknown as M;
}

function schemaOf({ type, minimum, maximum, items }: MemberSchema): v.GenericSchema {
  const types: readonly string[] = typeof type === "string" ? [type] : type;
  const [only] = types.filter((each) => each !== "null");
  const schema = ownMember(BY_TYPE, only ?? "")?.({ minimum: minimum ?? 0, maximum: maximum ?? Number.MAX_SAFE_INTEGER, items });
  if (schema === undefined) throw new TypeError(`a member of type ${only} cannot be described yet`);
  return types.includes("null") ? v.nullable(schema) : schema;
}

interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
  readonly items: MemberSchema["items"] | undefined;
}

const BY_TYPE: Readonly<Record<string, (bounds: Bounds) => v.GenericSchema>> = {
  integer: ({ minimum, maximum }) => v.pipe(v.number(), v.safeInteger(), v.minValue(minimum), v.maxValue(maximum)),
  boolean: () => v.boolean(),
  // Not v.record: it drops members called constructor or prototype, and takes lists.
  object: () => v.custom(isPlainObject),
  array: ({ items: { minLength = 0, pattern = "" } = {} }) =>
    v.array(v.pipe(v.string(), minLength > 0 ? v.nonEmpty() : v.minLength(0), v.regex(new RegExp(pattern)))),
};
