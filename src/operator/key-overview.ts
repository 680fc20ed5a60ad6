import type { PublicJwk } from "../algorithms/jwk.js";
import { durationInWords } from "../encoding/durations.js";
import type { KeyRecord } from "../keyring/key-record.js";
import type { Keyring, PolicyInForce } from "../keyring/keyring.js";
import type { KeyLives } from "../rotation/forecast/key-lives.js";
import { awaitingUpload } from "../rotation/plan/successor.js";
import { nameOf } from "../rotation/plan/view.js";
import { needsAPerson, type Wait } from "../rotation/plan/wait-reasons.js";
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
  readonly waits: readonly (Pick<Wait, "kid" | "until" | "words"> & { readonly needsYou: boolean })[];
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
  /** What it is now, in a word or three. */
  readonly badge: string;
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
    return { ...(kid !== undefined && { kid }), until, words, needsYou: needsAPerson(each) || isUpload };
  });
}

function cardsOf({ keyring, explanations, lives, document, now }: Survey): readonly KeyCard[] {
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
      badge: badgeOf(record, { document, isKnown: (knownAt.get(name) ?? Number.POSITIVE_INFINITY) <= now }),
      pem: publicJwk === undefined ? null : pemOrNone(publicJwk),
      jwk: publicJwk ?? null,
      awaitsUpload: waiting.includes(record),
      unprovenSince: unprovenAt ?? null,
      isRevocable: publicJwk !== undefined && state !== "creating" && revokedAt === undefined,
    };
  });
}

const BADGES = { creating: "being made", pending: "pending", active: "signs", retired: "retired", revoked: "revoked" } as const;

function badgeOf(
  { state, unprovenAt, materialLostAt }: KeyRecord,
  { document, isKnown }: Pick<Survey, "document"> & { readonly isKnown: boolean },
): string {
  // The active document decides who signs, and it says something else.
  if (state === "active" && (document === "foreign" || document === "stale")) return "should sign";
  const isFit = unprovenAt === undefined && materialLostAt === undefined;
  return state === "pending" && isKnown && isFit ? "ready" : BADGES[state];
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
