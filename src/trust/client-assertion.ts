import type { AlgorithmName } from "../algorithms/table.js";
import { tokenEndpointOf } from "../keyring/documents.js";
import type { CallerKeys } from "../settings/trusts.js";
import { normalType } from "../verify/header.js";
import type { VerifiedToken } from "../verify/verifier.js";
import { PROOF_SKEW_SECONDS } from "./key-set.js";
import type { KeySource } from "./key-sources.js";
import { assertPlace } from "./places.js";
import { assertPasted, type RulePlace, readAlgorithms } from "./rules.js";
import { wrongMember } from "./wrong-member.js";

/** The keys with which a caller signs its own proofs, judged. */
export interface OwnKeys {
  readonly source: KeySource;
  readonly algorithms: readonly AlgorithmName[] | undefined;
  readonly audiences: readonly string[];
}

/** How far ahead the end of an assertion may be: it is made for one request. */
const MAX_ASSERTION_SECONDS = 300;
const TYPES: readonly (string | undefined)[] = [undefined, "jwt", "client-authentication+jwt"];

/**
 * Judges a caller's own keys.
 *
 * @throws SignetError `config_invalid`, naming the member
 */
export function judgeOwnKeys(caller: string, keys: CallerKeys, { where, issuer }: RulePlace): OwnKeys {
  const { jwks, jwksUrl, privateNetwork, caFile, proxy, acceptTokenEndpointAudience = false } = keys;
  if (issuer === undefined)
    throw wrongMember(where, "need this issuer's URL, which is their only audience; expected the member issuer");
  if (jwks === undefined && jwksUrl === undefined) throw wrongMember(where, "need jwks or jwksUrl: the caller's public keys");
  assertPlace(keys, where, issuer);
  const algorithms = readAlgorithms(keys.algorithms, `${where}.algorithms`);
  const source = { issuer: `the caller ${caller}`, jwks, jwksUrl, privateNetwork, caFile, proxy, use: "sig" } as const;
  assertPasted(source, algorithms, where);
  // A server that the caller was misled to could have named its own endpoint, or ours, as its audience: the issuer's URL alone is safe.
  const audiences = acceptTokenEndpointAudience ? [issuer, tokenEndpointOf(issuer)] : [issuer];
  return Object.freeze({ source, algorithms, audiences });
}

/**
 * Finds what is wrong with an assertion whose signature is good, and whose iss, sub and aud are the caller's (RFC 7523 section 3, and what it leaves open).
 *
 * @returns why it is refused, for the log; `undefined` where nothing is wrong
 */
export function assertionFault({ header, claims }: VerifiedToken, now: number): string | undefined {
  const { jti, iat = now, exp } = claims;
  if (!TYPES.includes(header.typ === undefined ? undefined : normalType(header.typ))) return "its typ is not one of an assertion";
  if (jti === undefined || jti === "") return "it has no jti";
  // The clock of who made it may be ahead of this one, as its iat tells then.
  const latest = Math.max(now, Math.min(iat, now + PROOF_SKEW_SECONDS)) + MAX_ASSERTION_SECONDS;
  if (exp === undefined || exp > latest) return `its exp is more than ${MAX_ASSERTION_SECONDS} seconds ahead`;
  return undefined;
}
