import { type ProvableCaller, readCallers } from "../../issue/callers-json.js";
import type { Limits } from "../../settings/limits.js";
import { assertVariablesAreSpelt, type Environment, limitsIn, objectIn, wrong } from "../shared/settings.js";

/** What the function of `POST /token` is told by its environment. */
export interface TokenSettings {
  readonly region: string;
  /** The issuer's URL: the audience of proofs. */
  readonly issuer: string;
  readonly limits: Partial<Limits>;
  readonly callers: readonly ProvableCaller[];
  /** The ARN of the issuer's function, without an alias. */
  readonly issuerFunction: string;
  /** Where the issuer's own keys are, whose tokens are exchanged; absent where none are. */
  readonly jwksUrl: string | undefined;
  /** The bucket that remembers which proofs were used. */
  readonly usedProofs: string;
}

/**
 * Reads the settings; limits and callers are those of the issuer's function.
 *
 * @throws SignetError `config_invalid`, naming the variable
 */
export function tokenSettingsOf(env: Environment): TokenSettings {
  assertVariablesAreSpelt(env);
  const { SIGNET_ISSUER: issuer, SIGNET_ISSUER_FUNCTION: issuerFunction, SIGNET_USED_PROOFS: usedProofs } = env;
  if (!issuer) throw wrong("SIGNET_ISSUER", "is not set: it is the audience of proofs");
  if (!issuerFunction) throw wrong("SIGNET_ISSUER_FUNCTION", "is not set: the ARN of the function that issues");
  if (!usedProofs) throw wrong("SIGNET_USED_PROOFS", "is not set: the bucket that remembers which proofs were used");
  return {
    region: env.AWS_REGION ?? "",
    issuer,
    limits: limitsIn(env),
    callers: readCallers(objectIn(env, "SIGNET_CALLERS")),
    issuerFunction,
    jwksUrl: env.SIGNET_JWKS_URL || undefined,
    usedProofs,
  };
}
