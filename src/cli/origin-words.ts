import { reworded } from "../encoding/command-hints.js";
import { isSignetError, SignetError } from "../errors.js";

/** What the library calls something in its words, and what is typed for it. */
const TYPED: readonly (readonly [option: string, typed: string])[] = [
  ["as.aws.region, ", ""],
  ["from.url", "--url"],
  ["from.tokenUrl", "--token-url"],
  ["from.lambda", "--function"],
  ["as.caller", "--caller"],
  ["as.aws", "--aws"],
  ["request.ttl", "--ttl"],
  ["request.setIat", "--iat"],
  ["request.setNbf", "--nbf"],
  ["request.setJti", "--jti"],
  ["request.typ", "--typ"],
  ["request.claims", "the claims"],
  ["allowInsecureUrl", "--allow-insecure-url"],
  ["reuseAtLeastSeconds", "--reuse-at-least"],
  ["minTtlSeconds", "--min-ttl"],
];

/**
 * A failure of what brings tokens, as it is told to who has typed its options. Of a proof that the issuer refuses the command has failed: no token
 * was refused that it was given.
 */
export function inFlags(error: unknown): unknown {
  if (!isSignetError(error)) return error;
  if (error.code === "proof_refused") return new SignetError("caller_unknown", error.message, { cause: error });
  return error.field === undefined ? error : reworded(error, withFlags(error.message));
}

/** The same of what is wrong with the options themselves, before anything is asked for. */
export function asTypedWrong(error: unknown): unknown {
  if (!isSignetError(error, "config_invalid") || error.field === undefined) return error;
  return new SignetError("usage", withFlags(error.message), { cause: error });
}

function withFlags(words: string): string {
  return TYPED.reduce((text, [option, typed]) => text.replaceAll(option, typed), words);
}
