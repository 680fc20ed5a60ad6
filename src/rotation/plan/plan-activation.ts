import { asArgument } from "../../encoding/shell-argument.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { type ActivationCause, type ActivationIntent, MAX_PUBLISHED_KEYS } from "../../keyring/keyring.js";
import { isPermanent, MOVING_SLOTS } from "./policy.js";
import { isSlotTaken, nextSequence } from "./sequence.js";
import { dueAt, type PlannedStep, type Situation, wait } from "./situation.js";
import { awaitingUpload, plannedSuccessors, readyAt, signsFrom, successorAtOnce } from "./successor.js";
import { documentLimits } from "./transitions.js";
import { documentState, isPassedOver, nameOf, type View } from "./view.js";

const RETRY_SECONDS = 3_600;

/** Who shall sign: goes on with what is under way, replaces what is revoked or lost, and rotates what is due. */
export function activation(situation: Situation): PlannedStep[] {
  const { view, active } = situation;
  if (view.keyring.activation !== null) return unfinishedActivation(situation);
  if (active === undefined) {
    return view.keyring.confirmedSequence === 0 ? firstActivation(situation) : replacement(situation, "revoked");
  }
  if (active.revokedAt !== undefined) return replacement(situation, "revoked");
  if (active.materialLostAt !== undefined) return replacement(situation, "lost");
  if (documentState(view) === "stale") {
    // No issuer can begin to sign: a proven key goes before one that is not.
    return isPassedOver(view, active) ? replacement(situation, "lost") : begin(situation, active, "lost", true);
  }
  const rotation = plannedRotation(situation, active);
  const isCurrent = saysLimits(view) || isPassedOver(view, active);
  const isRotating = rotation.some((step) => "kind" in step);
  return isCurrent || isRotating ? rotation : [...begin(situation, active, "limits", false), ...rotation];
}

// Version 1 has the longest life alone: the next document says the rest.
function saysLimits({ documents: [top], keyring }: View): boolean {
  if (top?.version !== 2) return top?.maxTtlSeconds === keyring.policy.maxTtlSeconds;
  const { maxTtlSeconds, endless, maxAgeSeconds } = documentLimits(keyring);
  return top.maxTtlSeconds === maxTtlSeconds && top.endless === endless && top.maxAgeSeconds === maxAgeSeconds;
}

function unfinishedActivation(situation: Situation): PlannedStep[] {
  const { view, intended } = situation;
  const { activation: intent } = view.keyring;
  if (intent === null || intended === undefined) return [];
  if (intended.revokedAt !== undefined) return replacement(situation, "revoked");
  if (intended.materialLostAt !== undefined || isPassedOver(view, intended)) return movedOn(situation, intent, intended);
  // A write of a manager that slept came first: the intent goes to another slot, under a sequence of its own.
  if (intent.readBackAt === undefined && isSlotTaken(view, intent.sequence))
    return begin(situation, intended, intent.because, true);
  return [{ kind: "confirm", id: intent.id, stage: intent.readBackAt === undefined ? "write" : "settle" }];
}

/**
 * The key of an intent was not proven: another one takes its place under a sequence of its own. A planned rotation lets no key sign
 * that verifiers may not know: where none is left that is ready, the key before stays.
 */
function movedOn(situation: Situation, intent: ActivationIntent, intended: KeyRecord): PlannedStep[] {
  const { view, active, policy, now, standbys } = situation;
  const before =
    active === undefined || active.revokedAt !== undefined || active.materialLostAt !== undefined ? undefined : active;
  if (before === undefined || documentState(view) === "stale") {
    return replacement(situation, intent.because === "first" || intent.because === "revoked" ? intent.because : "lost");
  }
  const ready = plannedSuccessors(standbys, policy).find((key) => readyAt(key, policy) <= now);
  if (before !== intended && ready !== undefined) return begin(situation, ready, intent.because, true);
  return isPassedOver(view, before) ? [] : begin(situation, before, "repaired", true);
}

// There is no token and no verifier yet to wait for. An imported key is meant to be the first.
function firstActivation(situation: Situation): PlannedStep[] {
  const { standbys } = situation;
  const first = standbys.find((key) => key.origin === "imported") ?? standbys[0];
  return first === undefined ? [] : begin(situation, first, "first", true);
}

function replacement(situation: Situation, because: ActivationCause): PlannedStep[] {
  const { standbys, policy, now, view } = situation;
  const best = successorAtOnce(standbys, policy, now);
  // None is published: one is made first, and nothing else can be done.
  if (best === undefined) return waitsForUpload(situation);
  const ready = signsFrom(view.keyring, best);
  const warning = `verifiers are sure to know key ${nameOf(best)}`;
  const warnings = ready > now ? [wait("young_standby", ready, warning, best)] : [];
  return [...begin(situation, best, because, true), ...warnings];
}

function plannedRotation(situation: Situation, active: KeyRecord): PlannedStep[] {
  const { policy, now, view } = situation;
  if (policy.byUpload === true) return rotationByUpload(situation, active);
  const standbys = plannedSuccessors(situation.standbys, policy);
  const isRequested = view.keyring.rotationRequest !== null;
  const due = dueAt(active, policy);
  const young = situation.standbys.filter((key) => readyAt(key, policy) > now);
  const waits = young.map((key) => wait("publish_ahead", readyAt(key, policy), `key ${nameOf(key)} signs`, key));
  const succession = `key ${nameOf(active)} is succeeded`;
  if (!isRequested && (due === null || now < due)) {
    return [...waits, due === null ? wait("by_hand", null, succession, active) : wait("not_due", due, succession, active)];
  }
  const [first, second] = standbys.filter((key) => readyAt(key, policy) <= now);
  if (first === undefined || second === undefined) {
    const until = standbys[1] === undefined ? now + policy.publishAheadSeconds : readyAt(standbys[1], policy);
    return [...waits, wait("second_standby", until, succession, active)];
  }
  return [...succeeded(situation, active, first, isRequested ? "requested" : "due"), ...waits];
}

// Verifiers have no other key than those that were uploaded: no further standby is waited for.
function rotationByUpload(situation: Situation, active: KeyRecord): PlannedStep[] {
  const { now, view } = situation;
  const [next] = situation.standbys;
  if (next === undefined) {
    const waits = waitsForUpload(situation);
    // What its successors wait for need not be said of the key that signs as well.
    return waits.length > 1 ? waits.slice(0, -1) : waits;
  }
  const from = signsFrom(view.keyring, next);
  if (from > now) return [wait("publish_ahead", from, `key ${nameOf(next)} signs`, next)];
  return succeeded(situation, active, next, "requested");
}

// What signs only once a person has said that it was uploaded.
function waitsForUpload({ view: { keyring }, policy, active }: Situation): PlannedStep[] {
  if (policy.byUpload !== true) return [];
  const waiting = awaitingUpload(keyring);
  const waits = waiting.map((key) => {
    const name = nameOf(key);
    return wait("by_upload", null, `key ${name} signs`, key, `\`signet keys rotate --uploaded ${asArgument(name)}\` gives it`);
  });
  if (active === undefined) return waits;
  const which = `${active.revokedAt === undefined ? "" : "revoked "}key ${nameOf(active)}`;
  // As the key came that signs, so comes the next one, unless it is there.
  const next = active.origin === "imported" ? "import FILE --as active` lets the next one sign" : "rotate` makes the next one";
  const todo = waiting.length === 0 ? `\`signet keys ${next}` : "";
  return [...waits, wait("by_upload", null, `${which} is succeeded`, active, todo)];
}

function succeeded(situation: Situation, active: KeyRecord, next: KeyRecord, because: ActivationCause): PlannedStep[] {
  const { keys } = situation.view.keyring;
  const kept = keys.filter((key) => (key.state === "retired" || key === active) && isPermanent(key));
  if (isPermanent(active) && kept.length > MAX_PUBLISHED_KEYS - MOVING_SLOTS) {
    return [wait("places_kept", null, `key ${nameOf(active)} is succeeded`, active)];
  }
  return begin(situation, next, because, false);
}

function begin({ view, now }: Situation, key: KeyRecord, because: ActivationCause, urgent: boolean): PlannedStep[] {
  const sequence = nextSequence(view, now, urgent);
  if (sequence === undefined) return [wait("no_free_place", now + RETRY_SECONDS, `key ${nameOf(key)} signs`, key)];
  return [{ kind: "activate", id: key.id, sequence, because }];
}
