import { didYouMean } from "../encoding/nearest.js";
import { isObject } from "../encoding/object-schema.js";
import { SignetError, shortened, visible } from "../errors.js";
import { isAliasName, MAY } from "../settings/callers.js";
import { readLimits } from "../settings/limits.js";
import { type Fault, readSettings } from "../settings/read.js";
import { PROOF_MEMBERS, type ProofSettings } from "../settings/trusts.js";
import type { Caller } from "./callers.js";

/** A caller that is a Lambda alias. It has no secrets: IAM lets others invoke its alias, or a proof lets them get tokens at `POST /token`. */
export interface AliasCaller extends Omit<Caller, "secrets" | "trusts" | "exchanges">, ProofSettings {}

/** What follows the caller's name in the name of the alias that takes claims of its proofs. */
const PROOF_ALIAS = "-proof";
/** Lambda takes no longer name (CreateAlias, "Name"). */
const MAX_ALIAS = 128;

const LIMITS = { type: "object", title: "an object of limits" } as const;
const CALLER_MEMBERS = { limits: LIMITS, may: MAY, ...PROOF_MEMBERS } as const;

/**
 * Reads callers that are Lambda aliases: `{"NAME": {"limits": {...}, "may": [...], "trusts": [...], "keys": {...}, "exchanges": [...]}}`.
 * What is misspelt
 * would limit nothing, so what is unknown is an error. What rules say is judged where proofs are verified (`trust/judge-callers.ts`).
 *
 * @throws SignetError `config_invalid`, naming the caller and the member
 */
export function readCallers(callers: object): readonly AliasCaller[] {
  const read = Object.entries(callers).map(([name, caller]) => readCaller(name, caller));
  assertAliases(read);
  return read;
}

/** Tells whether a caller can prove itself at `POST /token`, and so has an alias that takes claims of its proofs. */
export function hasProofs({ trusts = [], keys }: ProofSettings): boolean {
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
    throw wrong(name, "has no name for an alias: letters, digits, - and _, not digits alone, and no word such as constructor");
  }
  if (!isObject(caller)) throw wrong(name, 'must be an object such as {"limits":{"maxTtlSeconds":300}}');
  try {
    const { limits, ...others } = readSettings(CALLER_MEMBERS, caller, (fault) => faultError(name, fault));
    assertNoFiles(others);
    return { name, limits: readLimits(limits, `callers.${name}.limits`), ...others };
  } catch (error) {
    throw wrong(name, `: ${(error as Error).message}`);
  }
}

function faultError(name: string, { path, member, known = [] }: Fault): Error {
  const where = shortened(visible(["callers", name, ...path].join(".")), MAX_ALIAS);
  if (member !== undefined) return new Error(`${where} must be ${member.title}`);
  const nearest = didYouMean((path.at(-1) ?? "").slice(0, 64), known) || `; there are ${known.join(", ")}`;
  return new Error(`${where} is not a member that signet knows${nearest}`);
}

// A function has no files but its own.
function assertNoFiles({ trusts = [], exchanges = [], keys }: ProofSettings): void {
  const found = [...trusts, ...exchanges, keys].some((each) => each?.caFile !== undefined);
  if (found) throw new Error("caFile names a file, and a function has none: give the keys themselves, as jwks");
}

// The token function's role reaches every alias that ends so: none of them may be an ordinary caller's.
function assertAliases(callers: readonly AliasCaller[]): void {
  const proven = callers.filter(hasProofs);
  if (proven.length === 0) return;
  const taken = callers.find(({ name }) => callerOfProofAlias(name) !== undefined);
  if (taken !== undefined)
    throw wrong(
      taken.name,
      `must have another name: where callers prove themselves, NAME${PROOF_ALIAS} is the alias for their proofs`,
    );
  const long = proven.find(({ name }) => proofAliasOf(name).length > MAX_ALIAS);
  if (long !== undefined) throw wrong(long.name, `must have a name of at most ${MAX_ALIAS - PROOF_ALIAS.length} characters`);
}

function wrong(name: string, what: string): SignetError {
  return new SignetError("config_invalid", `the caller ${JSON.stringify(name.slice(0, 64))} ${what}`, { field: "callers" });
}
