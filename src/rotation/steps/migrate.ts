import type { AlgorithmName } from "../../algorithms/table.js";
import { SignetError } from "../../errors.js";
import type { PolicyInForce } from "../../keyring/keyring.js";

/**
 * Refuses another algorithm until the operator has said that the verifiers accept it: nobody can find that out for them.
 *
 * @param verifiersAccept the algorithms that every verifier accepts, by the operator's word
 * @throws SignetError `plan_refused`
 */
export function assertAccepted(before: PolicyInForce, next: PolicyInForce, verifiersAccept: readonly AlgorithmName[]): void {
  if (next.algorithm === before.algorithm || verifiersAccept.includes(next.algorithm)) return;
  throw new SignetError(
    "plan_refused",
    `from ${before.algorithm} to ${next.algorithm}: many verifiers pin an algorithm, and some keep the discovery document as long as they ` +
      "run (go-oidc: `unexpected signature algorithm`). Set each of them to accept both, restart those that read discovery once, " +
      `then say so: --verifiers-accept ${next.algorithm}`,
    { field: "algorithm" },
  );
}
