import { closedObject, isObject, settingsReader } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import { isAliasName, MAY } from "../settings/callers.js";
import { readLimits } from "../settings/limits.js";
import type { Caller } from "./callers.js";

const readCaller = settingsReader(
  closedObject([], { limits: { type: "object", title: "an object", description: "What it may be issued." }, may: MAY }),
);

/**
 * Reads callers that are Lambda aliases: `{"NAME": {"limits": {...}, "may": [...]}}`. A limit that is misspelt would be no limit, so what is
 * unknown is an error.
 *
 * @throws SignetError `config_invalid`, naming the caller and the member
 */
export function readCallers(callers: object): readonly Caller[] {
  return Object.entries(callers).map(([name, caller]) => {
    if (!isAliasName(name)) {
      throw wrong(name, "has no name for an alias: letters, digits, - and _, not digits alone, and no word such as constructor");
    }
    if (!isObject(caller)) throw wrong(name, 'must be an object such as {"limits":{"maxTtlSeconds":300}}');
    try {
      const { limits, may } = readCaller(caller, `callers.${name}`) as Pick<Caller, "limits" | "may">;
      return { name, limits: readLimits(limits, `callers.${name}.limits`), ...(may && { may }) };
    } catch (error) {
      throw wrong(name, `: ${(error as Error).message}`);
    }
  });
}

function wrong(name: string, what: string): SignetError {
  return new SignetError("config_invalid", `the caller ${JSON.stringify(name.slice(0, 64))} ${what}`, { field: "callers" });
}
