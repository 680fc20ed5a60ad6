import { createHash } from "node:crypto";
import { SignetError } from "../errors.js";
import type { ProofSettings } from "../settings/trusts.js";
import type { OnceStore } from "../storage/contract.js";
import type { VerifiedToken } from "../verify/verifier.js";
import type { ExchangedToken, Proof, Proofs, Shown } from "./contract.js";
import { type JudgedCaller, judgeCallers } from "./judge-callers.js";
import { PROOF_SKEW_SECONDS } from "./key-set.js";
import type { KeySources } from "./key-sources.js";
import { trustDomainOf } from "./proof-fault.js";
import { indexRules } from "./rule-index.js";
import { readUnverified, refusedProof, verifyByWays } from "./verify-by-ways.js";
import { type RuleWay, type Way, wayByKeys, wayByRule } from "./ways.js";

/** What proofs are made of. */
export interface ProofsOptions {
  /** The issuer's URL: the audience of proofs. */
  readonly issuer: string | undefined;
  /** The callers by name. */
  readonly callers: Readonly<Record<string, ProofSettings>>;
  /** Keeps the keys of other issuers; the same one for the next `createProofs` when the config was edited. */
  readonly sources: KeySources;
  readonly once: OnceStore;
  /** The present as NumericDate. */
  readonly clock: () => number;
}

/**
 * Binds the rules of callers. Nothing is fetched before a token comes that could match one.
 *
 * @throws SignetError `config_invalid`, naming the member
 */
export function createProofs(options: ProofsOptions): Proofs {
  const judged = judgeCallers(options.callers, options.issuer);
  const ways = waysOf(judged, options.sources);
  const byIssuer = indexRules(ways.trusts);
  const exchanges = new Map([...groupByCaller(ways.exchanges)].map(([name, own]) => [name, indexRules(own)]));
  const use = usedOnce(options);

  async function prove(token: string, { clientId }: Shown): Promise<Proof> {
    const read = readUnverified(token);
    const claims: Claims = read.value;
    const { iss } = claims;
    const own = typeof iss === "string" ? ways.keys.get(iss) : undefined;
    const found: readonly Way[] = [...lookUp(byIssuer, claims), ...(own === undefined ? [] : [own])];
    const asked = clientId === undefined ? found : found.filter(({ caller }) => caller === clientId);
    const proven = await verifyByWays(read, asked, options.clock);
    const callers = new Set(proven.map(({ way }) => way.caller));
    const [first] = proven;
    if (first === undefined || callers.size > 1) {
      const names = proven.map(({ way }) => `${way.caller} (${way.rule})`);
      throw refusedProof(`it proves several callers, and client_id names none of them: ${names.slice(0, MAX_NAMED).join(", ")}`);
    }
    return proofOf(first.way, first.token, use);
  }

  async function exchangeable(caller: string, token: string): Promise<ExchangedToken> {
    const read = readUnverified(token);
    const index = exchanges.get(caller);
    const [first] = await verifyByWays(read, index === undefined ? [] : lookUp(index, read.value), options.clock);
    if (first === undefined) throw refusedProof("no exchange of the caller matches");
    return exchangedOf(first.way, first.token, use);
  }

  return Object.freeze({ count: judged.filter(canProve).length, scopes: scopesOf(judged), prove, exchangeable });
}

const MAX_NAMED = 5;

function canProve({ trusts, keys }: JudgedCaller): boolean {
  return trusts.length > 0 || keys !== undefined;
}

/** The scopes that exchanges may be asked for. */
function scopesOf(callers: readonly JudgedCaller[]): readonly string[] {
  return [...new Set(callers.flatMap(({ exchanges }) => exchanges.flatMap(({ scopes }) => scopes)))].sort();
}

/** All ways to a caller. */
interface Ways {
  readonly trusts: readonly RuleWay[];
  readonly exchanges: readonly RuleWay[];
  /** By caller. */
  readonly keys: ReadonlyMap<string, Way>;
}

function waysOf(callers: readonly JudgedCaller[], sources: KeySources): Ways {
  const all = callers.flatMap(({ trusts, exchanges, keys }) => [...trusts, ...exchanges, ...(keys === undefined ? [] : [keys])]);
  const keysOf = sources.inUse(all.map(({ source }) => source));
  const bound = (rules: JudgedCaller["trusts"], caller: string) => rules.map((rule) => wayByRule(caller, rule, keysOf));
  return {
    trusts: callers.flatMap(({ name, trusts }) => bound(trusts, name)),
    exchanges: callers.flatMap(({ name, exchanges }) => bound(exchanges, name)),
    keys: new Map(callers.flatMap(({ name, keys }) => (keys === undefined ? [] : [[name, wayByKeys(name, keys, keysOf)]]))),
  };
}

function groupByCaller(ways: readonly RuleWay[]): ReadonlyMap<string, RuleWay[]> {
  const groups = new Map<string, RuleWay[]>();
  for (const way of ways) groups.set(way.caller, [...(groups.get(way.caller) ?? []), way]);
  return groups;
}

type Index = ReturnType<typeof indexRules<RuleWay>>;
type Claims = Readonly<Record<string, unknown>>;

// A SPIFFE ID names its trust domain, whatever iss says. Both are looked up: the rule itself knows which of them counts.
function lookUp(index: Index, claims: Claims): readonly RuleWay[] {
  const domain = trustDomainOf(claims.sub);
  const byName = typeof claims.iss === "string" && claims.iss !== domain ? index(claims.iss, claims) : [];
  return domain === undefined ? byName : [...byName, ...index(domain, claims)];
}

type Use = (way: Way, token: VerifiedToken) => Promise<void>;

// After all other checks, and before anything is issued.
function usedOnce({ once, clock }: Pick<ProofsOptions, "once" | "clock">): Use {
  return async ({ caller, singleUse, issuer }, { claims: { iss = issuer, jti = "", exp = 0 } }) => {
    if (!singleUse) return;
    // As JSON, so that no two pairs read alike.
    const digest = createHash("sha256")
      .update(JSON.stringify([iss, jti]))
      .digest("hex");
    // Until no clock that is believed takes it any more.
    const until = Math.ceil(exp) + PROOF_SKEW_SECONDS;
    if (!(await once.createOnce(digest, until, caller)))
      throw new SignetError("proof_replayed", "the proof was used before, and may be used once; get another one");
    // A process that stood still in between, as a machine that was paused: another one may have taken the proof, and forgotten it since.
    if (clock() > until) throw refusedProof("it ended while its use was recorded");
  };
}

function proofOf(way: Way, token: VerifiedToken, use: Use): Proof {
  const { caller, rule, issuer } = way;
  const { claims } = token;
  return Object.freeze({
    caller,
    rule,
    issuer,
    subject: claims.sub,
    claims,
    expiresAt: claims.exp ?? 0,
    claimsForTokens: way.claimsForTokens(claims),
    isReusable: !way.singleUse,
    use: () => use(way, token),
  });
}

function exchangedOf(way: RuleWay, token: VerifiedToken, use: Use): ExchangedToken {
  const { audiences, scopes, subjectPrefix = "" } = way;
  const { sub } = token.claims;
  const subject = sub === undefined ? undefined : `${subjectPrefix}${sub}`;
  return Object.freeze({ ...proofOf(way, token, use), subject, audiences, scopes });
}
