import { fromNow } from "../../encoding/times-in-words.js";
import { presentSeconds } from "../../issue/issuer.js";
import { assertOneSource, MAX_TOKEN, type VerificationSource, verificationKeys } from "../../operator/verification-keys.js";
import { createVerifier } from "../../verify/create-verifier.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";
import { tokenGiven } from "../token-text.js";

export interface VerifyOptions extends CommonOptions, VerificationSource {
  readonly audience?: string;
  readonly typ?: string;
}

/** `signet verify`: the claims of a good token on stdout, or the reason on stderr and exit code 3. */
export async function verify(context: Context, argument: string, options: VerifyOptions): Promise<void> {
  const { output } = context;
  assertOneSource(options);
  const token = await tokenGiven(argument);
  const found = await verificationKeys(context, token, options, () => openInstallation(context, options));
  if (found.url !== undefined) output.note(`the keys are those of ${found.url}`);
  const verifier = createVerifier({
    keys: found.keys,
    issuer: options.issuer ?? found.issuer,
    audience: options.audience ?? null,
    types: options.typ === undefined ? undefined : [options.typ],
    maxTokenLength: MAX_TOKEN,
  });
  const { header, claims } = verifier.verify(token);
  await found.confirm?.(header.alg);
  const end = claims.exp === undefined ? "has no end" : `expires ${fromNow(claims.exp, presentSeconds())}`;
  output.note(`valid: signed by ${header.kid} (${header.alg}), ${end}`);
  if (options.audience === undefined) output.note("the audience was not checked: give --audience AUD");
  if (options.issuer === undefined && found.issuer === null) output.note("the issuer was not checked: give --issuer ISS");
  output.json(options.json === true ? { header, claims } : claims);
}
