import { isLoopback } from "../../encoding/loopback-host.js";
import { urlOf } from "../../encoding/url-of.js";
import { SignetError } from "../../errors.js";
import type { PresetName, TrustRule } from "../../settings/trusts.js";
import type { ClaimPath, ExpandedRule } from "../contract.js";
import { isPrefix } from "../matching.js";

/** What a rule says of the claims of proofs. */
export type RuleClaims = Readonly<Record<string, unknown>>;

/** What is known of those who sign tokens for workloads. */
export interface Preset {
  readonly name: PresetName;
  /** What its tokens prove, in words. */
  readonly about: string;
  /** The issuer of all its tokens, where there is one. */
  readonly issuer?: string;
  /** Whether an issuer's name can be one of these. */
  isIssuer(issuer: string): boolean;
  /** What an issuer's name looks like, in words behind "expected". */
  readonly issuerForm: string;
  readonly identifiedBy: readonly ClaimPath[];
  /** What the subjects of all its tokens begin with, whichever party they are of. */
  readonly subjectsBegin?: readonly string[];
  /** Whether the claims fix who it is: a name that another can take over, or that the workload chooses, fixes nothing. */
  identifies(claims: RuleClaims): boolean;
  /** What has to be fixed, and how to find its value; in words behind "expected". */
  readonly identity: string;
  /** Workloads are given a token for a while, and show it many times. */
  readonly isReused?: true;
  /** Completes a rule: what its tokens say and people leave out. */
  complete?(rule: TrustRule): TrustRule;
  /** What stands for members that the rule leaves out. */
  readonly defaults?: Partial<Pick<ExpandedRule, "algorithms" | "types">>;
  /** How the issuer of a completed rule is to be read. */
  profile?(issuer: string): ExpandedRule["profile"];
}

/** A rule that a preset does not take. @param member its member that is at fault: `claims.sub`; the words stand behind it */
export function refusedRule(member: string, words: string): SignetError {
  return new SignetError("config_invalid", `${member} ${words}`, { field: member });
}

/** Tells whether a claim is fixed: to a text, or to one of several, each of which is right. */
export function isFixed(claim: unknown, isRight: (text: string) => boolean): boolean {
  if (Array.isArray(claim)) return claim.length > 0 && claim.every((each) => isFixed(each, isRight) && !Array.isArray(each));
  return typeof claim === "string" && isRight(claim);
}

/** The beginning that a claim has to have, of a rule that says no more; `undefined` for any other. */
export function prefixOf(claim: unknown): string | undefined {
  return isPrefix(claim) && typeof claim.prefix === "string" ? claim.prefix : undefined;
}

/** The same as `isFixed`, also for a beginning that is right. */
export function isFixedOrPrefixed(claim: unknown, isRight: (text: string) => boolean): boolean {
  const choices = Array.isArray(claim) ? claim : [claim];
  return (
    choices.length > 0 && choices.every((each) => isFixed(prefixOf(each) ?? (Array.isArray(each) ? undefined : each), isRight))
  );
}

/** Digits, as ids are written. */
export function isNumericId(text: string): boolean {
  return /^\d{1,30}$/.test(text);
}

/** A UUID in small letters, as tokens have it. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Tells whether a text is the URL of an issuer on https, without query, fragment and user. */
export function isHttpsIssuer(text: string): boolean {
  const url = urlOf(text);
  return url?.protocol === "https:" && url.username === "" && url.password === "" && !/[?#]/.test(text);
}

/** Tells whether an issuer is on this machine, where one is tried out: it need not have the form of the real one. */
export function isLocalIssuer(text: string): boolean {
  const url = urlOf(text);
  return url !== undefined && /^https?:$/.test(url.protocol) && isLoopback(url.hostname);
}
