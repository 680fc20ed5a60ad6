import { createHash } from "node:crypto";
import type { PublicJwk } from "../algorithms/jwk.js";
import { durationInWords } from "../encoding/durations.js";
import type { KeyRecord } from "../keyring/key-record.js";
import type { Keyring, PolicyInForce } from "../keyring/keyring.js";
import type { KeyLives } from "../rotation/forecast/key-lives.js";
import { awaitingUpload } from "../rotation/plan/successor.js";
import { nameOf } from "../rotation/plan/view.js";
import type { Wait } from "../rotation/plan/wait-reasons.js";
import type { Survey } from "../rotation/survey.js";
import { type Health, healthOf } from "./key-health.js";
import { inShownOrder, sinceOf } from "./key-listing.js";
import { keysInSentence } from "./key-sentence.js";
import { pemOf } from "./upload-text.js";

/** How an issuer's keys stand, as a person looks at them. Times are NumericDates. */
interface KeyOverview {
  readonly now: number;
  readonly issuer: string | null;
  readonly sentence: string;
  readonly keys: readonly KeyCard[];
  readonly lives: KeyLives;
  readonly waits: readonly Pick<Wait, "kid" | "until" | "words">[];
  readonly alerts: readonly string[];
  readonly policy: PolicyView;
  readonly health: Health;
}

/** A key as it stands. */
interface KeyCard extends Pick<KeyRecord, "alg" | "custody" | "origin" | "state"> {
  readonly kid: string | null;
  /** Its name in `lives`. */
  readonly name: string;
  readonly since: number;
  readonly until: number | null;
  readonly why: string;
  readonly knownAt: number | null;
  readonly pem: string | null;
  readonly jwk: PublicJwk | null;
  readonly awaitsUpload: boolean;
  readonly unprovenSince: number | null;
  readonly isRevocable: boolean;
}

/** The policy in force, with what it means. */
interface PolicyView extends Required<Omit<PolicyInForce, "byUpload">> {
  readonly byUpload: boolean;
  readonly words: readonly string[];
}

/** How an issuer's keys stand, for a person. */
export function overviewOf(survey: Survey): KeyOverview {
  const { now, keyring, lives, report } = survey;
  return {
    now,
    issuer: keyring.issuer,
    sentence: keysInSentence(keyring, lives),
    keys: cardsOf(survey),
    lives,
    waits: report.waits.map(({ kid, until, words }) => ({ ...(kid !== undefined && { kid }), until, words })),
    alerts: [
      ...(report.blockedBy === null ? [] : [`no key is managed until you have looked: ${report.blockedBy}`]),
      ...report.strays.map(({ words }) => words),
    ],
    policy: policyOf(keyring),
    health: healthOf(survey),
  };
}

function cardsOf({ keyring, explanations, lives }: Survey): readonly KeyCard[] {
  const waiting = awaitingUpload(keyring);
  const explained = new Map(explanations.map((each) => [each.kid, each]));
  const knownAt = new Map(lives.lives.map((life) => [life.name, life.knownAt ?? null]));
  return inShownOrder(keyring).map((record) => {
    const { alg, custody, origin, state, publicJwk, unprovenAt, revokedAt } = record;
    const name = nameOf(record);
    return {
      kid: publicJwk?.kid ?? null,
      name,
      alg,
      custody,
      origin,
      state,
      since: sinceOf(record),
      until: explained.get(name)?.nextAt ?? null,
      why: explained.get(name)?.words ?? "",
      knownAt: knownAt.get(name) ?? null,
      pem: publicJwk === undefined ? null : pemOrNone(publicJwk),
      jwk: publicJwk ?? null,
      awaitsUpload: waiting.includes(record),
      unprovenSince: unprovenAt ?? null,
      isRevocable: publicJwk !== undefined && state !== "creating" && revokedAt === undefined,
    };
  });
}

// Node 20 cannot write keys of every algorithm that the table has.
function pemOrNone(publicJwk: PublicJwk): string | null {
  try {
    return pemOf(publicJwk);
  } catch {
    return null;
  }
}

function policyOf({ policy }: Keyring): PolicyView {
  const { rotateEverySeconds, publishAheadSeconds, activeKeyMaxAgeSeconds, clockSkewSeconds, maxTtlSeconds } = policy;
  const byUpload = policy.byUpload === true;
  const words = [
    byUpload
      ? "a key signs until you say that another one was uploaded"
      : rotateEverySeconds === 0
        ? "a key signs until it is rotated by hand"
        : `a key signs for ${durationInWords(rotateEverySeconds)}`,
    `a key is published for ${durationInWords(publishAheadSeconds)} before it signs`,
    policy.allowsUnlimitedTokens
      ? `tokens live ${durationInWords(maxTtlSeconds)} at most, or have no end`
      : `tokens live ${durationInWords(maxTtlSeconds)} at most`,
    `an issuer signs for ${durationInWords(activeKeyMaxAgeSeconds)} at most without having confirmed its key`,
    `clocks may be ${durationInWords(clockSkewSeconds)} apart`,
    `the next keys are ${policy.algorithm}, held by ${policy.custody}`,
  ];
  return { ...policy, byUpload, words };
}

/**
 * What names the state of an issuer's keys: it changes with every change of a key, of the policy or of what was asked for, and with nothing
 * else.
 */
export function markOfKeys({ keys, policy, activation, rotationRequest, confirmedSequence }: Keyring): string {
  const state = JSON.stringify({ keys, policy, activation, rotationRequest, confirmedSequence });
  return createHash("sha256").update(state).digest("base64url");
}
