import { isSignetError, SignetError } from "../errors.js";
import { type FollowedKeys, type FollowedKeysOptions, followKeys } from "./followed-keys.js";
import type { KeyChecks } from "./keys.js";
import { parseObject, splitToken } from "./token.js";
import { localVerifier, type VerifiedToken, type Verifier, type VerifierOptions } from "./verifier.js";

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

/** A verifier that follows its issuers' keys. */
export interface IssuersVerifier {
  /**
   * Verifies a token, once the keys of its issuer are there.
   *
   * @throws SignetError as `Verifier.verify`; `jwks_unavailable` where there are no keys, or none that are new enough
   */
  verify(token: string): Promise<VerifiedToken>;
  /**
   * Verifies by the keys that are there, and waits for nothing: after `ready`, or a token that was verified. A key that is not among
   * them is refused; `verify` would look for it.
   *
   * @throws SignetError as `verify`
   */
  verifySync(token: string): VerifiedToken;
  /** Fetches every issuer's keys now: at a start, so that the first token does not wait. @throws SignetError `jwks_unavailable` */
  ready(): Promise<void>;
}

const LONGEST_TOKEN = 32_768;

/**
 * Makes a verifier by issuers' URLs. Nothing is fetched yet.
 *
 * @throws SignetError `config_invalid`
 */
export function issuersVerifier(options: IssuersVerifierOptions): IssuersVerifier {
  const issuers = typeof options.issuer === "string" ? [options.issuer] : options.issuer;
  const { maxTokenLength = LONGEST_TOKEN } = options;
  if (!Array.isArray(issuers) || issuers.length === 0 || !issuers.every((issuer) => URL.canParse(issuer))) {
    throw new SignetError("config_invalid", "issuer must be the URL of each issuer, or give its keys", { field: "issuer" });
  }
  const sources = new Map(issuers.map((issuer) => [issuer, sourceOf(issuer, options, issuers.length === 1)]));
  const [sole] = sources.size === 1 ? sources.values() : [];

  // An issuer that a token only claims decides by which keys it is looked at, among those that are accepted here, and no more.
  function sourceFor(token: string): FollowedKeys<Verifier> {
    if (sole !== undefined) return sole;
    const { iss } = parseObject(splitToken(token, maxTokenLength).payload, "payload");
    const source = sources.get(iss as string);
    if (source !== undefined) return source;
    throw new SignetError("token_issuer_refused", "the token's iss is not an issuer that is accepted here", { field: "iss" });
  }

  return Object.freeze({
    async verify(token: string) {
      return verifyByFollowed(sourceFor(token), token);
    },
    verifySync(token: string) {
      const verifier = sourceFor(token).current();
      if (verifier !== undefined) return verifier.verify(token);
      throw new SignetError("jwks_unavailable", "the issuer's keys are not there yet: await ready() first");
    },
    async ready() {
      await Promise.all([...sources.values()].map((source) => source.ready()));
    },
  });
}

/** Verifies by keys that are followed, and looks once for a key that is not among them. */
export async function verifyByFollowed(source: FollowedKeys<Verifier>, token: string): Promise<VerifiedToken> {
  const verifier = source.current() ?? (await source.ready());
  try {
    return verifier.verify(token);
  } catch (error) {
    if (!isSignetError(error, "token_key_unknown")) throw error;
    const newer = await source.again();
    if (newer === undefined || newer === verifier) throw error;
    return newer.verify(token);
  }
}

function sourceOf(issuer: string, options: IssuersVerifierOptions, isOnly: boolean): FollowedKeys<Verifier> {
  const { jwksUrl } = options;
  const url = typeof jwksUrl === "object" ? jwksUrl[issuer] : isOnly ? jwksUrl : undefined;
  if (typeof jwksUrl === "string" && !isOnly) {
    throw new SignetError("config_invalid", "jwksUrl must name the URL of each issuer: {issuer: url}", { field: "jwksUrl" });
  }
  const checks = { ...options, issuer };
  // What is wrong with the options is found now, not with the first token.
  localVerifier({ ...checks, keys: { keys: [ANY_KEY] }, algorithms: undefined });
  return followKeys(issuer, { ...options, jwksUrl: url }, (jwks) => localVerifier({ ...checks, keys: jwks }));
}

// RFC 8037 appendix A.2.
const ANY_KEY = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", alg: "EdDSA", kid: "any" };
