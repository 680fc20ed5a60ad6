import { kidsIn } from "../algorithms/jwk-purpose.js";
import { isSignetError, isTokenRefusal, SignetError } from "../errors.js";
import { createVerifier } from "../verify/create-verifier.js";
import { verifierWithoutKid } from "../verify/unnamed-keys.js";
import type { VerifiedToken, VerifierOptions } from "../verify/verifier.js";
import { claimsWithLargeIntegers } from "./large-integers.js";
import { endInWords, refusalInWords, type VerificationTerms } from "./refusal-words.js";
import { MAX_TOKEN, type VerificationKeys } from "./verification-keys.js";

/** What a token is held against, beside its keys. */
interface TermsAsked
  extends Pick<
    VerifierOptions,
    "types" | "algorithms" | "clientIds" | "claims" | "scopes" | "ignoredHeaders" | "integersAsText" | "requireExpiration"
  > {
  /** The `iss` that is accepted; by default that of the keys. */
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly clockSkewSeconds: number;
  /** NumericDate. */
  readonly now: number;
  /** False where words shall not name options of the command. */
  readonly namesOptions?: boolean;
}

/** A good token. */
export interface JudgedToken {
  readonly verified: VerifiedToken;
  /** Who signed it, with which algorithm, and when it ends. */
  readonly words: string;
  /** What was not checked, as it is to be named. */
  readonly unchecked: readonly ("audience" | "issuer")[];
}

/**
 * Verifies a token, and says what there is to say of it.
 *
 * @throws SignetError the refusal, in words that say what would have been accepted; `invalid_key` for keys that verify nothing
 */
export async function judgeToken(token: string, found: VerificationKeys, asked: TermsAsked): Promise<JudgedToken> {
  const { issuer: named, audience = null, now, namesOptions, ...wanted } = asked;
  const { kid, exp } = found.tokens ?? {};
  const own = exp === false ? { requireExpiration: false } : {};
  const issuer = named ?? found.issuer;
  const options = { ...wanted, ...own, keys: found.keys, issuer, audience };
  const makeVerifier = kid === false ? verifierWithoutKid : createVerifier;
  const verified = explaining(token, now, { ...options, namesOptions }, () =>
    makeVerifier({
      ...options,
      integersAsText: [...(wanted.integersAsText ?? []), ...claimsWithLargeIntegers(token)],
      maxTokenLength: MAX_TOKEN,
      clock: () => now,
    }).verify(token),
  );
  const { header } = verified;
  await found.confirm?.(header.alg);
  const end = endInWords(verified.claims, now, wanted.clockSkewSeconds);
  return {
    verified,
    words: `signed by ${signerInWords(verified, found)} (${header.alg}), ${end}`,
    unchecked: [
      ...(asked.audience === undefined && wanted.clientIds === undefined ? (["audience"] as const) : []),
      ...(issuer === null ? (["issuer"] as const) : []),
    ],
  };
}

function signerInWords({ header: { kid } }: VerifiedToken, { keys, named }: VerificationKeys): string {
  if (kid) return kid;
  if (named !== undefined) return named;
  const [sole, ...others] = kidsIn(keys.keys);
  return sole !== undefined && others.length === 0 ? `the only key, ${sole}` : "the only key that can be meant";
}

function explaining<T>(token: string, now: number, terms: VerificationTerms, verify: () => T): T {
  try {
    return verify();
  } catch (error) {
    const { field } = isSignetError(error) && isSignetError(error.cause) ? error.cause : ({} as { field?: string });
    if (isSignetError(error, "invalid_key") && [error.field, field].includes("algorithms"))
      throw new SignetError(
        "invalid_key",
        terms.namesOptions === false
          ? "an RSA key does not name its alg"
          : "an RSA key does not name its alg: give --algorithms RS256, or what the issuer signs with",
        { cause: error, field: "algorithms" },
      );
    if (isSignetError(error, "config_invalid") && error.field === "keys")
      throw new SignetError(
        "invalid_key",
        `no key verifies signatures by ${terms.algorithms?.join(", ") ?? "an algorithm of its own"}`,
        {
          cause: error,
        },
      );
    if (!isTokenRefusal(error)) throw error;
    throw new SignetError(error.code, refusalInWords(error, token, now, terms), { cause: error });
  }
}
