import { timingSafeEqual } from "node:crypto";
import { parseJson } from "../encoding/json-names.js";
import { SignetError } from "../errors.js";
import type { Right } from "../settings/callers.js";
import { type CopyingRule, claimsFromProofs } from "../settings/claims-from-proof.js";
import type { Limits, OwnLimits } from "../settings/limits.js";
import { type SecretRecord, secretDigest } from "./caller-secret.js";
import { createImmediateIssuer, type ImmediateIssuer, type IssuerOptions, type ProvableIssuer } from "./issuer.js";
import { completeLimits, ownLimits } from "./limits.js";
import { narrowLimits } from "./narrow.js";
import { NOTHING_PROVEN, type ProofOfCaller, proofReader } from "./proof-claims.js";
import { createRates, type RateCheck, type Rates } from "./rate.js";
import type { Claims } from "./request.js";
import { namedIssuer } from "./token-rules.js";

/** A named party and its limits. */
export interface Caller {
  readonly name: string;
  readonly limits?: OwnLimits | undefined;
  /** The secrets that it may show; two while one is being exchanged for the other. */
  readonly secrets?: readonly SecretRecord[] | undefined;
  /** The rules by which tokens of other issuers prove it, as far as they say which claims its tokens get. */
  readonly trusts?: readonly CopyingRule[] | undefined;
  /** The same of tokens that it exchanges. */
  readonly exchanges?: readonly CopyingRule[] | undefined;
  /** What it may do; absent is all. */
  readonly may?: readonly string[] | undefined;
}

/** A caller that was recognised, and the issuer that holds its limits. */
export interface KnownCaller {
  readonly name: string;
  /** The narrower of its own and the issuer's. */
  readonly limits: Limits;
  /** Its rate, where it has one: what was refused counts towards it too. */
  readonly rate: RateCheck | undefined;
  readonly issuer: ImmediateIssuer;
  /** Issues what the caller, as an OAuth client, gets for itself: `sub` (unless fixed otherwise) and `client_id` are its name. */
  readonly clientIssuer: ImmediateIssuer;
  /**
   * The caller as one proof of it was shown: its tokens get the claims that the proof gives (`claimsFromProof`, and `{proof.NAME}` in fixed
   * claims), and no request says others there. Cheap enough for each request.
   *
   * @throws SignetError `proof_refused` where the proof gives what no token of the caller may say
   */
  provenBy(proof: ProofOfCaller): KnownCaller;
  /**
   * Issues what comes of a token that the caller exchanges (RFC 8693): `sub` and `act` as the exchange says, `client_id` its name, and what else
   * that token gives. A request may ask for `exp`, whatever `allowedClaims` says.
   *
   * @throws SignetError `claim_not_allowed` where it has no exchanges, or its limits fix who a token is of; `proof_refused` as `provenBy`
   */
  exchanging(token: ProofOfCaller, of: Claims): ImmediateIssuer;
  /** Throws SignetError `caller_not_allowed` where it may not do so. One that may not issue has issuers that refuse everything, too. */
  assertMay(right: Right): void;
}

/** The callers of an issuer. */
export interface Callers {
  readonly count: number;
  /** The caller of a name, where its name was proven elsewhere (a Lambda alias). */
  named(name: string): KnownCaller | undefined;
  /**
   * The caller that a secret belongs to.
   *
   * @throws SignetError `caller_unknown` or `caller_expired`
   */
  authenticate(secret: string, now: number): KnownCaller;
}

interface KeptSecret {
  readonly digest: Buffer;
  readonly expiresAt: number;
  readonly caller: KnownCaller;
}

/**
 * Binds each caller to an issuer that holds the narrower of its limits and the issuer's. The issuer's `maxTokensPerMinute` counts
 * the tokens of all callers together, a caller's own only its own.
 *
 * @param rates keeps the counts; the same one for the next `createCallers` when the config was edited
 * @throws SignetError `config_invalid` for limits that contradict each other
 */
export function createCallers(options: IssuerOptions, callers: readonly Caller[], rates: Rates = createRates()): Callers {
  const limits = completeLimits(options.limits, namedIssuer(options));
  const shared = rates("", limits.maxTokensPerMinute);
  const known = new Map<string, KnownCaller>();
  const secrets: KeptSecret[] = [];
  const names = new Set(callers.map(({ name }) => name));
  for (const caller of callers) {
    const isOtherCaller = (name: string) => name !== caller.name && names.has(name);
    const rate = inTurn(rates(caller.name, caller.limits?.maxTokensPerMinute), shared);
    const found = knownCaller({ ...options, isOtherCaller }, { limits, names, rate }, caller);
    known.set(caller.name, found);
    for (const { sha256, expiresAt = Number.POSITIVE_INFINITY } of caller.secrets ?? []) {
      secrets.push({ digest: Buffer.from(sha256, "hex"), expiresAt, caller: found });
    }
  }
  return Object.freeze({
    count: known.size,
    named: (name: string) => known.get(name),
    authenticate: (secret: string, now: number) => callerOf(secrets, secret, now),
  });
}

function callerOf(secrets: readonly KeptSecret[], secret: string, now: number): KnownCaller {
  const given = secretDigest(secret);
  let found: KeptSecret | undefined;
  // Every digest is compared, so that the time does not tell which one, or that none, has matched.
  for (const kept of secrets) if (timingSafeEqual(kept.digest, given)) found = kept;
  if (found === undefined) {
    throw new SignetError("caller_unknown", "the secret belongs to no caller; `signet callers add NAME` makes one");
  }
  if (found.expiresAt <= now) {
    throw new SignetError("caller_expired", "the secret has expired; `signet callers rotate NAME` makes a new one");
  }
  return found.caller;
}

/** What callers share. */
interface Shared {
  /** The issuer's own. */
  readonly limits: Limits;
  /** All callers' names. */
  readonly names: ReadonlySet<string>;
  readonly rate: RateCheck | undefined;
}

function knownCaller(options: IssuerOptions, { limits: issuerLimits, names, rate }: Shared, caller: Caller): KnownCaller {
  const { name } = caller;
  // Its own members are checked before a wider one of the issuer hides what is wrong with them.
  const narrowed = namedClaims(narrowLimits(issuerLimits, ownLimits(caller.limits, namedIssuer(options))), name);
  const reserved = claimsFromProofs(caller);
  const assertMay = (right: Right) => assertRight(caller, right);
  const issuerOf = (limits: Limits): ProvableIssuer => {
    const made = createImmediateIssuer({ ...options, limits, rate: rate ?? unlimited }, reserved);
    return caller.may?.includes("issue") === false ? closedIssuer(assertMay) : made;
  };
  const clientClaims = { sub: name, ...narrowed.fixedClaims, client_id: name };
  const issuer = issuerOf(narrowed);
  const clientIssuer = issuerOf({ ...narrowed, fixedClaims: clientClaims });
  const claimsOf = proofReader(caller, narrowed.fixedClaims, (text) => names.has(text));
  const provenBy = (proof: ProofOfCaller): KnownCaller => {
    const proven = claimsOf(proof);
    if (proven === NOTHING_PROVEN) return known;
    return {
      name,
      // No request asks for all of them.
      get limits() {
        return { ...narrowed, fixedClaims: { ...narrowed.fixedClaims, ...proven.claims } };
      },
      rate,
      get issuer() {
        return issuer.withProven(proven);
      },
      get clientIssuer() {
        return clientIssuer.withProven(proven);
      },
      provenBy,
      exchanging,
      assertMay,
    };
  };
  let exchangeIssuer: ProvableIssuer | undefined;
  const exchanging = (token: ProofOfCaller, of: Claims): ImmediateIssuer => {
    if (!caller.exchanges?.length) throw new SignetError("claim_not_allowed", "the caller has no exchanges");
    assertNotFixed(narrowed, Object.keys(of));
    exchangeIssuer ??= issuerOf(exchangeLimits(narrowed, name));
    return exchangeIssuer.withProven(claimsOf(token, of));
  };
  const known = Object.freeze({ name, limits: narrowed, rate, issuer, clientIssuer, provenBy, exchanging, assertMay });
  return known;
}

// When its token ends is the exchange's to say.
function exchangeLimits({ allowedClaims, fixedClaims, ...limits }: Limits, name: string): Limits {
  const allowed = allowedClaims && [...allowedClaims, "exp"];
  return { ...limits, allowedClaims: allowed, fixedClaims: { ...fixedClaims, client_id: name } };
}

function assertNotFixed({ fixedClaims = {} }: Limits, names: readonly string[]): void {
  const name = names.find((each) => Object.hasOwn(fixedClaims, each));
  if (name === undefined) return;
  const what = `the caller's limits fix the claim ${name}, which an exchange has to set: it cannot exchange tokens`;
  throw new SignetError("claim_not_allowed", what, { field: `claims.${name}` });
}

function assertRight({ name, may }: Caller, right: Right): void {
  if (may === undefined || may.includes(right)) return;
  const what = right === "issue" ? "is issued no tokens, and may do nothing that goes with them" : "may not read metrics";
  throw new SignetError("caller_not_allowed", `the caller ${name} ${what}: its member may leaves ${right} out`);
}

// It stands where the caller's issuer would, so that no door has to think of it.
function closedIssuer(assertMay: (right: Right) => void): ProvableIssuer {
  const refuse = (): never => assertMay("issue") as never;
  const closed: ImmediateIssuer = { issue: refuse, check: refuse, issueMany: async () => refuse() };
  return { ...closed, withProven: () => closed };
}

function unlimited(): void {}

// The caller's own comes first: one who is over it must not use up what the others share.
function inTurn(own: RateCheck | undefined, shared: RateCheck | undefined): RateCheck | undefined {
  if (own === undefined || shared === undefined) return own ?? shared;
  return (now, isTrial) => {
    own(now, isTrial);
    shared(now, isTrial);
  };
}

/** Limits of a caller by its name: `{caller}` stands for it in the texts of fixed claims. */
export function namedClaims(limits: Limits, name: string): Limits {
  if (limits.fixedClaims === undefined) return limits;
  const replaced = JSON.stringify(limits.fixedClaims, (_member, value: unknown) =>
    typeof value === "string" ? value.replaceAll("{caller}", () => name) : value,
  );
  return { ...limits, fixedClaims: parseJson(replaced) as Claims };
}
