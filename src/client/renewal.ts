import { isSignetError, SignetError } from "../errors.js";

/** What tells the time, and what spreads renewals. */
export interface Clocks {
  /** Milliseconds since 1970. It may be set; it goes on while a machine sleeps. */
  readonly now: () => number;
  /** Milliseconds on a clock that is never set. It may stand still while a machine, or a function, is frozen. */
  readonly monotonic: () => number;
  /** Answers a number from 0 up to 1. */
  readonly random: () => number;
}

/** The clocks of this process. */
export const CLOCKS: Clocks = Object.freeze({
  now: Date.now,
  monotonic: () => performance.now(),
  random: Math.random,
});

/** A moment, by both clocks. */
interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** A token that is at hand. */
export interface Held {
  readonly token: string;
  /** The same, for who awaits it: one promise for all of them. */
  readonly answer: Promise<string>;
  /** When it was asked for. All ages count from here. */
  readonly since: Moment;
  /** Its age when it is renewed, when it is no longer good for the least time, and when it is over; in milliseconds. */
  readonly renewMs: number;
  readonly goodMs: number;
  readonly endMs: number;
}

/** What a renewal is made of. */
export interface RenewalOptions {
  /** Asks for one token, and says how long it lives from the moment of asking. It has to end by itself. */
  readonly ask: (since: Moment) => Promise<{ readonly token: string; readonly lifeSeconds: number }>;
  /** Default 60, or a quarter of the token's life where that is less. */
  readonly minTtlSeconds?: number | undefined;
  readonly reuseAtLeastSeconds?: number | undefined;
  readonly clocks?: Clocks | undefined;
  /** Told of each renewal that has failed. */
  readonly onFailure?: ((failure: SignetError) => void) | undefined;
  /** Makes of a failure what is told. */
  readonly told?: ((failure: unknown) => unknown) | undefined;
}

/** Keeps one token, and renews it: one call at a time, whatever asks. */
export interface Renewal {
  /** A token that is good for the least time; through an outage the last one while it lives. */
  take(signal?: AbortSignal): Promise<string>;
  /** Forgets a token that was refused, unless it is too young for another one. */
  discard(token: string): void;
  /** Begins a renewal where one is due, or answers the one that is under way: true once it has brought a token. It is never rejected. */
  renewIfDue(): Promise<boolean> | undefined;
  /** The token at hand, as long as it lives for so long. */
  held(leastMs?: number): Held | undefined;
  /** Says that the token at hand was handed out: from here it counts how long it is used. */
  show(): void;
  /** How long a token lives still, in milliseconds. */
  leftMs(held: Held): number;
  /** Why there is no new token; `undefined` once there is one. */
  failure(): SignetError | undefined;
}

const DEFAULT_MIN_SECONDS = 60;
/** Of the time in which a token can be handed out: it is renewed somewhere in between, so that many processes do not ask together. */
const [RENEW_FROM, RENEW_TO] = [0.7, 0.9];
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;
/** A server that asks for more patience is asked again all the same. */
const MAX_RETRY_AFTER_MS = 300_000;
/** A token that was refused at once would be refused again: who refuses everything costs a token each half minute. */
const MIN_DISCARD_MS = 30_000;
/** How often an answer that was too late, or a token that was over when its turn came, is asked for anew. */
const MAX_TURNS = 3;

interface Failed {
  readonly failure: SignetError;
  readonly since: Moment;
  readonly waitMs: number;
}

/** The token at hand and the call that brings the next one. */
interface Flights {
  readonly held: () => Held | undefined;
  readonly failure: () => SignetError | undefined;
  readonly renewIfDue: () => Promise<boolean> | undefined;
  readonly forget: () => void;
  /** Counts the token at hand as handed out, from the first time on. */
  readonly show: () => void;
  /** Whether it was handed out, for the first time, at least so long ago; or never. */
  readonly wasShownFor: (ms: number) => boolean;
}

/** Makes a renewal. Nothing is asked for yet. */
export function createRenewal(options: RenewalOptions): Renewal {
  const { clocks = CLOCKS } = options;
  const reuseMs = (options.reuseAtLeastSeconds ?? 0) * 1_000;
  const ageMs = ageBy(clocks);
  const { held, failure, renewIfDue, forget, show, wasShownFor } = createFlights(options, clocks, reuseMs);

  async function waited(signal: AbortSignal | undefined): Promise<string> {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const renewed = renewIfDue();
      if (renewed === undefined || !(await unlessAborted(renewed, signal))) break;
      const next = held();
      if (next !== undefined && ageMs(next.since) < next.goodMs) return next.token;
    }
    const last = held();
    if (last !== undefined && ageMs(last.since) < last.endMs) return last.token;
    throw failure() ?? late(0);
  }

  async function waitedAndShown(signal: AbortSignal | undefined): Promise<string> {
    const token = await waited(signal);
    show();
    return token;
  }

  return Object.freeze({
    take(signal?: AbortSignal) {
      if (signal?.aborted === true) return Promise.reject(signal.reason);
      const present = held();
      if (present !== undefined) {
        const age = ageMs(present.since);
        if (age < present.goodMs) {
          show();
          if (age >= present.renewMs) renewIfDue();
          return present.answer;
        }
      }
      return waitedAndShown(signal);
    },
    discard(token: string) {
      if (held()?.token === token && wasShownFor(Math.max(reuseMs, MIN_DISCARD_MS))) forget();
    },
    renewIfDue,
    held(leastMs = 0) {
      const present = held();
      return present !== undefined && present.endMs - ageMs(present.since) > leastMs ? present : undefined;
    },
    show,
    leftMs: ({ endMs, since }: Held) => endMs - ageMs(since),
    failure,
  });
}

function createFlights(options: RenewalOptions, clocks: Clocks, reuseMs: number): Flights {
  const { ask, onFailure, told = (failure) => failure } = options;
  const ageMs = ageBy(clocks);
  const moment = (): Moment => ({ wallMs: clocks.now(), monotonicMs: clocks.monotonic() });
  let held: Held | undefined;
  let flight: Promise<boolean> | undefined;
  let failed: Failed | undefined;
  let failures = 0;
  let shownMs: number | undefined;
  const wasShownFor = (ms: number): boolean => shownMs === undefined || clocks.monotonic() - shownMs >= ms;

  function isDue(): boolean {
    if (failed !== undefined && ageMs(failed.since) < failed.waitMs) return false;
    if (held === undefined) return true;
    const age = ageMs(held.since);
    // A relying party counts by its own clock: one that was put ahead here counts for nothing, until the token is over.
    return age >= held.endMs || (age >= held.renewMs && wasShownFor(reuseMs));
  }

  async function asked(): Promise<Held> {
    for (let turn = 1; ; turn++) {
      const since = moment();
      const { token, lifeSeconds } = await ask(since);
      const next = heldFor(token, lifeSeconds, since, { ...options, reuseMs, random: clocks.random });
      // One that could not be used for as long as it has to be is not shown at all.
      if (ageMs(since) + reuseMs < next.goodMs) return next;
      if (turn === MAX_TURNS) throw late(ageMs(since));
    }
  }

  async function renew(): Promise<boolean> {
    try {
      held = await asked();
      [failed, shownMs] = [undefined, undefined];
      failures = 0;
      return true;
    } catch (error) {
      failures += 1;
      failed = failedFrom(told(error), moment(), failures, clocks.random);
      onFailure?.(failed.failure);
      return false;
    } finally {
      flight = undefined;
    }
  }

  return {
    held: () => held,
    failure: () => failed?.failure,
    renewIfDue() {
      if (flight === undefined && isDue()) flight = renew();
      return flight;
    },
    forget() {
      held = undefined;
    },
    show() {
      shownMs ??= clocks.monotonic();
    },
    wasShownFor,
  };
}

/** The age of what was at a moment: a clock that was put back makes nothing younger, and one that stood still neither. */
function ageBy({ now, monotonic }: Clocks): (moment: Moment) => number {
  return ({ wallMs, monotonicMs }) => Math.max(now() - wallMs, monotonic() - monotonicMs);
}

interface Bounds {
  readonly minTtlSeconds?: number | undefined;
  readonly reuseMs: number;
  readonly random: () => number;
}

/** @throws SignetError `config_invalid` for a token that lives too short for what was promised of it */
function heldFor(token: string, lifeSeconds: number, since: Moment, { minTtlSeconds, reuseMs, random }: Bounds): Held {
  const leastSeconds = minTtlSeconds ?? Math.min(DEFAULT_MIN_SECONDS, lifeSeconds / 4);
  const [endMs, goodMs] = [lifeSeconds * 1_000, (lifeSeconds - leastSeconds) * 1_000];
  if (goodMs <= 0 || goodMs <= reuseMs) throw tooShort(lifeSeconds, leastSeconds, reuseMs / 1_000);
  const renewMs = Math.max(goodMs * (RENEW_FROM + (RENEW_TO - RENEW_FROM) * random()), reuseMs);
  return Object.freeze({ token, answer: Promise.resolve(token), since, renewMs, goodMs, endMs });
}

function tooShort(lifeSeconds: number, leastSeconds: number, reuseSeconds: number): SignetError {
  const lives = `the token lives ${Math.max(0, Math.floor(lifeSeconds))} seconds by its issuer's clock`;
  const needs =
    reuseSeconds > 0
      ? `less than reuseAtLeastSeconds (${reuseSeconds}) and minTtlSeconds (${Math.ceil(leastSeconds)}) together`
      : `no longer than minTtlSeconds (${Math.ceil(leastSeconds)})`;
  return new SignetError("config_invalid", `${lives}, ${needs}: ask for a longer ttl, or for less`, { field: "minTtlSeconds" });
}

function late(ageMs: number): SignetError {
  const words = ageMs > 0 ? `the answer took ${Math.round(ageMs / 1_000)} seconds` : "this process stood still";
  return new SignetError("issuer_unavailable", `${words}, and the token was nearly over when it came; ask again`);
}

// "Equal jitter": at least half of the bound, which doubles.
function failedFrom(error: unknown, since: Moment, count: number, random: () => number): Failed {
  const bound = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(count - 1, 16));
  const asked = isSignetError(error) ? Math.min(MAX_RETRY_AFTER_MS, (error.retryAfterSeconds ?? 0) * 1_000) : 0;
  const waitMs = Math.max(asked, bound * (0.5 + 0.5 * random()));
  return { failure: failureOf(error, waitMs), since, waitMs };
}

function failureOf(error: unknown, waitMs: number): SignetError {
  const details = { cause: error, retryAfterSeconds: Math.ceil(waitMs / 1_000) };
  if (isSignetError(error)) return new SignetError(error.code, error.message, { ...details, ...withField(error) });
  const kind = error instanceof Error ? error.name : typeof error;
  return new SignetError("issuer_unavailable", `no token could be had: what asks for it has thrown (${kind})`, details);
}

function withField({ field }: SignetError): { readonly field?: string } {
  return field === undefined ? {} : { field };
}

/** @throws the signal's reason, once it is aborted; what is waited for goes on */
function unlessAborted(renewed: Promise<boolean>, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal === undefined) return renewed;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    renewed.then((isRenewed) => {
      signal.removeEventListener("abort", onAbort);
      resolve(isRenewed);
    });
  });
}
