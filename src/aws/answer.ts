import { parseJson } from "../encoding/json-names.js";
import { isObject } from "../encoding/object-schema.js";
import { ownMember } from "../encoding/own-member.js";
import { shortened } from "../errors.js";
import { AwsFailure, MAX_RESOURCE } from "./failure.js";

/**
 * An example of an answer: each member is of the example's type, each entry of a list like the one entry of its example. A name that ends
 * with `?` is of a member that may be missing, or null.
 */
export type Example = string | number | boolean | readonly [Example] | { readonly [name: string]: Example };

/** What an answer of an example's form is. */
export type Answer<E> = E extends string
  ? string
  : E extends number
    ? number
    : E extends boolean
      ? boolean
      : E extends readonly [infer Entry]
        ? readonly Answer<Entry>[]
        : { readonly [N in keyof E as N extends `${string}?` ? never : N]: Answer<E[N]> } & {
            readonly [N in keyof E as N extends `${infer Name}?` ? Name : never]?: Answer<E[N]> | null;
          };

/**
 * Reads an answer of AWS, as far as it is looked at. Who answers need not be AWS: an endpoint may be configured, and a proxy answers for it.
 *
 * @param called names the action and what it acts on, for errors
 * @throws AwsFailure `aws_unavailable`
 */
export function readAnswer<const E extends Example>(text: string, example: E, called: string, resource: string): Answer<E> {
  let cause: unknown;
  try {
    // An emulator answers null where AWS answers nothing.
    const value: unknown = parseJson(text || "{}") ?? {};
    if (isLike(value, example)) return value as Answer<E>;
  } catch (error) {
    cause = error;
  }
  const words = `${called} on ${shortened(resource, MAX_RESOURCE)}: the answer is not as AWS documents it; is the endpoint AWS?`;
  throw new AwsFailure("aws_unavailable", words, "", cause);
}

function isLike(value: unknown, example: Example): boolean {
  if (typeof example !== "object") return typeof value === typeof example;
  if (isEntries(example)) return Array.isArray(value) && value.every((entry) => isLike(entry, example[0]));
  if (!isObject(value)) return false;
  return Object.entries(example).every(([name, each]) => {
    const member = ownMember(value, name.replace("?", ""));
    return name.endsWith("?") && (member === undefined || member === null) ? true : isLike(member, each);
  });
}

function isEntries(example: object): example is readonly [Example] {
  return Array.isArray(example);
}
