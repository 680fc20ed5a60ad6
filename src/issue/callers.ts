import { SignetError } from "../errors.js";
import { type SecretRecord, secretMatches } from "./caller-secret.js";
import { createIssuer, type Issuer, type IssuerOptions } from "./issuer.js";
import { checkLimits, DEFAULT_LIMITS, type Limits } from "./limits.js";
import { narrowLimits } from "./narrow.js";
import type { Claims } from "./request.js";

/** A named party and its limits. */
export interface Caller {
  readonly name: string;
  readonly limits?: Partial<Limits> | undefined;
  /** The secrets that it may show; two while one is being exchanged for the other. */
  readonly secrets?: readonly SecretRecord[] | undefined;
}

/** A caller that was recognised, and the issuer that holds its limits. */
export interface KnownCaller {
  readonly name: string;
  readonly limits: Limits;
  readonly issuer: Issuer;
}

/** The callers of an issuer. */
export interface Callers {
  /** The caller of a name, for those whose name somebody else has proven (a Lambda alias). */
  named(name: string): KnownCaller | undefined;
  /**
   * The caller that a secret belongs to.
   *
   * @throws SignetError `caller_unknown` or `caller_expired`
   */
  authenticate(secret: string, now: number): KnownCaller;
  readonly count: number;
}

/**
 * Binds each caller to an issuer that holds the narrower of its limits and the issuer's.
 *
 * @throws SignetError `config_invalid` for limits that contradict each other
 */
export function createCallers(issuer: IssuerOptions, callers: readonly Caller[]): Callers {
  const limits = checkLimits({ ...DEFAULT_LIMITS, ...issuer.limits }, issuer.issuer);
  const known = new Map(callers.map((caller) => [caller.name, knownCaller(issuer, limits, caller)]));
  const secrets = callers.flatMap(({ name, secrets: records = [] }) => records.map((record) => ({ name, record })));
  return Object.freeze({
    count: known.size,
    named: (name: string) => known.get(name),
    authenticate(secret: string, now: number) {
      // Every record is compared, so that the time does not tell which one, or that none, has matched.
      const matching = secrets.filter(({ record }) => secretMatches(secret, record));
      const [found] = matching;
      if (found === undefined) throw new SignetError("caller_unknown", "the secret belongs to no caller; `signet callers add NAME` makes one");
      if (found.record.expiresAt !== undefined && found.record.expiresAt <= now) {
        throw new SignetError("caller_expired", `the secret of the caller ${found.name} has expired; \`signet callers rotate\` makes a new one`);
      }
      return known.get(found.name) as KnownCaller;
    },
  });
}

function knownCaller(options: IssuerOptions, issuerLimits: Limits, { name, limits = {} }: Caller): KnownCaller {
  const own = limits.fixedClaims === undefined ? limits : { ...limits, fixedClaims: withName(limits.fixedClaims, name) };
  const narrowed = narrowLimits(issuerLimits, own);
  return Object.freeze({ name, limits: narrowed, issuer: createIssuer({ ...options, limits: narrowed }) });
}

// `{caller}` stands for the caller's name in the texts of fixed claims.
function withName(claims: Claims, name: string): Claims {
  return JSON.parse(JSON.stringify(claims), (_member, value: unknown) => (typeof value === "string" ? value.replaceAll("{caller}", name) : value)) as Claims;
}
