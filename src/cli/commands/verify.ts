import { parseDuration } from "../../encoding/durations.js";
import { isInsecureUrl, PRICE_OF_HTTP } from "../../encoding/insecure-issuer.js";
import { isTokenRefusal, SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { endInWords, refusalInWords, type VerificationTerms } from "../../operator/refusal-words.js";
import { assertOneSource, MAX_TOKEN, type VerificationSource, verificationKeys } from "../../operator/verification-keys.js";
import { createVerifier } from "../../verify/create-verifier.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";
import { tokenGiven } from "../token-text.js";

export interface VerifyOptions extends CommonOptions, VerificationSource {
  readonly audience?: string;
  readonly typ?: string;
  /** How far the issuer's clock may be from this one. */
  readonly clockSkew?: string;
}

const DEFAULT_SKEW_SECONDS = 60;
const MAX_SKEW_SECONDS = 600;

/** `signet verify`: the claims of a good token on stdout, or the reason on stderr and exit code 3. */
export async function verify(context: Context, argument: string, options: VerifyOptions): Promise<void> {
  const { output } = context;
  assertOneSource(options);
  const skewSeconds = skewOf(options.clockSkew);
  const token = await tokenGiven(argument);
  const found = await verificationKeys(context, token, options, () => openInstallation(context, options));
  if (found.url !== undefined) output.note(`the keys are those of ${found.url}`);
  const fetched = [found.url, options.jwks].find((url) => url !== undefined && URL.canParse(url) && isInsecureUrl(url));
  if (fetched !== undefined) output.note(`warning: ${fetched} ${PRICE_OF_HTTP}`);
  const now = presentSeconds();
  const { audience = null, typ } = options;
  const terms = { issuer: options.issuer ?? found.issuer, audience, typ, skewSeconds };
  const verifier = createVerifier({
    keys: found.keys,
    issuer: terms.issuer,
    audience,
    types: typ === undefined ? undefined : [typ],
    clockSkewSeconds: skewSeconds,
    maxTokenLength: MAX_TOKEN,
    clock: () => now,
  });
  const { header, claims } = explaining(token, now, terms, () => verifier.verify(token));
  await found.confirm?.(header.alg);
  const end = endInWords(claims, now, skewSeconds);
  output.note(`${output.paint("valid", "good")}: signed by ${header.kid} (${header.alg}), ${end}`);
  if (options.audience === undefined) output.note("the audience was not checked: give --audience AUD");
  if (options.issuer === undefined && found.issuer === null) output.note("the issuer was not checked: give --issuer ISS");
  output.json(options.json === true ? { header, claims } : claims);
}

function explaining<T>(token: string, now: number, terms: VerificationTerms, verify: () => T): T {
  try {
    return verify();
  } catch (error) {
    if (!isTokenRefusal(error)) throw error;
    throw new SignetError(error.code, refusalInWords(error, token, now, terms), { cause: error });
  }
}

function skewOf(text: string | undefined): number {
  const seconds = text === undefined ? DEFAULT_SKEW_SECONDS : parseDuration(text, "--clock-skew");
  if (seconds <= MAX_SKEW_SECONDS) return seconds;
  throw new SignetError("usage", "--clock-skew may be 10m at most: clocks that are further apart have to be set");
}
