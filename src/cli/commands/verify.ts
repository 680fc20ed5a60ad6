import { kidsIn } from "../../algorithms/jwk-purpose.js";
import { parseDuration } from "../../encoding/durations.js";
import { isInsecureUrl, PRICE_OF_HTTP } from "../../encoding/insecure-issuer.js";
import { isSignetError, isTokenRefusal, SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { claimsWithLargeIntegers } from "../../operator/large-integers.js";
import { endInWords, refusalInWords, type VerificationTerms } from "../../operator/refusal-words.js";
import {
  assertOneSource,
  MAX_TOKEN,
  type VerificationKeys,
  type VerificationSource,
  verificationKeys,
} from "../../operator/verification-keys.js";
import { createVerifier } from "../../verify/create-verifier.js";
import { splitToken } from "../../verify/token.js";
import { verifierWithoutKid } from "../../verify/unnamed-keys.js";
import type { VerifiedToken } from "../../verify/verifier.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";
import { jsonWithOwnDigits, partWithOwnDigits } from "../own-digits.js";
import { tokenGiven } from "../token-text.js";
import { type VerifierFlags, verifierOptionsGiven } from "../verifier-flags.js";

export interface VerifyOptions extends CommonOptions, VerificationSource, VerifierFlags {
  readonly audience?: string;
  /** How far the issuer's clock may be from this one. */
  readonly clockSkew?: string;
}

const DEFAULT_SKEW_SECONDS = 60;
const MAX_SKEW_SECONDS = 600;

/** `signet verify`: the claims of a good token on stdout, or the reason on stderr and exit code 3. */
export async function verify(context: Context, argument: string, options: VerifyOptions): Promise<void> {
  const { output } = context;
  assertOneSource(options);
  const clockSkewSeconds = skewOf(options.clockSkew);
  const asked = await verifierOptionsGiven(context, options);
  const token = await tokenGiven(argument);
  const found = await verificationKeys(context, token, options, () => openInstallation(context, options));
  if (found.url !== undefined) output.note(`the keys are those of ${found.url}`);
  const fetched = [found.url, options.jwks].find((url) => url !== undefined && isInsecureUrl(url));
  if (fetched !== undefined) output.note(`warning: ${fetched} ${PRICE_OF_HTTP}`);
  const now = presentSeconds();
  const { audience = null } = options;
  const { kid, exp } = found.tokens ?? {};
  const issuer = options.issuer ?? found.issuer;
  const own = exp === false ? { requireExpiration: false } : {};
  const terms = { ...asked, ...own, keys: found.keys, issuer, audience, clockSkewSeconds };
  const makeVerifier = kid === false ? verifierWithoutKid : createVerifier;
  const verified = explaining(token, now, terms, () =>
    makeVerifier({
      ...terms,
      integersAsText: [...(asked.integersAsText ?? []), ...claimsWithLargeIntegers(token)],
      maxTokenLength: MAX_TOKEN,
      clock: () => now,
    }).verify(token),
  );
  const { header } = verified;
  await found.confirm?.(header.alg);
  const end = endInWords(verified.claims, now, clockSkewSeconds);
  output.note(`${output.paint("valid", "good")}: signed by ${signerInWords(verified, found)} (${header.alg}), ${end}`);
  if (options.audience === undefined && asked.clientIds === undefined)
    output.note("the audience was not checked: give --audience AUD");
  if (terms.issuer === null) output.note("the issuer was not checked: give --issuer ISS");
  const claims = claimsShown(token, verified, asked.integersAsText);
  output.jsonText(jsonWithOwnDigits(options.json === true ? { header, claims } : claims));
}

/** Digit by digit as they stand in the token; those that were asked for as texts are texts. */
function claimsShown(token: string, { claims }: VerifiedToken, integersAsText: readonly string[] = []): object {
  const own = partWithOwnDigits(splitToken(token, MAX_TOKEN).payload, "payload");
  const asTexts = Object.entries(claims).filter(([name]) => integersAsText.includes(name));
  for (const [name, value] of asTexts) Object.defineProperty(own, name, { value });
  return own;
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
        "an RSA key does not name its alg: give --algorithms RS256, or what the issuer signs with",
        {
          cause: error,
        },
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

function skewOf(text: string | undefined): number {
  const seconds = text === undefined ? DEFAULT_SKEW_SECONDS : parseDuration(text, "--clock-skew");
  if (seconds <= MAX_SKEW_SECONDS) return seconds;
  throw new SignetError("usage", "--clock-skew may be 10m at most: clocks that are further apart have to be set");
}
