import type { TrustRule } from "../settings/trusts.js";
import type { VerifiedClaims } from "../verify/claims.js";

/** The names that lead to a claim: `["https://sts.amazonaws.com/", "principal_id"]`; most have one. */
export type ClaimPath = readonly string[];

/**
 * A rule with what its preset knows in it: issuer, audience, types, and among its claims what the preset excludes. `presets.ts` makes it, of a
 * rule without a preset too; `rules.ts` judges it and makes of it what proofs are held against.
 */
export interface ExpandedRule extends TrustRule {
  readonly issuer: string;
  /** The claims that identify: one of them has to be fixed, or fixed in its beginning. Of a rule without a preset `sub`. */
  readonly identifiedBy: readonly ClaimPath[];
  /** `spiffe`: the issuer is a trust domain (`spiffe://example.org`), which the `sub` of its tokens names, and its keys have `use: "jwt-svid"`. */
  readonly profile?: "spiffe" | undefined;
}

/**
 * Puts into a rule what its preset knows. A claim that the rule and the preset both name has to pass both.
 *
 * @throws SignetError `config_invalid`, whose field is the member of the rule (`claims.sub`)
 */
export type ExpandRule = (rule: TrustRule) => ExpandedRule;

/** What proved who calls: a token of an issuer that a rule trusts, or one that the caller has signed itself. */
export interface Proof {
  /** The caller that it proves. */
  readonly caller: string;
  /** What let it in, for logs and metrics: `trusts.0` of the caller, or `keys`. */
  readonly rule: string;
  /** Who signed it, as the rule names it; of a caller's own assertion the caller. */
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly claims: VerifiedClaims;
  /** Its end, as NumericDate. */
  readonly expiresAt: number;
  /** The claims that tokens get from it, by our names: what `claimsForTokens` makes of `claimsFromProof`. `KnownCaller.provenBy` takes this proof. */
  readonly claimsForTokens: Readonly<Record<string, unknown>>;
  /** True where its use counts nothing: it may be shown again and again. */
  readonly isReusable: boolean;
  /**
   * Counts as its use. The last thing before something is issued: what is refused for another reason does not use it up.
   *
   * @throws SignetError `proof_replayed` where it may be used once and was; `replay_store_full`, `replay_store_failed` where that cannot be known
   */
  use(): Promise<void>;
}

/** How a proof is shown. */
export interface Shown {
  /** The caller that the client says it is (`client_id`): it chooses among those that are proven, and never widens. */
  readonly clientId?: string | undefined;
}

/** A subject or actor token that was verified for an exchange (RFC 8693 section 2.1). */
export interface ExchangedToken {
  /** What let it in, for logs and metrics: `exchanges.0` of the caller. */
  readonly rule: string;
  /** Who signed it, as the rule names it. */
  readonly issuer: string;
  /** What tokens that come of it call its subject: its `sub`, behind the rule's `subjectPrefix`. */
  readonly subject: string | undefined;
  readonly claims: VerifiedClaims;
  readonly expiresAt: number;
  /** What the rule allows. */
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  /** The claims that tokens get from it, by our names, beside its subject: from `claimsFromProof`. */
  readonly claimsForTokens: Readonly<Record<string, unknown>>;
  /** Counts as its use, as a proof's. */
  use(): Promise<void>;
}

/** The callers' proofs. */
export interface Proofs {
  /** How many callers can prove themselves so. */
  readonly count: number;
  /** The scopes that exchanges may be asked for, each once and sorted: what metadata names as `scopes_supported`. */
  readonly scopes: readonly string[];
  /**
   * Verifies a proof by the source of the rule that matches.
   *
   * @throws SignetError `proof_refused` where no caller matches, or more than one (only the log says which); `jwks_unavailable` where the
   *   keys of its issuer are not to be had
   */
  prove(token: string, shown: Shown): Promise<Proof>;
  /** Verifies a token that a caller would exchange. @throws SignetError `proof_refused`, `jwks_unavailable` */
  exchangeable(caller: string, token: string): Promise<ExchangedToken>;
}
