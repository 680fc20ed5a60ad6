import type { OwnLimits } from "./limits.js";

/** As much of a rule as says what tokens get from a proof. */
export interface CopyingRule {
  readonly claimsFromProof?: Readonly<Record<string, unknown>> | undefined;
  readonly subjectPrefix?: string | undefined;
}

/** As much of a caller as says what its tokens get from proofs. */
export interface CopyingCaller {
  readonly limits?: OwnLimits | undefined;
  readonly trusts?: readonly CopyingRule[] | undefined;
  readonly exchanges?: readonly CopyingRule[] | undefined;
}

/** The claims that a caller's tokens get from proofs alone, whichever of its rules gives them. */
export function claimsFromProofs({ trusts = [], exchanges = [] }: CopyingCaller): ReadonlySet<string> {
  return new Set([...trusts, ...exchanges].flatMap(({ claimsFromProof = {} }) => Object.values(claimsFromProof) as string[]));
}

/** What a `sub` that a caller's tokens get from a proof may begin with. */
export function subjectPrefixes({ trusts = [], exchanges = [] }: CopyingCaller): readonly string[] {
  return [...trusts, ...exchanges].flatMap(({ subjectPrefix }) => subjectPrefix ?? []);
}

/** Tells whether texts of fixed claims stand for claims of a proof: `{proof.NAME}`. */
export function holdsProofText(fixed: unknown): boolean {
  return JSON.stringify(fixed)?.includes("{proof.") === true;
}
