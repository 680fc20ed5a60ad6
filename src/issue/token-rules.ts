import { spkiFingerprint } from "../algorithms/fingerprint.js";
import type { PublicJwk } from "../algorithms/jwk.js";
import type { Signer } from "../custody/contract.js";
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

/** The `iss` of the tokens that a key signs, by what `tokens.iss` says. */
export function issOfKey(iss: string, publicJwk: PublicJwk): string {
  return iss.includes(FINGERPRINT) ? iss.replace(FINGERPRINT, () => spkiFingerprint(publicJwk)) : iss;
}

// Made once a key.
function issMaker(iss: string): (signer: Signer) => string {
  let last: { readonly signer: Signer; readonly iss: string } | undefined;
  return (signer) => {
    if (last?.signer !== signer) last = { signer, iss: issOfKey(iss, publicJwkOf(signer)) };
    return last.iss;
  };
}

// A signer may be a program's own.
function publicJwkOf({ publicJwk }: Signer): PublicJwk {
  if (publicJwk !== undefined) return publicJwk;
  throw new SignetError("config_invalid", "{fingerprint} of tokens.iss is that of the key: the signer needs its publicJwk", {
    field: "signer",
  });
}
