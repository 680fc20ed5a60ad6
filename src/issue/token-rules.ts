import { spkiFingerprint } from "../algorithms/fingerprint.js";
import { type PublicJwk, thumbprint } from "../algorithms/jwk.js";
import type { Signer } from "../custody/contract.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import type { Tokens } from "../settings/tokens.js";
import { checkRequest, type IssueRequest } from "./request.js";

/** What an issuer's own settings make of its tokens, whatever is asked. */
interface TokenRules {
  /** The `iss` of every token; absent where each key has its own, and where it is left to the claims. */
  readonly iss: string | undefined;
  /** The `iss` of the tokens of a key, where each has its own. */
  readonly issOf: ((signer: Signer) => string) | undefined;
  /** Checks a request, and asks for what every token has. @throws SignetError as `checkRequest` */
  readonly asked: (value: unknown) => IssueRequest;
}

/** What decides `iss`. */
interface IssuerNames {
  readonly issuer?: string | undefined;
  readonly tokens?: Tokens | undefined;
}

/** What an issuer says that it is, also where that is yet to be made from a key; `undefined` where claims bring their own `iss`. */
export function namedIssuer({ issuer, tokens }: IssuerNames): string | undefined {
  return issuer ?? tokens?.iss;
}

/** Makes `tokens` ready, once. */
export function tokenRules(names: IssuerNames): TokenRules {
  const { iss, iat, jti } = names.tokens ?? {};
  const issOf = iss?.includes(FINGERPRINT) ? issMaker(iss) : undefined;
  const set = { ...(iat !== undefined && { setIat: true }), ...(jti === true && { setJti: true }) };
  return {
    iss: issOf === undefined ? namedIssuer(names) : undefined,
    issOf,
    asked: Object.keys(set).length === 0 ? checkRequest : (value) => ({ ...checkRequest(value), ...set }),
  };
}

const FINGERPRINT = "{fingerprint}";

/** The name of a key in the header of its tokens, by what `tokens.kids` says. @throws SignetError `config_invalid` */
export function kidOfSigner(kids: Tokens["kids"], signer: Signer): string {
  if (kids === undefined) return signer.kid;
  return ownMember(kids, thumbprint(publicJwkOf(signer, "the thumbprint in tokens.kids"))) ?? signer.kid;
}

/** Public keys, each under the name that its tokens have for it. One whose own name the other side has given to another of them has none. */
export function namedInTokens<T extends { readonly keys: readonly PublicJwk[] }>(kids: Tokens["kids"], jwks: T): T {
  if (kids === undefined) return jwks;
  const told = jwks.keys.map((jwk) => [jwk, ownMember<string>(kids, thumbprint(jwk))] as const);
  const given = new Set(told.map(([, kid]) => kid));
  const isCalled = ([jwk, kid]: (typeof told)[number]) => kid !== undefined || !given.has(jwk.kid);
  return { ...jwks, keys: told.filter(isCalled).map(([jwk, kid]) => ({ ...jwk, kid: kid ?? jwk.kid })) };
}

/** The `iss` of the tokens that a key signs, by what `tokens.iss` says. */
export function issOfKey(iss: string, publicJwk: PublicJwk): string {
  return iss.includes(FINGERPRINT) ? iss.replace(FINGERPRINT, () => spkiFingerprint(publicJwk)) : iss;
}

// Made once a key.
function issMaker(iss: string): (signer: Signer) => string {
  let last: { readonly signer: Signer; readonly iss: string } | undefined;
  return (signer) => {
    if (last?.signer !== signer) last = { signer, iss: issOfKey(iss, publicJwkOf(signer, "{fingerprint} of tokens.iss")) };
    return last.iss;
  };
}

// A signer may be a program's own.
function publicJwkOf({ publicJwk }: Signer, what: string): PublicJwk {
  if (publicJwk !== undefined) return publicJwk;
  throw new SignetError("config_invalid", `${what} is that of the key: the signer needs its publicJwk`, { field: "signer" });
}
