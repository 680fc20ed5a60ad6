import { parsePublicKeyText } from "../algorithms/public-key-text.js";
import type { Installation } from "../assemble.js";
import { urlOf } from "../encoding/url-of.js";
import { isSignetError, SignetError, shortened } from "../errors.js";
import { issOfKey, namedInTokens } from "../issue/token-rules.js";
import type { Tokens } from "../settings/tokens.js";
import { discoverJwks, fetchJwks } from "../verify/fetch-jwks.js";
import type { VerifierOptions } from "../verify/verifier.js";
import { MAX_KEY_BYTES, readGivenFile } from "./given-file.js";
import { assertSecure, readVerifyingJwks } from "./jwks-source.js";
import { jwksMissing } from "./load-installation.js";
import type { Surroundings } from "./surroundings.js";

/** Where the public keys come from that verify a token: one of them, or else this folder's issuer. */
export interface VerificationSource {
  /** A file, a URL or an object in S3. */
  readonly jwks?: string;
  /** A file. */
  readonly pem?: string;
  /** A key in KMS: its id, ARN or alias. */
  readonly kms?: string;
  /** An issuer's URL, whose keys are found by discovery where this folder has none. */
  readonly issuer?: string;
  /** Takes issuer and JWKS over http from beyond this machine. */
  readonly allowInsecureIssuer?: boolean;
}

/** Keys that verify. */
export interface VerificationKeys {
  readonly keys: VerifierOptions["keys"];
  /** The issuer whose keys they are, where that is known; its name is checked then. Several: each key has its own. */
  readonly issuer: string | readonly string[] | null;
  /** How its tokens differ from the usual, where it is the issuer of this folder. */
  readonly tokens?: Tokens;
  /** What the key is called where one was named: a token need not name it then. */
  readonly named?: string;
  /** Where discovery has found them. */
  readonly url?: string;
  /** Lets KMS decide as well. */
  readonly confirm?: (alg: string) => Promise<void>;
}

/** Longer texts are no tokens. */
export const MAX_TOKEN = 65_536;

/**
 * Finds the keys that verify a token.
 *
 * @param open opens the installation of this folder
 * @throws SignetError `usage` where there are none or several sources, and what reading them throws
 */
export async function verificationKeys(
  surroundings: Surroundings,
  token: string,
  source: VerificationSource,
  open: () => Promise<Installation>,
): Promise<VerificationKeys> {
  assertOneSource(source);
  const { jwks, pem, kms, issuer, allowInsecureIssuer = false } = source;
  if (kms !== undefined) {
    const { kmsVerification } = await import("./kms-verification.js");
    const { keys, confirm } = await kmsVerification(surroundings, token, kms, MAX_TOKEN, open);
    return { keys: { keys }, confirm, issuer: null, named: `the key ${kms} in KMS` };
  }
  if (jwks !== undefined && !allowInsecureIssuer) assertSecure(jwks, ALLOW_INSECURE);
  if (jwks !== undefined) return { keys: await readVerifyingJwks(surroundings, jwks, { allowInsecureIssuer }), issuer: null };
  if (pem !== undefined) {
    const keys = pemAsJwks(await readGivenFile(surroundings, pem, "--pem", MAX_KEY_BYTES));
    return { keys, issuer: null, named: `the key in ${pem}` };
  }
  try {
    const installation = await open();
    const published = await installation.stores.publicDocuments.read();
    if (published === undefined) throw jwksMissing(installation);
    const { issuer: url = null, tokens = {} } = installation.config;
    const { iss } = tokens;
    const own = iss === undefined ? url : published.jwks.keys.map((jwk) => issOfKey(iss, jwk));
    return { keys: namedInTokens(tokens.kids, published.jwks), issuer: own, tokens };
  } catch (error) {
    if (!isSignetError(error, "config_missing")) throw error;
    // Never by the token's own iss: its maker would then choose the keys.
    if (issuer !== undefined) return discoveredKeys(issuer, allowInsecureIssuer);
    throw new SignetError(
      "usage",
      "there is no issuer in this folder: name it with --issuer URL, or the public keys with --jwks FILE|URL or --pem FILE",
      { cause: error },
    );
  }
}

/**
 * Asserts that the keys come from one place: also before a token is waited for.
 *
 * @throws SignetError `usage`
 */
export function assertOneSource({ jwks, pem, kms }: VerificationSource): void {
  if ([jwks, pem, kms].filter((each) => each !== undefined).length > 1) {
    throw new SignetError("usage", "give one of --jwks, --pem and --kms");
  }
}

const ALLOW_INSECURE = "--allow-insecure-issuer has them fetched so, where an attacker on the way can give other keys";

/**
 * The keys of an issuer, found by discovery at its URL.
 *
 * @throws SignetError `usage` for what is no URL, `jwks_misconfigured` for one of http beyond this machine, and what fetching throws
 */
export async function discoveredKeys(issuer: string, allowInsecureIssuer = false): Promise<VerificationKeys> {
  if (urlOf(issuer) === undefined) {
    throw new SignetError(
      "usage",
      `${shortened(issuer)} is no URL: give the public keys too, with --jwks FILE|URL or --pem FILE`,
    );
  }
  if (!allowInsecureIssuer) assertSecure(issuer, ALLOW_INSECURE);
  const { url, ...bounds } = await discoverJwks(issuer, { allowInsecureIssuer });
  return { keys: await fetchJwks(url, bounds), url, issuer: null };
}

// A PEM has no name: it verifies under whatever name the token gives its key, or none.
function pemAsJwks(pem: Buffer): VerifierOptions["keys"] {
  try {
    const { publicKey, algs } = parsePublicKeyText(pem);
    return { keys: algs.map((alg) => ({ ...publicKey.export({ format: "jwk" }), alg })) };
  } catch (error) {
    if (!isSignetError(error)) throw error;
    throw new SignetError("invalid_key", `--pem holds no public key that signet can use: ${error.message}`, { cause: error });
  }
}
