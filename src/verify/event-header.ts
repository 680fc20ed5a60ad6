import { isObject } from "../encoding/object-schema.js";

/**
 * A header of an event of API Gateway or of a function URL. REST APIs keep headers of one name apart (`multiValueHeaders`), HTTP APIs join
 * them with a comma. Two values are two headers, of which another reader may believe the other one.
 *
 * @param wanted its name in small letters
 * @returns `undefined` where there is none; an empty text where there is more than one
 */
export function eventHeader(event: Readonly<Record<string, unknown>>, wanted: string): string | undefined {
  const valuesIn = (all: unknown): readonly unknown[] =>
    isObject(all) ? Object.entries(all).flatMap(([name, value]) => (name.toLowerCase() === wanted ? value : [])) : [];
  const given = [...valuesIn(event.headers), ...valuesIn(event.multiValueHeaders)];
  const [value, ...others] = new Set(given.filter((each) => each !== undefined && each !== null));
  if (value === undefined) return undefined;
  return typeof value === "string" && others.length === 0 ? value : "";
}
