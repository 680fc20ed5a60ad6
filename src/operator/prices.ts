import type { Algorithm } from "../algorithms/table.js";
import { KMS_KEY_MONTH_USD, KMS_SIGNATURES_PER_SECOND, SECRET_MONTH_USD } from "../aws/prices.js";
import type { Config } from "../config/schema.js";
import { megabytesFor, type Usage } from "../custody/facts.js";
import { CUSTODIES, findCustody } from "../custody/registry.js";

/** AWS's prices in US dollars, as the price pages of us-east-1 have them; other regions differ by some percent. */
export const PRICES = {
  readOn: "2026-11-21",
  kmsKeyMonth: KMS_KEY_MONTH_USD,
  /** For 10,000 signatures. */
  kmsRsa2048: 0.03,
  kmsOther: 0.15,
  secretMonth: SECRET_MONTH_USD,
  /** For each metric of an alarm, a month. */
  alarmMonth: 0.1,
  /** For a million requests. */
  lambdaRequests: 0.2,
  lambdaGbSecondArm: 0.0000133334,
  /** For a thousand reads of S3. */
  s3Reads: 0.0004,
  /** For a million invocations by EventBridge Scheduler, beyond the 14 million a month that are free. */
  schedulerInvocations: 1,
} as const;

const MEGABYTES_OF_GB = 1_024;
/** How long an invocation of the issuer takes, with its memory: as its one KMS call by young code (13 to 19 ms as measured), or next to nothing in memory. */
const KMS_SECONDS = 0.02;
const MEMORY_SECONDS = 0.001;

/** A key that signs, and the standby beside it. */
const KEYS = 2;

/** What a custodian's first two keys are, in words, and what they cost a month; no price where nothing is made in AWS. */
export function footprint(
  custody: Config["custody"],
  kmsKey: string | undefined,
): { things: readonly string[]; monthly: number | undefined } {
  const facts = findCustody(custody);
  if (facts === undefined) return { things: [], monthly: undefined };
  if (!facts.needsAws) return { things: [facts.made()], monthly: undefined };
  const things = [facts.made(kmsKey), "one parameter that says which key signs (standard tier: free)"];
  // Where private keys are wrapped, the wrapping key is the operator's own: it is needed, and not made.
  return { things, monthly: monthlyUsd(facts.usage(KEYS, facts.kmsKey === "wraps" ? (kmsKey ?? "") : kmsKey)) };
}

function monthlyUsd({ kmsKeys, secrets }: Usage): number {
  return kmsKeys * PRICES.kmsKeyMonth + secrets * PRICES.secretMonth;
}

const TICKS_A_YEAR = 365 * 24;
/** A tick with nothing to do: four reads, one of them of Parameter Store, which is free; and at most one signature, a cent in a year. */
const TICK_SECONDS = 0.3;
/** The template's. */
const MANAGER_GB = 256 / MEGABYTES_OF_GB;
const READS_OF_S3 = 3;

/** What the key manager costs a year where it ticks every hour and there is nothing to do. */
export function idleTicksYear(): number {
  const { lambdaRequests, lambdaGbSecondArm, s3Reads, schedulerInvocations } = PRICES;
  const invocation = (lambdaRequests + schedulerInvocations) / 1_000_000 + TICK_SECONDS * MANAGER_GB * lambdaGbSecondArm;
  return TICKS_A_YEAR * (invocation + (READS_OF_S3 * s3Reads) / 1_000);
}

/** A custodian's price a month. */
export interface Cost {
  readonly custody: Config["custody"];
  /** For each key. */
  readonly key: number;
  /** For the tokens: the custodian's part. */
  readonly signatures: number;
  /** For the tokens: the function's part. */
  readonly lambda: number;
  /** With one key. */
  readonly total: number;
  /** With a standby beside it, as rotation has it. */
  readonly withStandby: number;
}

/**
 * What each custodian that signs by an algorithm costs for so many tokens a month. A data key's wrapping key is counted as one key, however
 * many it wraps.
 */
export function costs(tokens: number, { kty }: Pick<Algorithm, "kty">): readonly Cost[] {
  const lambda = (used: Usage) => {
    const seconds = used.signCallsPerToken > 0 ? KMS_SECONDS : MEMORY_SECONDS;
    const gbSeconds = (seconds * megabytesFor(used)) / MEGABYTES_OF_GB;
    return (tokens / 1_000_000) * PRICES.lambdaRequests + tokens * gbSeconds * PRICES.lambdaGbSecondArm;
  };
  const perSignature = (kty === "RSA" ? PRICES.kmsRsa2048 : PRICES.kmsOther) / 10_000;
  const able = CUSTODIES.filter((custody) => custody.needsAws).filter(({ lacks }) => !lacks?.includes(kty));
  return able.map(({ name, usage }) => {
    const used = usage(1);
    const signatures = tokens * used.signCallsPerToken * perSignature;
    const forLambda = lambda(used);
    const running = signatures + forLambda;
    const key = monthlyUsd(used);
    return {
      custody: name,
      key,
      signatures,
      lambda: forLambda,
      total: key + running,
      withStandby: monthlyUsd(usage(KEYS)) + running,
    };
  });
}

const SECONDS_A_MONTH = 30 * 24 * 3_600;
/** What of a quota may be used on average: tokens do not come evenly. */
const MAX_SHARE = 0.8;

/** What an account's quota leaves of custodians that call KMS for each token, and who is the better choice beyond. */
export interface Ceiling {
  /** Those that it bounds. */
  readonly custodies: readonly string[];
  /** In an account and region, for all callers together. */
  readonly signaturesPerSecond: number;
  /** The tokens that were asked about. */
  readonly tokensPerSecond: number;
  /** Whether these tokens take more than 80 % of it on average. */
  readonly isReached: boolean;
  /** A custodian of this algorithm that calls nothing for a token; a KMS key wraps its keys where there is one. */
  readonly better: string | undefined;
}

/** The ceiling of the custodians that call KMS for each token. */
export function ceilingOf(tokens: number, { kty }: Pick<Algorithm, "kty">): Ceiling {
  const inAws = CUSTODIES.filter((custody) => custody.needsAws);
  const inMemory = inAws.filter(({ usage, lacks }) => usage(1).signCallsPerToken === 0 && !lacks?.includes(kty));
  const tokensPerSecond = tokens / SECONDS_A_MONTH;
  return {
    custodies: inAws.filter(({ usage }) => usage(1).signCallsPerToken > 0).map(({ name }) => name),
    signaturesPerSecond: KMS_SIGNATURES_PER_SECOND,
    tokensPerSecond,
    isReached: tokensPerSecond > MAX_SHARE * KMS_SIGNATURES_PER_SECOND,
    better: (inMemory.find(({ kmsKey }) => kmsKey === "wraps") ?? inMemory[0])?.name,
  };
}
