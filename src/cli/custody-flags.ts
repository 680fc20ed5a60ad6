import { type Command, Option } from "commander";
import { CUSTODY_MEMBERS } from "../custody/registry.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import { type Member, membersIn, type Placed } from "../settings/shape.js";

const FLAGS: readonly (Placed & { readonly option: Option })[] = membersIn(CUSTODY_MEMBERS).flatMap(({ path, member }) =>
  member.flag === undefined ? [] : { path, member, option: optionFor(member.flag, member) },
);

/** Adds the flags of custodians' own members of `signet.json`. */
export function addCustodyFlags(command: Command): Command {
  for (const { option } of FLAGS) command.addOption(option);
  return command;
}

/**
 * The members of `signet.json` that such flags set.
 *
 * @throws SignetError `usage` for a list that is none
 */
export function custodyMembersIn(options: object): Readonly<Record<string, unknown>> {
  const found = new Map<string, object>();
  const given = new Map<string, unknown>(Object.entries(options));
  for (const { path, member, option } of FLAGS) {
    const value = given.get(option.attributeName());
    const [group = "", name = ""] = path;
    if (value !== undefined) found.set(group, { ...found.get(group), ...Object.fromEntries([[name, parsed(value, member)]]) });
  }
  return Object.fromEntries(found);
}

function optionFor(flag: string, { type, meaning = "", title }: Member): Option {
  if (type === "boolean") return new Option(flag, meaning);
  return new Option(`${flag} <value>`, type === "array" ? `${meaning} One word, or ${title} as JSON` : meaning);
}

// A list of one word needs no brackets.
function parsed(value: unknown, { type, flag }: Member): unknown {
  if (type === "integer" && typeof value === "string" && /^\d{1,15}$/.test(value)) return Number(value);
  if (type !== "array" || typeof value !== "string") return value;
  if (!value.startsWith("[")) return [value];
  try {
    return parseStrictJson(value, "a list");
  } catch (cause) {
    throw new SignetError("usage", `${flag} is a word, or a list of words as JSON: ${flag} '["program", "argument"]'`, { cause });
  }
}
