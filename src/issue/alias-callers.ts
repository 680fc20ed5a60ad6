import { isListOf, isOptionalText, isText } from "../encoding/list-of.js";
import { closedObject, isObject, settingsReader } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import { isAliasName, MAY } from "../settings/callers.js";
import type { CopyingRule } from "../settings/claims-from-proof.js";
import { readLimits } from "../settings/limits.js";
import type { Caller } from "./callers.js";

/** A caller that is a Lambda alias. It has no secrets: IAM lets others invoke its alias, or a proof lets them get tokens at `POST /token`. */
export interface AliasCaller extends Omit<Caller, "secrets"> {
  /** The keys with which it signs its own proofs. */
  readonly keys?: object | undefined;
}

/** What follows the caller's name in the name of the alias that takes claims of its proofs. */
const PROOF_ALIAS = "-proof";
/** Lambda takes no longer name (CreateAlias, "Name"). */
const MAX_ALIAS = 128;

const OBJECT = { type: "object", title: "an object" } as const;
const RULES = { type: "array", title: "a list of rules" } as const;
const readMembers = settingsReader(closedObject([], { limits: OBJECT, may: MAY, trusts: RULES, keys: OBJECT, exchanges: RULES }));

/**
 * Reads callers that are Lambda aliases: `{"NAME": {"limits": {...}, "may": [...], "trusts": [...], "keys": {...}, "exchanges": [...]}}`. What
 * is misspelt would limit nothing, so what is unknown is an error. Of rules it looks at what tokens get from proofs, which is all that the
 * function that signs has to know; `readCallers` judges the rest.
 *
 * @throws SignetError `config_invalid`, naming the caller and the member
 */
export function readAliasCallers(callers: object): readonly AliasCaller[] {
  const read = Object.entries(callers).map(([name, caller]) => readCaller(name, caller));
  assertAliases(read);
  return read;
}

/** Tells whether a caller can prove itself at `POST /token`, and so has an alias that takes claims of its proofs. */
export function hasProofs({ trusts = [], keys }: AliasCaller): boolean {
  return trusts.length > 0 || keys !== undefined;
}

/** The alias of a caller that takes claims of its proofs: who may invoke it can claim any. */
export function proofAliasOf(name: string): string {
  return name + PROOF_ALIAS;
}

/** The caller whose proofs an alias takes; `undefined` for an ordinary alias. */
export function callerOfProofAlias(alias: string): string | undefined {
  return alias.endsWith(PROOF_ALIAS) ? alias.slice(0, -PROOF_ALIAS.length) : undefined;
}

function readCaller(name: string, caller: unknown): AliasCaller {
  if (!isAliasName(name)) {
    throw wrongCaller(
      name,
      "has no name for an alias: letters, digits, - and _, not digits alone, and no word such as constructor",
    );
  }
  if (!isObject(caller)) throw wrongCaller(name, 'must be an object such as {"limits":{"maxTtlSeconds":300}}');
  try {
    const { limits, ...others } = readMembers(caller, `callers.${name}`);
    assertRules(others.trusts, `callers.${name}.trusts`);
    assertRules(others.exchanges, `callers.${name}.exchanges`);
    return { name, limits: readLimits(limits, `callers.${name}.limits`), ...others };
  } catch (error) {
    throw wrongCaller(name, `: ${(error as Error).message}`);
  }
}

function assertRules(rules: unknown, where: string): void {
  if (rules === undefined || isListOf(rules, isCopyingRule)) return;
  throw new Error(
    `${where} must be a list of rules, whose claimsFromProof is an object of names, and whose subjectPrefix a text`,
  );
}

function isCopyingRule(rule: unknown): rule is CopyingRule {
  if (!isObject(rule)) return false;
  const { claimsFromProof = {}, subjectPrefix } = rule;
  return isObject(claimsFromProof) && isListOf(Object.values(claimsFromProof), isText) && isOptionalText(subjectPrefix);
}

// The token function's role reaches every alias that ends so: none of them may be an ordinary caller's.
function assertAliases(callers: readonly AliasCaller[]): void {
  const proven = callers.filter(hasProofs);
  if (proven.length === 0) return;
  const taken = callers.find(({ name }) => callerOfProofAlias(name) !== undefined);
  if (taken !== undefined)
    throw wrongCaller(
      taken.name,
      `must have another name: where callers prove themselves, NAME${PROOF_ALIAS} is the alias for their proofs`,
    );
  const long = proven.find(({ name }) => proofAliasOf(name).length > MAX_ALIAS);
  if (long !== undefined)
    throw wrongCaller(long.name, `must have a name of at most ${MAX_ALIAS - PROOF_ALIAS.length} characters`);
}

/** The fault of a caller. */
export function wrongCaller(name: string, what: string): SignetError {
  return new SignetError("config_invalid", `the caller ${JSON.stringify(name.slice(0, 64))} ${what}`, { field: "callers" });
}
