import type { KeyRecord } from "../keyring/key-record.js";
import { activeRecord, MOST_PUBLISHED_KEYS, type PolicyInForce } from "../keyring/keyring.js";
import type { Action } from "./actions.js";
import { isPermanent, MOVING_PLACES, PREPARE_EARLIER_SECONDS, removableAt, SWEEP_EVERY_SECONDS } from "./policy.js";
import { RULES, type RuleName, timeInWords, type Wait } from "./rules.js";
import { nextSequence } from "./sequence.js";
import { documentState, isInJwks, isPublished, nameOf, recordById, type View } from "./view.js";

/** What is to be done now, the most urgent first, and what waits for what. */
export interface Plan {
  readonly actions: readonly Action[];
  readonly waits: readonly Wait[];
  /** When the next wait ends; `null` where none ends by itself. */
  readonly nextAt: number | null;
}

/** What a rule works with. */
interface Situation {
  readonly view: View;
  readonly policy: PolicyInForce;
  readonly now: number;
  readonly active: KeyRecord | undefined;
  /** Published standbys of the present algorithm and custody, the longest published first. */
  readonly standbys: readonly KeyRecord[];
}

type Step = Action | Wait;

/**
 * Plans. Pure: the same view, policy and time give the same plan, and nothing is read or written. The executor carries out the
 * first action, reads again and plans again.
 *
 * @param view what was read
 * @param policy the policy in force
 * @param now NumericDate, by the manager's clock
 */
export function plan(view: View, policy: PolicyInForce, now: number): Plan {
  const situation: Situation = { view, policy, now, active: activeRecord(view.keyring), standbys: standbysOf(view, policy) };
  const stop = clockIsBehind(situation) ?? documentIsUnclear(situation);
  const steps =
    stop === undefined
      ? [publication, activation, cleaning, removal, sweeping, making].flatMap((rule) => rule(situation))
      : [stop];
  const waits = steps.filter((step) => "rule" in step);
  const times = waits.flatMap(({ until }) => (until !== null && until > now ? [until] : []));
  return Object.freeze({
    actions: steps.filter((step) => "kind" in step),
    waits,
    nextAt: times.length === 0 ? null : Math.min(...times),
  });
}

// Every time in the keyring was read from some manager's clock: two clocks are at most two skews apart.
function clockIsBehind({ view: { keyring }, policy, now }: Situation): Wait | undefined {
  const times = keyring.keys.flatMap((key) => [key.creatingAt, key.pendingAt, key.publishedAt, key.activatedAt, key.retiredAt]);
  const latest = Math.max(0, keyring.activation?.intendedAt ?? 0, ...times.map((time) => time ?? 0));
  const until = latest - 2 * policy.clockSkewSeconds;
  if (now >= until) return undefined;
  return wait("clock_behind", until, `the keyring has a time (${timeInWords(latest)}) that this machine's clock has not reached`);
}

function documentIsUnclear({ view }: Situation): Step | undefined {
  const state = documentState(view);
  if (state === "foreign") {
    return wait("document_foreign", null, "the active document is not the keyring's: see `signet keys repair`");
  }
  if (state !== "stale" || view.patient) return undefined;
  return { kind: "reread" };
}

function publication({ view }: Situation): Step[] {
  const { keyring, published } = view;
  const unrecorded = keyring.keys.some((key) => key.state === "pending" && key.publishedAt === undefined);
  const vanished = keyring.keys.some((key) => key.publishedAt !== undefined && !isInJwks(key, published) && isListed(key));
  return unrecorded || vanished || !isPublished(view) ? [{ kind: "publish" }] : [];
}

function activation(situation: Situation): Step[] {
  const { view, active } = situation;
  const { keyring } = view;
  if (keyring.activation !== null) return [{ kind: "confirm", id: keyring.activation.id }];
  if (documentState(view) === "stale" && active !== undefined) return begin(situation, active, "lost", true);
  if (active === undefined) return firstActivation(situation);
  const rotation = plannedRotation(situation, active);
  const differs = view.documents[0]?.maxTtlSeconds !== situation.policy.maxTtlSeconds;
  const isRotating = rotation.some((step) => "kind" in step);
  return differs && !isRotating ? [...begin(situation, active, "limits", false), ...rotation] : rotation;
}

// There is no token and no verifier yet, so there is nobody to wait for. An imported key is meant to be the first.
function firstActivation(situation: Situation): Step[] {
  const published = situation.view.keyring.keys.filter((key) => key.state === "pending" && key.publishedAt !== undefined);
  const first = published.find((key) => key.origin === "imported") ?? published[0];
  return first === undefined ? [] : begin(situation, first, "first", true);
}

function plannedRotation(situation: Situation, active: KeyRecord): Step[] {
  const { policy, now, view, standbys } = situation;
  const requested = view.keyring.rotationRequest !== null;
  const due = dueAt(active, policy);
  const aging = standbys.filter((key) => readyAt(key, policy) > now);
  const waits = aging.map((key) => wait("publish_ahead", readyAt(key, policy), `key ${nameOf(key)} may sign`, key));
  if (!requested && (due === null || now < due)) {
    const what = `key ${nameOf(active)} is succeeded`;
    return [...waits, due === null ? wait("by_hand", null, what, active) : wait("not_due", due, what, active)];
  }
  const [first, second] = standbys.filter((key) => readyAt(key, policy) <= now);
  if (first === undefined || second === undefined) {
    const until = standbys[1] === undefined ? now + policy.publishAheadSeconds : readyAt(standbys[1], policy);
    return [...waits, wait("second_standby", until, `key ${nameOf(active)} is succeeded`, active)];
  }
  const kept = view.keyring.keys.filter((key) => (key.state === "retired" || key.state === "active") && isPermanent(key));
  if (isPermanent(active) && kept.length > MOST_PUBLISHED_KEYS - MOVING_PLACES) {
    const words = `key ${nameOf(active)} cannot be succeeded: say when the tokens of kept keys end (--tokens-expire-by)`;
    return [...waits, wait("places_kept", null, words, active)];
  }
  return [...begin(situation, first, requested ? "requested" : "due", false), ...waits];
}

function begin(
  { view, now }: Situation,
  key: KeyRecord,
  because: "first" | "due" | "requested" | "limits" | "lost",
  urgent: boolean,
): Step[] {
  const visible = view.documents.map((document) => document.sequence);
  const sequence = nextSequence({ keyring: view.keyring, places: view.places, visible }, now, urgent);
  if (sequence === undefined) return [wait("no_free_place", now + 3_600, `key ${nameOf(key)} may sign`, key)];
  return [{ kind: "activate", id: key.id, sequence, because }];
}

// Documents below the confirmed one: what an activation leaves behind, and what a manager that slept wrote late.
function cleaning({ view: { keyring, documents } }: Situation): Step[] {
  if (keyring.activation !== null) return [];
  const visible = documents.map((document) => document.sequence);
  const allocated = keyring.allocations.filter(({ freedAt }) => freedAt === undefined).map(({ sequence }) => sequence);
  return [...new Set([...visible, ...allocated])]
    .filter((sequence) => sequence < keyring.confirmedSequence)
    .map((sequence) => ({ kind: "delete-document", sequence }));
}

function removal({ view: { keyring }, policy, now, active }: Situation): Step[] {
  return keyring.keys.flatMap((key): Step[] => {
    if (key.state !== "retired") return [];
    const what = `key ${nameOf(key)} is removed`;
    const at = removableAt(key, policy);
    if (at === undefined) return [wait("tokens_unknown", null, `${what} once --tokens-expire-by is given`, key)];
    if (now < at) return [wait("tokens_alive", at, what, key)];
    if (keyring.activation !== null || active === undefined) return [wait("activation_under_way", now + 60, what, key)];
    return [{ kind: "remove", id: key.id }];
  });
}

function sweeping({ view: { keyring }, now }: Situation): Step[] {
  const isDue = keyring.sweptAt === null || now >= keyring.sweptAt + SWEEP_EVERY_SECONDS;
  return isDue ? [{ kind: "sweep" }] : [];
}

function making(situation: Situation): Step[] {
  const { view, policy, now, active } = situation;
  const { keyring } = view;
  const unfinished = keyring.keys.filter((key) => key.state === "creating");
  if (unfinished.length > 0) return unfinished.map((key) => ({ kind: "finish-making", id: key.id }));
  // The first key signs before the standby is made: nothing waits for the standby.
  const pending = keyring.keys.filter((key) => key.state === "pending");
  if (active === undefined && pending.length > 0) return [];
  const intended = recordById(keyring, keyring.activation?.id ?? "");
  const have = pending.filter((key) => key !== intended && matches(key, policy)).length;
  if (have >= wantedStandbys(situation)) return [];
  const taken = keyring.keys.filter((key) => key.state !== "revoked").length;
  if (taken < MOST_PUBLISHED_KEYS) return [{ kind: "make" }];
  const leaving = keyring.keys.flatMap((key) => (key.state === "retired" ? (removableAt(key, policy) ?? []) : []));
  const until = leaving.length === 0 ? null : Math.max(now + 1, Math.min(...leaving));
  return [wait("jwks_full", until, "another standby is made")];
}

// One standby at all times, and a second one in time for a planned rotation.
function wantedStandbys({ view, policy, now, active }: Situation): number {
  if (active === undefined) return 1;
  if (view.keyring.activation !== null) return 1;
  const due = dueAt(active, policy);
  const prepareAt = due === null ? Number.POSITIVE_INFINITY : due - policy.publishAheadSeconds - PREPARE_EARLIER_SECONDS;
  return view.keyring.rotationRequest !== null || now >= prepareAt ? 2 : 1;
}

/** When a key has signed for as long as the policy says; `null` where rotation is by hand. */
export function dueAt(active: KeyRecord, policy: PolicyInForce): number | null {
  if (policy.rotateEverySeconds === 0) return null;
  return (active.activatedAt ?? active.creatingAt) + policy.rotateEverySeconds;
}

/** When a published standby has been published for long enough. */
export function readyAt(standby: KeyRecord, policy: PolicyInForce): number {
  return (standby.publishedAt ?? Number.POSITIVE_INFINITY) + policy.publishAheadSeconds;
}

function standbysOf({ keyring }: View, policy: PolicyInForce): KeyRecord[] {
  return keyring.keys
    .filter((key) => key.state === "pending" && key.publishedAt !== undefined && matches(key, policy))
    .sort((a, b) => (a.publishedAt as number) - (b.publishedAt as number));
}

function matches(key: KeyRecord, policy: PolicyInForce): boolean {
  return key.alg === policy.algorithm && key.custody === policy.custody;
}

function isListed(key: KeyRecord): boolean {
  return key.state === "pending" || key.state === "active" || key.state === "retired";
}

function wait(rule: RuleName, until: number | null, what: string, key?: KeyRecord): Wait {
  const when = until === null ? "not by itself" : `at ${timeInWords(until)}`;
  const words = `${what} ${when}: ${RULES[rule]}`;
  return Object.freeze({ rule, until, words, ...(key === undefined ? {} : { kid: nameOf(key) }) });
}
