import { isListOf } from "../encoding/list-of.js";
import { ownMember } from "../encoding/own-member.js";
import { isSignetError, SignetError } from "../errors.js";
import { type FollowedKeys, type FollowedKeysOptions, followKeys } from "./followed-keys.js";
import { allowedAlgorithms, type KeyChecks } from "./keys.js";
import { longestToken, parseObject, splitToken } from "./token.js";
import type { VerifiedToken, VerifierOptions, Verifying } from "./verifier.js";

/** A verifier by the issuers' URLs: it fetches their keys by itself. */
export interface IssuersVerifierOptions
  extends Omit<VerifierOptions, "keys" | "issuer">,
    Omit<FollowedKeysOptions, "jwksUrl">,
    Pick<KeyChecks, "algorithms" | "requireKid"> {
  /** The URL of each issuer, exactly as in `iss`; its keys are found by discovery. */
  readonly issuer: string | readonly string[];
  /** Where the keys of the one issuer are, if it has no discovery document; of several issuers by their URLs. */
  readonly jwksUrl?: string | Readonly<Record<string, string>> | undefined;
}

/** Issuers whose keys are followed. */
export interface FollowedIssuers<V> {
  /** The keys of the issuer that a token names. @throws SignetError `token_malformed`, `token_issuer_refused` */
  sourceFor(token: string): FollowedKeys<V>;
  /** Fetches every issuer's keys. @throws SignetError `jwks_unavailable` */
  ready(): Promise<void>;
}

/**
 * Follows the keys of issuers by their URLs. Nothing is fetched yet.
 *
 * @param make makes of options and a JWKS what verifies
 * @throws SignetError `config_invalid`
 */
export function followIssuers<V>(options: IssuersVerifierOptions, make: (options: VerifierOptions) => V): FollowedIssuers<V> {
  const issuers = typeof options.issuer === "string" ? [options.issuer] : options.issuer;
  const longest = longestToken(options);
  if (!isListOf(issuers, isUrl) || issuers.length === 0) {
    throw new SignetError("config_invalid", "issuer must be the URL of each issuer, or give its keys", { field: "issuer" });
  }
  allowedAlgorithms(options.algorithms);
  const stray = typeof options.jwksUrl === "object" && Object.keys(options.jwksUrl).some((name) => !issuers.includes(name));
  if (stray) throw new SignetError("config_invalid", "jwksUrl names an issuer that issuer does not list", { field: "jwksUrl" });
  const sources = new Map(issuers.map((issuer) => [issuer, sourceOf(issuer, options, issuers.length === 1, make)]));
  const [sole] = sources.size === 1 ? sources.values() : [];
  return {
    // An issuer that a token only claims decides by which keys it is looked at, among those that are accepted here, and no more.
    sourceFor(token) {
      if (sole !== undefined) return sole;
      const { iss } = parseObject(splitToken(token, longest).payload, "payload");
      const source = sources.get(iss as string);
      if (source !== undefined) return source;
      throw new SignetError("token_issuer_refused", "the token's iss is not an issuer that is accepted here", { field: "iss" });
    },
    async ready() {
      await Promise.all([...sources.values()].map((source) => source.ready()));
    },
  };
}

/** Verifies by keys that are followed, and looks once for a key that is not among them. */
export async function verifyByFollowed<V extends Verifying>(source: FollowedKeys<V>, token: string): Promise<VerifiedToken> {
  const verifier = source.current() ?? (await source.ready());
  try {
    const verified = verifier.verify(token);
    // What is there already need not be waited for.
    return verified instanceof Promise ? await verified : verified;
  } catch (error) {
    if (!isSignetError(error, "token_key_unknown")) throw error;
    const newer = await source.again();
    if (newer === undefined || newer === verifier) throw error;
    return newer.verify(token);
  }
}

function isUrl(value: unknown): value is string {
  return typeof value === "string" && URL.canParse(value);
}

function sourceOf<V>(
  issuer: string,
  options: IssuersVerifierOptions,
  isOnly: boolean,
  make: (options: VerifierOptions) => V,
): FollowedKeys<V> {
  const { jwksUrl } = options;
  const named = typeof jwksUrl === "object" ? ownMember(jwksUrl, issuer) : undefined;
  const url = typeof jwksUrl === "string" && isOnly ? jwksUrl : named;
  if (typeof jwksUrl === "string" && !isOnly) {
    throw new SignetError("config_invalid", "jwksUrl must name the URL of each issuer: {issuer: url}", { field: "jwksUrl" });
  }
  const checks = { ...options, issuer };
  // What is wrong with the options is found now, not with the first token.
  make({ ...checks, keys: { keys: [ANY_KEY] }, algorithms: undefined });
  return followKeys(issuer, { ...options, jwksUrl: url }, (jwks) => make({ ...checks, keys: jwks }));
}

// RFC 8037 appendix A.2.
const ANY_KEY = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", alg: "EdDSA", kid: "any" };
