import { isText } from "../encoding/list-of.js";
import { invalidOption } from "../encoding/options.js";
import { urlOf } from "../encoding/url-of.js";
import { isSignetError } from "../errors.js";
import { issuerRefused } from "./claims.js";
import { type FollowedKeys, type FollowedKeysOptions, followKeys } from "./followed-keys.js";
import type { TokenPurpose } from "./header.js";
import type { KeyChecks } from "./keys.js";
import { parseObject, splitToken } from "./token.js";
import type { VerifiedToken, VerifierOptions, Verifying } from "./verifier.js";

/** A verifier by the issuers' URLs: it fetches their keys by itself. */
export interface IssuersVerifierOptions
  extends Omit<VerifierOptions, "keys" | "issuer">,
    Omit<FollowedKeysOptions, "jwksUrl">,
    Pick<KeyChecks, "algorithms" | "requireKid"> {
  /** The URL of each issuer, exactly as in `iss`; its keys are found by discovery. With `jwksUrl` it may be any text. */
  readonly issuer: string | readonly string[];
  /** Where the keys of the one issuer are, if it has no discovery document; of several issuers by their URLs. */
  readonly jwksUrl?: string | Readonly<Record<string, string>> | undefined;
}

/** Issuers whose keys are followed. */
export interface FollowedIssuers<V> {
  /** The keys of the issuer that a token names. @throws SignetError `token_malformed`, `token_issuer_refused` */
  sourceFor(token: string): FollowedKeys<V>;
  /** Fetches every issuer's keys. @throws SignetError `jwks_unavailable`, `jwks_misconfigured` */
  ready(): Promise<void>;
}

/**
 * Follows the keys of issuers by their URLs. Nothing is fetched yet.
 *
 * @param options as `readVerifierOptions` answers them
 * @param make makes of options and a JWKS what verifies
 * @throws SignetError `config_invalid`
 */
export function followIssuers<V extends object>(
  options: IssuersVerifierOptions,
  make: (options: VerifierOptions) => V,
): FollowedIssuers<V> {
  const issuers = [options.issuer].flat();
  const { jwksUrl = {} } = options;
  if (isText(jwksUrl) && issuers.length > 1) throw invalidOption("jwksUrl", "must name the URL of each issuer: {issuer: url}");
  const urls = new Map(isText(jwksUrl) ? [[issuers[0], jwksUrl]] : Object.entries(jwksUrl));
  if ([...urls.keys()].some((name) => !issuers.includes(name as string))) {
    throw invalidOption("jwksUrl", "names an issuer that issuer does not list");
  }
  if (!issuers.every((name) => urls.has(name) || urlOf(name))) {
    throw invalidOption("issuer", "must be the URL of each issuer, or give jwksUrl or its keys");
  }
  const sources = new Map(
    issuers.map((issuer) => [
      issuer,
      followKeys(issuer, { ...options, jwksUrl: urls.get(issuer) }, (keys) => make({ ...options, issuer, keys })),
    ]),
  );
  const [sole] = sources.size === 1 ? sources.values() : [];
  return {
    // An issuer that a token only claims decides by which keys it is looked at, among those that are accepted here, and no more.
    sourceFor(token) {
      if (sole) return sole;
      const { iss } = parseObject(splitToken(token, options.maxTokenLength).payload, "payload");
      const source = sources.get(iss as string);
      if (source) return source;
      throw issuerRefused();
    },
    async ready() {
      await Promise.all([...sources.values()].map((source) => source.ready()));
    },
  };
}

/** Verifies by keys that are followed, and looks once for a key that is not among them. */
export async function verifyByFollowed<V extends Verifying>(
  source: FollowedKeys<V>,
  token: string,
  purpose?: TokenPurpose,
): Promise<VerifiedToken> {
  const verifier = await source.ready();
  try {
    return await verifier.verify(token, purpose);
  } catch (error) {
    if (!isSignetError(error, "token_key_unknown")) throw error;
    const newer = await source.again();
    if (!newer || newer === verifier) throw error;
    return newer.verify(token, purpose);
  }
}
