import { SignetError } from "../errors.js";
import type { Limits } from "../settings/limits.js";
import type { Tokens } from "../settings/tokens.js";
import { type FixedClaims, type FixedClaimsSource, fixedClaims } from "./fixed-claims.js";
import { headerMaker } from "./header.js";
import type { IssuerOptions, SigningKey } from "./issuer.js";
import { completeLimits } from "./limits.js";
import { payloadMaker } from "./payload.js";
import type { IssueRequest } from "./request.js";
import { namedIssuer, tokenRules } from "./token-rules.js";

/** What was asked, and when. */
export interface Asked {
  readonly request: IssueRequest;
  readonly now: number;
  /** Throws where the claims that are fixed have to come from a proof, and none was shown. */
  readonly fixed: () => FixedClaims;
}

/** What makes of a request what is signed. */
interface TokenMaker {
  /** Checks a request, and asks for what every token has. */
  readonly checkRequest: (value: unknown) => IssueRequest;
  readonly limits: Limits;
  readonly fixed: FixedClaimsSource;
  /** The text that a key signs: header and payload. Throws what a request's content, and a key, can have wrong. */
  readonly inputOf: (key: SigningKey, asked: Asked) => string;
}

/**
 * Binds an issuer's limits and settings.
 *
 * @param reserved claims that tokens get from proofs alone
 * @throws SignetError `config_invalid`
 */
export function tokenMaker(options: IssuerOptions & { readonly tokens: Tokens }, reserved: ReadonlySet<string>): TokenMaker {
  const { asked: checkRequest, iss, issOf } = tokenRules(options);
  const limits = completeLimits(options.limits, namedIssuer(options));
  const headerOf = headerMaker(limits.allowedTypes, options.tokens);
  const makePayload = payloadMaker({ ...options, iss, limits });
  return {
    checkRequest,
    limits,
    fixed: fixedClaims(limits.fixedClaims, iss, reserved),
    inputOf({ signer, maxTtlSeconds, endless }, { request, now, fixed }) {
      if (!(maxTtlSeconds > 0)) throw new SignetError("config_invalid", "the key has no maxTtlSeconds", { field: "signer" });
      const key = { maxTtlSeconds, endless: endless !== false, iss: issOf?.(signer) };
      return headerOf(signer, request.typ ?? "JWT") + makePayload(request, now, key, fixed());
    },
  };
}
