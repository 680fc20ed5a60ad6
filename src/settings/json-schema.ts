import type { Item, Member, Shape } from "./shape.js";

/** A group of settings as a JSON Schema (draft-07) shows it to editors: closed, each member with what it is for. */
export function objectSchemaOf(shape: Shape): Readonly<Record<string, unknown>> {
  const required = Object.entries(shape).flatMap(([name, member]) => (member.required === true ? [name] : []));
  return {
    type: "object",
    additionalProperties: false,
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(Object.entries(shape).map(([name, member]) => [name, schemaOf(member)])),
  };
}

function schemaOf(member: Member): Readonly<Record<string, unknown>> {
  const { format, minimum, maximum, default: fallback, names, values, items } = member;
  return {
    ...described(member),
    ...shared(member),
    ...(format !== undefined && { format }),
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    ...(fallback !== undefined && { default: fallback }),
    ...(names !== undefined && { propertyNames: propertyNamesOf(names) }),
    ...(values !== undefined && { additionalProperties: schemaOf(values) }),
    ...(items !== undefined && { items: shared(items) }),
  };
}

function propertyNamesOf({ pattern, refused = [] }: NonNullable<Member["names"]>): object {
  return { pattern, ...(refused.length > 0 && { not: { enum: [...refused] } }) };
}

function shared({ type, enum: words, pattern, minLength, properties }: Item): object {
  if (properties !== undefined) return objectSchemaOf(properties);
  return {
    ...(words === undefined ? { type } : { enum: [...words] }),
    ...(pattern !== undefined && { pattern }),
    ...(minLength !== undefined && { minLength }),
  };
}

function described({ meaning, unit, fallback }: Member): object {
  if (meaning === undefined) return {};
  const sentence = unit === "seconds since 1970" ? meaning.replace(/\.$/, `, in ${unit}.`) : meaning;
  const more = [...(unit === "seconds" ? ["In seconds."] : []), ...(fallback === undefined ? [] : [`Default: ${fallback}.`])];
  return { description: [sentence, ...more].join(" ") };
}
