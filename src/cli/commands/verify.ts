import { parseDuration } from "../../encoding/durations.js";
import { isInsecureUrl, PRICE_OF_HTTP } from "../../encoding/insecure-issuer.js";
import { SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { jsonWithOwnDigits, partWithOwnDigits } from "../../operator/own-digits.js";
import { judgeToken } from "../../operator/token-verification.js";
import { assertOneSource, MAX_TOKEN, type VerificationSource, verificationKeys } from "../../operator/verification-keys.js";
import { splitToken } from "../../verify/token.js";
import type { VerifiedToken } from "../../verify/verifier.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";
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
  const { issuer, audience } = options;
  const terms = { ...asked, issuer, audience, clockSkewSeconds, now: presentSeconds() };
  const { verified, words, unchecked } = await judgeToken(token, found, terms);
  output.note(`${output.paint("valid", "good")}: ${words}`);
  if (unchecked.includes("audience")) output.note("the audience was not checked: give --audience AUD");
  if (unchecked.includes("issuer")) output.note("the issuer was not checked: give --issuer ISS");
  const { header } = verified;
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

function skewOf(text: string | undefined): number {
  const seconds = text === undefined ? DEFAULT_SKEW_SECONDS : parseDuration(text, "--clock-skew");
  if (seconds <= MAX_SKEW_SECONDS) return seconds;
  throw new SignetError("usage", "--clock-skew may be 10m at most: clocks that are further apart have to be set");
}
