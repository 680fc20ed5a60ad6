import { algorithmsOfJwk, isForSignatures, kidOfJwk } from "../algorithms/jwk-purpose.js";
import type { AlgorithmName } from "../algorithms/table.js";
import { decodeBase64url } from "../encoding/base64url.js";
import { hasMembers, isText } from "../encoding/list-of.js";
import { bitLength, numberOf } from "../encoding/number-of.js";
import { isSignetError, SignetError } from "../errors.js";
import { parseObject, type ReadToken } from "../verify/token.js";
import { readTokenVerifier, type VerifiedToken, type VerifierOptions } from "../verify/verifier.js";
import { readVerifierOptions } from "../verify/verifier-options.js";

/** What keys are for: signatures, or those of a SPIFFE trust domain's tokens, which stand beside the keys of its certificates. */
export type KeyUse = "sig" | "jwt-svid";

/** A JWKS, of which nothing more was looked at. */
export interface KeyList {
  readonly keys: readonly unknown[];
}

/** The keys of one source, as proofs are verified with them. */
export interface KeySet {
  /**
   * The verifier for algorithms. It checks all that is true of every proof; issuer, audience and type are the rule's.
   *
   * @throws SignetError where no key can be used
   */
  verifierFor(algorithms: readonly AlgorithmName[] | undefined): ProofVerifier;
  /** What tokens call them. */
  readonly kids: readonly unknown[];
}

/** Verifies tokens that were read. @throws SignetError as `Verifier.verify` */
type ProofVerifier = (token: ReadToken) => VerifiedToken;

/** More keys than this are no issuer's. */
const MAX_KEYS = 100;
/** A larger key makes each verification slow. */
const MAX_RSA_BITS = 4_096;
/** No proof is longer. */
export const MAX_PROOF_LENGTH = 16_384;
/** A SPIFFE token without kid is tried with so many keys of its algorithm. */
const MAX_UNNAMED = 8;
/** How far the clock of who signs a proof may be from this one. */
export const PROOF_SKEW_SECONDS = 60;

type Jwk = Readonly<Record<string, unknown>>;

/**
 * Makes a set of the keys of a source. A key that cannot be used is left aside, and fails only the tokens that name it.
 *
 * @param clock the present as NumericDate
 * @throws SignetError `invalid_key` where there are too many; the fault of the keys where not one of them can be used
 */
export function createKeySet(jwks: KeyList, use: KeyUse, clock: () => number): KeySet {
  if (jwks.keys.length > MAX_KEYS) {
    throw new SignetError("invalid_key", `it has ${jwks.keys.length} keys; at most ${MAX_KEYS} are accepted`);
  }
  const keys = jwks.keys.flatMap((entry): Jwk[] => usableKey(entry, use));
  const make = (algorithms: readonly AlgorithmName[] | undefined) => {
    // Entra's keys and SPIRE's name no alg; RS256 is what an RSA key signs with unless something else was agreed (OpenID Connect Core 1.0
    // section 15.1).
    const named = algorithms === undefined ? keys.map(withAlgorithm) : keys;
    const all = verifierOf(named, algorithms, clock);
    return use === "jwt-svid" ? trying(all, named, algorithms, (key) => verifierOf([key], algorithms, clock)) : all;
  };
  // Where no key of it can be used, the last good ones stay.
  const verifiers = new Map([["", make(undefined)]]);
  return Object.freeze({
    kids: keys.map(kidOfJwk).filter(isText),
    verifierFor(algorithms: readonly AlgorithmName[] | undefined) {
      const name = algorithms?.join(" ") ?? "";
      const verifier = verifiers.get(name) ?? make(algorithms);
      verifiers.set(name, verifier);
      return verifier;
    },
  });
}

function verifierOf(keys: readonly Jwk[], algorithms: readonly AlgorithmName[] | undefined, clock: () => number): ProofVerifier {
  const byRule = { issuer: null, audience: null, types: null };
  const bounds = { clockSkewSeconds: PROOF_SKEW_SECONDS, maxTokenLength: MAX_PROOF_LENGTH };
  const options: VerifierOptions = { keys: { keys }, algorithms, ...byRule, ...bounds, clock };
  return readTokenVerifier(readVerifierOptions(options) as VerifierOptions).verifyRead;
}

// JWT-SVID section 2.2: kid is optional, and a bundle has several keys while they are renewed. Anybody can send a token without one, so each key
// is read once, and only where the token's algorithm is its own.
function trying(
  all: ProofVerifier,
  keys: readonly Jwk[],
  algorithms: readonly AlgorithmName[] | undefined,
  verifierFor: (key: Jwk) => ProofVerifier,
): ProofVerifier {
  const verifiers = new Map<Jwk, ProofVerifier | undefined>();
  const verifierOnce = (key: Jwk): ProofVerifier | undefined => {
    if (!verifiers.has(key))
      verifiers.set(
        key,
        attempt(() => verifierFor(key)),
      );
    return verifiers.get(key);
  };
  return (token) => {
    try {
      return all(token);
    } catch (error) {
      if (!isSignetError(error, "token_kid_missing")) throw error;
      const { alg } = parseObject(token.parts.header, "header");
      const fitting = keys.filter((key) => algorithmsOfJwk(key, algorithms).some(({ name }) => name === alg));
      for (const key of fitting.slice(0, MAX_UNNAMED)) {
        const found = attempt(() => verifierOnce(key)?.(token));
        if (found !== undefined) return found;
      }
      throw error;
    }
  };
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (isSignetError(error) && error.code !== "clock_untrusted") return undefined;
    throw error;
  }
}

function withAlgorithm(jwk: Jwk): Jwk {
  return jwk.kty === "RSA" && jwk.alg == null ? { ...jwk, alg: "RS256" } : jwk;
}

function usableKey(entry: unknown, use: KeyUse): Jwk[] {
  if (!hasMembers(entry)) return [];
  if (use === "jwt-svid" && entry.use !== use) return [];
  const jwk: Jwk = use === "sig" ? entry : { ...entry, use: "sig" };
  return isForSignatures(jwk) && !isHuge(jwk) ? [jwk] : [];
}

function isHuge({ kty, n }: Jwk): boolean {
  if (kty !== "RSA" || !isText(n)) return false;
  return n.length > MAX_RSA_BITS || bitLength(numberOf(decodeBase64url(n) ?? [])) > MAX_RSA_BITS;
}
