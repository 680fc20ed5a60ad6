import { settingsFault } from "../encoding/object-schema.js";
import { type Fault, readSettings } from "../settings/read.js";
import { PROOF_MEMBERS, type ProofSettings } from "../settings/trusts.js";
import { type AliasCaller, readAliasCallers, wrongCaller } from "./alias-callers.js";

/** A caller that is a Lambda alias, and what proves it. */
export type ProvableCaller = Omit<AliasCaller, keyof ProofSettings> & ProofSettings;

/**
 * Reads callers that are Lambda aliases, with the members of their rules. What rules say is judged where proofs are verified
 * (`trust/judge-callers.ts`).
 *
 * @throws SignetError `config_invalid`, naming the caller and the member
 */
export function readCallers(callers: object): readonly ProvableCaller[] {
  return readAliasCallers(callers).map(({ trusts, keys, exchanges, ...caller }) => {
    try {
      const given = { trusts, keys, exchanges };
      const proofs = readSettings(PROOF_MEMBERS, given, (fault) => faultOf(caller.name, fault));
      assertNoFiles(proofs);
      return { ...caller, ...proofs };
    } catch (error) {
      throw wrongCaller(caller.name, `: ${(error as Error).message}`);
    }
  });
}

function faultOf(name: string, { path, member, known = [] }: Fault): Error {
  const where = ["callers", name, ...path.slice(0, -1)].join(".");
  return settingsFault({ field: path.at(-1) ?? "", ...(member && { mustBe: member.title }) }, where, known);
}

// A function has no files but its own.
function assertNoFiles({ trusts = [], exchanges = [], keys }: ProofSettings): void {
  const found = [...trusts, ...exchanges, keys].some((each) => each?.caFile !== undefined);
  if (found) throw new Error("caFile names a file, and a function has none: give the keys themselves, as jwks");
}
