import { closedObject, faultFinder, isObject, type MemberSchema, type ObjectFault } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import type { Caller } from "./callers.js";
import type { Limits } from "./limits.js";

/** What Lambda takes as the name of an alias (CreateAlias, "Name"). */
const ALIAS_NAME = /^(?!\d+$)[A-Za-z0-9_-]{1,128}$/;

const COUNT: MemberSchema = { type: "integer", minimum: 1, title: "a whole number, at least 1", description: "" };
const TEXTS: MemberSchema = { type: "array", items: { type: "string" }, title: "a list of texts", description: "" };
const OBJECT: MemberSchema = { type: "object", title: "an object", description: "" };

const LIMITS: Readonly<Record<keyof Limits, MemberSchema>> = {
  maxTtlSeconds: COUNT,
  defaultTtlSeconds: { ...COUNT, type: ["integer", "null"], title: "a whole number, at least 1, or null" },
  requireExpiration: { type: "boolean", title: "true or false", description: "" },
  fixedClaims: OBJECT,
  allowedClaims: TEXTS,
  requiredClaims: TEXTS,
  allowedAudiences: TEXTS,
  allowedTypes: TEXTS,
  maxTokensPerMinute: COUNT,
};
const faultOfLimits = faultFinder(closedObject([], LIMITS));
const faultOfCaller = faultFinder(closedObject([], { limits: OBJECT }));

/**
 * Reads callers that are Lambda aliases: `{"NAME": {"limits": {...}}}`. A limit that is misspelt would be no limit, so what is
 * unknown is an error.
 *
 * @throws SignetError `config_invalid`, naming the caller and the member
 */
export function readCallers(callers: object): readonly Caller[] {
  return Object.entries(callers).map(([name, caller]) => {
    if (!ALIAS_NAME.test(name)) throw wrong(name, "is no name for an alias: letters, digits, - and _, and not digits alone");
    if (!isObject(caller)) throw wrong(name, 'must be an object such as {"limits":{"maxTtlSeconds":300}}');
    const { limits = {} } = caller;
    const fault = faultOfCaller(caller) ?? faultIn(limits as Readonly<Record<string, unknown>>);
    if (fault === undefined) return { name, limits: limits as Partial<Limits> };
    throw wrong(name, fault.mustBe === undefined ? `has no member ${fault.field}` : `: ${fault.field} must be ${fault.mustBe}`);
  });
}

function faultIn(limits: Readonly<Record<string, unknown>>): ObjectFault | undefined {
  const isOdd = (value: unknown): boolean => Array.isArray(value) && value.some((each) => typeof each !== "string");
  const odd = Object.keys(limits).find((name) => isOdd(limits[name]));
  return faultOfLimits(limits) ?? (odd === undefined ? undefined : { field: odd, mustBe: "a list of texts" });
}

function wrong(name: string, what: string): SignetError {
  return new SignetError("config_invalid", `the caller ${JSON.stringify(name)} ${what}`, { field: "callers" });
}
