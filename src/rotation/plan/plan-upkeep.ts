import type { KeyRecord } from "../../keyring/key-record.js";
import { MAX_PUBLISHED_KEYS } from "../../keyring/keyring.js";
import { PREPARE_EARLIER_SECONDS, removableAt, SWEEP_EVERY_SECONDS } from "./policy.js";
import { dueAt, type PlannedStep, type Situation, wait } from "./situation.js";
import { awaitsProof, isSoundStandby, isUploaded, matches, readyAt } from "./successor.js";
import { documentState, isInJwks, isPassedOver, isPublished, nameOf, type View } from "./view.js";

const SOON_SECONDS = 60;
/** At most so often a key is made in place of standbys that cannot be proven: what keeps them from it may keep the next one too. */
const MAKE_IN_PLACE_EVERY_SECONDS = 86_400;

/** What verifiers read is what the keyring says, and new keys have been seen there. */
export function publication({ view }: Situation): PlannedStep[] {
  const { keyring, published } = view;
  const isUnseen = (key: KeyRecord): boolean => key.state === "pending" && key.publishedAt === undefined;
  const hasVanished = (key: KeyRecord): boolean => key.state === "pending" && !isInJwks(key, published);
  return keyring.keys.some((key) => isUnseen(key) || hasVanished(key)) || !isPublished(view) ? [{ kind: "publish" }] : [];
}

/** Documents below the confirmed one: what an activation leaves behind, and what a manager that slept wrote late. */
export function cleaning({ view: { keyring, documents } }: Situation): PlannedStep[] {
  if (keyring.activation !== null) return [];
  const visible = documents.map((document) => document.sequence);
  const allocated = keyring.allocations.filter(({ freedAt }) => freedAt === undefined).map(({ sequence }) => sequence);
  return [...new Set([...visible, ...allocated])]
    .filter((sequence) => sequence < keyring.confirmedSequence)
    .map((sequence) => ({ kind: "delete-document", sequence }));
}

/** Keys whose tokens have all expired, revoked keys, and standbys that are not needed. */
export function removal(situation: Situation): PlannedStep[] {
  const { view, active } = situation;
  const isCertain = view.keyring.activation === null && active !== undefined;
  return view.keyring.keys.flatMap((key): PlannedStep[] => {
    if (key.state === "retired") return removalOfRetired(situation, key, isCertain);
    // Its private part may still be opened by an issuer that has not seen the new document: it goes when that is certain.
    if (key.state === "revoked") return isCertain ? [{ kind: "remove", id: key.id }] : [];
    return isSurplus(situation, key) ? [{ kind: "discard", id: key.id }] : [];
  });
}

function removalOfRetired({ policy, now }: Situation, key: KeyRecord, isCertain: boolean): PlannedStep[] {
  const what = `key ${nameOf(key)} is removed`;
  const at = removableAt(key, policy);
  if (at === undefined) return [wait("tokens_unknown", null, what, key)];
  if (now < at) return [wait("tokens_alive", at, what, key)];
  return isCertain ? [{ kind: "remove", id: key.id }] : [wait("activation_under_way", now + SOON_SECONDS, what, key)];
}

// A standby without its private part, or of an algorithm or custody that was given up, once another one is old enough.
function isSurplus({ view: { keyring }, policy, now, standbys, intended, active }: Situation, key: KeyRecord): boolean {
  if (key.state !== "pending" || key === intended || key.maxTtlSeconds !== undefined) return false;
  if (key.materialLostAt !== undefined) return true;
  if (key.origin === "imported" || matches(key, policy)) return false;
  // Where keys are uploaded there may be no other one.
  if (policy.byUpload === true) return !isUploaded(keyring, key) && active !== undefined && matches(active, policy);
  return standbys.some((other) => matches(other, policy) && readyAt(other, policy) <= now);
}

/** Standbys are proven with every sweep, and what could not be proven is tried again by every tick. */
export function proving(situation: Situation): PlannedStep[] {
  const isDoubted = situation.view.keyring.keys.some((key) => awaitsProof(key) && key.unprovenAt !== undefined);
  return isDoubted || isSweepDue(situation) ? [{ kind: "prove" }] : [];
}

/** Private keys that no record names are looked for, twice a day and after every failure. */
export function sweeping(situation: Situation): PlannedStep[] {
  return isSweepDue(situation) ? [{ kind: "sweep" }] : [];
}

function isSweepDue({ view: { keyring }, now }: Situation): boolean {
  return keyring.sweptAt === null || now >= keyring.sweptAt + SWEEP_EVERY_SECONDS;
}

/** One standby at all times, and a second one in time for a planned rotation; where keys are uploaded, one that was asked for. */
export function making(situation: Situation): PlannedStep[] {
  const { view, policy, now, active, intended } = situation;
  const { keyring } = view;
  const unfinished = keyring.keys.filter((key) => key.state === "creating");
  // What cannot be made must not keep from being made what is wanted since.
  const givenUp = unfinished.filter((key) => isGivenUp(situation, key));
  if (givenUp.length > 0) return givenUp.map(({ id }) => ({ kind: "abandon", id }));
  if (unfinished.length > 0) return unfinished.map(({ id }) => ({ kind: "finish-making", id }));
  const isFit = (key: KeyRecord): boolean => active === undefined || matches(key, policy) || isUploaded(keyring, key);
  const candidates = keyring.keys.filter((key) => isSoundStandby(key) && isFit(key));
  const have = candidates.filter((key) => !isPassedOver(view, key)).length;
  if (have >= wantedStandbys(situation) || (have > 0 && active === undefined)) return have === 1 ? preparation(situation) : [];
  // The first key signs before its standby is made.
  if (active === undefined && keyring.confirmedSequence === 0 && intended !== undefined && isUsable(view, intended)) return [];
  const makeAt = isUrgent(situation) ? now : nextInPlaceAt(candidates, now);
  if (makeAt > now) return [wait("made_lately", makeAt, "another standby is made in place of one that cannot be proven")];
  if (keyring.keys.filter((key) => key.state !== "revoked").length < MAX_PUBLISHED_KEYS) return [{ kind: "make" }];
  const leaving = keyring.keys.flatMap((key) => (key.state === "retired" ? (removableAt(key, policy) ?? []) : []));
  const until = leaving.length === 0 ? null : Math.max(now + SOON_SECONDS, Math.min(...leaving));
  return [wait("jwks_full", until, "another standby is made")];
}

// The first key is made under the id that was chosen for it, whatever is wanted since.
function isGivenUp({ view: { keyring }, policy }: Situation, key: KeyRecord): boolean {
  return key.origin === "created" && keyring.confirmedSequence > 0 && !matches(key, policy);
}

function isUsable(view: View, key: KeyRecord): boolean {
  return key.revokedAt === undefined && key.materialLostAt === undefined && !isPassedOver(view, key);
}

// Whether some key has to take over at once.
function isUrgent({ view, active, intended }: Situation): boolean {
  if (active === undefined || !isUsable(view, active) || documentState(view) === "stale") return true;
  return view.keyring.activation !== null && intended !== undefined && !isUsable(view, intended);
}

// When the next key may be made in the place of standbys that cannot be proven: a day after the last that was.
function nextInPlaceAt(standbys: readonly KeyRecord[], now: number): number {
  const doubtedSince = Math.min(...standbys.map(({ unprovenAt = Number.POSITIVE_INFINITY }) => unprovenAt));
  const inPlace = standbys.filter(({ creatingAt }) => creatingAt >= doubtedSince);
  return inPlace.length === 0 ? now : Math.max(...inPlace.map(({ creatingAt }) => creatingAt)) + MAKE_IN_PLACE_EVERY_SECONDS;
}

function wantedStandbys(situation: Situation): number {
  const { view, now, active, policy } = situation;
  const { activation, rotationRequest, confirmedSequence } = view.keyring;
  if (policy.byUpload === true && confirmedSequence > 0) {
    // Who names the key that shall sign wants no other one, though it may not be proven for a while.
    return rotationRequest !== null && rotationRequest.uploaded === undefined && activation === null ? 1 : 0;
  }
  if (active === undefined || activation !== null) return 1;
  return rotationRequest !== null || now >= (prepareAt(situation) ?? Number.POSITIVE_INFINITY) ? 2 : 1;
}

// When the second standby of the next planned rotation is made.
function prepareAt({ active, policy }: Situation): number | null {
  const due = active === undefined ? null : dueAt(active, policy);
  return due === null ? null : due - policy.publishAheadSeconds - PREPARE_EARLIER_SECONDS;
}

function preparation(situation: Situation): PlannedStep[] {
  const at = prepareAt(situation);
  return at === null || at <= situation.now ? [] : [wait("prepare_later", at, "a second standby is made")];
}
