import type { PublicJwk } from "../algorithms/jwk.js";
import { durationInWords } from "../encoding/durations.js";
import type { KeyRecord } from "../keyring/key-record.js";
import type { Keyring } from "../keyring/keyring.js";
import type { KeyLives } from "../rotation/forecast/key-lives.js";
import { awaitingUpload } from "../rotation/plan/successor.js";
import { nameOf } from "../rotation/plan/view.js";
import { needsAPerson, type Wait } from "../rotation/plan/wait-reasons.js";
import type { Survey } from "../rotation/survey.js";
import { type Health, healthOf } from "./key-health.js";
import { inShownOrder, sinceOf, stateInWords } from "./key-listing.js";
import { keysInSentence } from "./key-sentence.js";
import { pemOf } from "./upload-text.js";

/** How an issuer's keys stand, as a person looks at them. Times are NumericDates. */
export interface KeyOverview {
  readonly now: number;
  /** The issuer's URL; `null` where claims bring their own. */
  readonly issuer: string | null;
  /** How things stand in one sentence. */
  readonly sentence: string;
  /** The key that signs first, then who comes next, then those that have signed, each in the order of their lives. */
  readonly keys: readonly KeyCard[];
  readonly lives: KeyLives;
  /** What does not happen yet, and why. */
  readonly waits: readonly WaitView[];
  /** What an operator has to look at. */
  readonly alerts: readonly string[];
  /** The rotation policy in force, in sentences. */
  readonly policy: readonly string[];
  readonly health: Health;
}

/** A key as it stands. */
export interface KeyCard extends Pick<KeyRecord, "alg" | "custody" | "origin" | "state"> {
  /** The kid; `null` while its custodian has not reported it. */
  readonly kid: string | null;
  /** What its life is called in `lives`: the kid, or the custodian's name for it. */
  readonly name: string;
  /** When it entered its state. */
  readonly since: number;
  /**
   * When it moves next by itself: an active key is succeeded then, a retired one is removed, and a pending one may sign from then, which is not when
   * it does. `null` where it does not, or at no known time.
   */
  readonly until: number | null;
  /** When one that is pending is to sign, by what is planned; `null` where nothing is. */
  readonly signsAt: number | null;
  /** Why it is where it is. */
  readonly why: string;
  /** From when every verifier has it; `null` where that is not known, or keys are uploaded. */
  readonly knownAt: number | null;
  /** Its state as the keyring has it, and what is against that. */
  readonly badge: string;
  /** The public key (SubjectPublicKeyInfo); `null` without a kid, or where this machine cannot write its algorithm. */
  readonly pem: string | null;
  readonly jwk: PublicJwk | null;
  /** True for one that signs only once a person has said that it was uploaded. */
  readonly awaitsUpload: boolean;
  /** Since when it could not be proven; `null` where nothing is known against it. */
  readonly unprovenSince: number | null;
  /** Whether it can be revoked. */
  readonly isRevocable: boolean;
}

/** Something that does not happen yet. `until` is when it may; `null` where no time brings it. */
interface WaitView extends Pick<Wait, "until" | "words"> {
  /** Whether a person has to do something about it. */
  readonly needsYou: boolean;
}

/** How an issuer's keys stand, for a person. */
export function overviewOf(survey: Survey): KeyOverview {
  const { now, keyring, lives, report, isMoving } = survey;
  return {
    now,
    issuer: keyring.issuer,
    sentence: keysInSentence(survey),
    keys: cardsOf(survey),
    lives,
    waits: waitsOf(survey),
    alerts: [
      ...(report.blockedBy === null || isMoving ? [] : [`no key is managed until you have looked: ${report.blockedBy}`]),
      ...report.strays.map(({ words }) => words),
    ],
    policy: policyOf(keyring),
    health: healthOf(survey),
  };
}

function waitsOf({ report, keyring }: Survey): KeyOverview["waits"] {
  const uploads = awaitingUpload(keyring).map(nameOf);
  return report.waits.map((each) => {
    const { kid, until, words } = each;
    const isUpload = each.rule === "by_upload" && kid !== undefined && uploads.includes(kid);
    return { until, words, needsYou: needsAPerson(each) || isUpload };
  });
}

function cardsOf({ keyring, explanations, lives, document }: Survey): readonly KeyCard[] {
  const waiting = awaitingUpload(keyring);
  const explained = new Map(explanations.map((each) => [each.kid, each]));
  const livesByName = new Map(lives.lives.map((life) => [life.name, life]));
  return inShownOrder(keyring).map((record) => {
    const { alg, custody, origin, state, publicJwk, unprovenAt, revokedAt } = record;
    const name = nameOf(record);
    const life = livesByName.get(name);
    return {
      kid: publicJwk?.kid ?? null,
      name,
      alg,
      custody,
      origin,
      state,
      since: sinceOf(record),
      until: explained.get(name)?.nextAt ?? null,
      signsAt: (state === "pending" ? life?.spans.find(({ phase }) => phase === "active")?.from : undefined) ?? null,
      why: explained.get(name)?.words ?? "",
      knownAt: life?.knownAt ?? null,
      badge: badgeOf(record, document),
      pem: publicJwk === undefined ? null : pemOrNone(publicJwk),
      jwk: publicJwk ?? null,
      awaitsUpload: waiting.includes(record),
      unprovenSince: unprovenAt ?? null,
      isRevocable: publicJwk !== undefined && state !== "creating" && revokedAt === undefined,
    };
  });
}

// The active document decides who signs, and it may say something else.
function badgeOf(record: KeyRecord, document: Survey["document"]): string {
  const isDoubtful = record.state === "active" && (document === "foreign" || document === "stale");
  return isDoubtful ? `${stateInWords(record)}, not certain` : stateInWords(record);
}

// Node 20 cannot write keys of every algorithm that the table has.
function pemOrNone(publicJwk: PublicJwk): string | null {
  try {
    return pemOf(publicJwk);
  } catch {
    return null;
  }
}

function policyOf({ policy }: Keyring): readonly string[] {
  const { rotateEverySeconds, publishAheadSeconds, activeKeyMaxAgeSeconds, clockSkewSeconds, maxTtlSeconds } = policy;
  return [
    policy.byUpload === true
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
}
