import { createPublicKey } from "node:crypto";
import { algorithmsFor } from "../../algorithms/keys.js";
import { fromNow } from "../../encoding/times-in-words.js";
import { isSignetError, SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { readGivenFile } from "../../operator/given-file.js";
import { readJwks } from "../../operator/jwks-source.js";
import { jwksMissing } from "../../operator/load-installation.js";
import { createVerifier } from "../../verify/create-verifier.js";
import { discoverJwks, fetchJwks } from "../../verify/fetch-jwks.js";
import { parseObject, splitToken } from "../../verify/token.js";
import type { VerifierOptions } from "../../verify/verifier.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";
import { tokenGiven } from "../token-text.js";

export interface VerifyOptions extends CommonOptions {
  readonly issuer?: string;
  readonly audience?: string;
  readonly jwks?: string;
  readonly pem?: string;
  readonly kms?: string;
  readonly typ?: string;
}

const MAX_TOKEN = 65_536;

type Keys = VerifierOptions["keys"];

/** `signet verify`: the claims of a good token on stdout, or the reason on stderr and exit code 3. */
export async function verify(context: Context, argument: string, options: VerifyOptions): Promise<void> {
  const { output } = context;
  if ([options.jwks, options.pem, options.kms].filter((each) => each !== undefined).length > 1) {
    throw new SignetError("usage", "give one of --jwks, --pem and --kms");
  }
  const token = await tokenGiven(argument);
  const { keys, issuer, confirm } = await keysFor(context, token, options);
  const verifier = createVerifier({
    keys,
    issuer: options.issuer ?? issuer,
    audience: options.audience ?? null,
    types: options.typ === undefined ? undefined : [options.typ],
    maxTokenLength: MAX_TOKEN,
  });
  const { header, claims } = verifier.verify(token);
  await confirm?.(header.alg);
  const end = claims.exp === undefined ? "has no end" : `expires ${fromNow(claims.exp, presentSeconds())}`;
  output.note(`valid: signed by ${header.kid} (${header.alg}), ${end}`);
  if (options.audience === undefined) output.note("the audience was not checked: give --audience AUD");
  if (options.issuer === undefined && issuer === null) output.note("the issuer was not checked: give --issuer ISS");
  output.json(options.json === true ? { header, claims } : claims);
}

interface Found {
  readonly keys: Keys;
  readonly issuer: string | null;
  /** Asks a second verifier as well. */
  readonly confirm?: (alg: string) => Promise<void>;
}

async function keysFor(context: Context, token: string, options: VerifyOptions): Promise<Found> {
  if (options.kms !== undefined) {
    const { kmsVerification } = await import("../../operator/kms-verification.js");
    const { keys, confirm } = await kmsVerification(context, token, options.kms, MAX_TOKEN, () =>
      openInstallation(context, options),
    );
    return { keys: { keys }, confirm, issuer: null };
  }
  if (options.jwks !== undefined) return { keys: await readJwks(context, options.jwks), issuer: null };
  if (options.pem !== undefined)
    return { keys: pemAsJwks(await readGivenFile(context, options.pem, "--pem"), token), issuer: null };
  try {
    const installation = await openInstallation(context, options);
    const published = await installation.stores.publicDocuments.read();
    if (published === undefined) throw jwksMissing(installation);
    return { keys: published.jwks, issuer: installation.config.issuer ?? null };
  } catch (error) {
    if (!isSignetError(error, "config_missing")) throw error;
    // Never by the token's own iss: its maker would then choose the keys.
    if (options.issuer !== undefined) return { keys: await discovered(context, options.issuer), issuer: null };
    throw new SignetError(
      "usage",
      "there is no issuer in this folder: name it with --issuer URL, or the public keys with --jwks FILE|URL or --pem FILE",
      { cause: error },
    );
  }
}

async function discovered({ output }: Context, issuer: string): Promise<Keys> {
  const { url, issuersReach } = await discoverJwks(issuer);
  output.note(`the keys are those of ${url}`);
  return fetchJwks(url, { issuersReach });
}

// A PEM has no name: it is looked up under whatever name the token gives its key.
function pemAsJwks(pem: Buffer, token: string): Keys {
  const { kid } = parseObject(splitToken(token, MAX_TOKEN).header, "header");
  try {
    const key = createPublicKey(pem);
    return { keys: algorithmsFor(key).map((alg) => ({ ...key.export({ format: "jwk" }), kid, alg })) };
  } catch (error) {
    throw new SignetError("invalid_key", "--pem holds no public key that signet can use", { cause: error });
  }
}
