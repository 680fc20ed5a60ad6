import { A_COUNT, A_FUNCTION, type OptionCheck, type OptionChecks, readOptions, TRUE_OR_FALSE } from "../encoding/options.js";
import type { IssuersVerifierOptions } from "./issuers.js";
import type { VerifierOptions } from "./verifier.js";

type Shared = Omit<VerifierOptions, "keys">;

const SHARED: OptionChecks<Shared> = {
  algorithms: null,
  requireKid: TRUE_OR_FALSE,
  types: null,
  issuer: null,
  audience: null,
  clockSkewSeconds: null,
  requireExpiration: TRUE_OR_FALSE,
  requiredClaims: null,
  scopes: null,
  maxAgeSeconds: null,
  clock: A_FUNCTION,
  maxTokenLength: null,
};

const URLS: OptionCheck = ["the URL of a JWKS, or an object with the URL of each issuer's", isUrls];

const WITH_KEYS: OptionChecks<VerifierOptions> = { ...SHARED, keys: null };
const BY_URL: OptionChecks<Omit<IssuersVerifierOptions, "issuersReach" | "judged">> = {
  ...SHARED,
  jwksUrl: URLS,
  refreshSeconds: null,
  staleSeconds: null,
  elapsed: A_FUNCTION,
  timeoutMs: A_COUNT,
  maxBytes: A_COUNT,
  fetch: A_FUNCTION,
};

/**
 * Reads the options of createVerifier, which has two forms.
 *
 * @throws SignetError `config_invalid`
 */
export function readVerifierOptions(
  options: VerifierOptions | IssuersVerifierOptions,
): { readonly withKeys: VerifierOptions } | { readonly byUrl: IssuersVerifierOptions } {
  const isWithKeys = typeof options === "object" && options !== null && "keys" in options;
  if (isWithKeys) return { withKeys: readOptions<VerifierOptions>(options, "createVerifier with keys", WITH_KEYS) };
  return { byUrl: readOptions<Omit<IssuersVerifierOptions, "issuersReach" | "judged">>(options, "createVerifier", BY_URL) };
}

function isUrls(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return isUrl(value);
  return !Array.isArray(value) && Object.values(value).every(isUrl);
}

function isUrl(value: unknown): boolean {
  return typeof value === "string" && URL.canParse(value);
}
