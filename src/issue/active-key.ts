import type { OpenableKey, Signer } from "../custody/contract.js";
import { isSignetError, SignetError } from "../errors.js";
import type { ActiveDocument } from "../keyring/active-document.js";
import { presentSeconds, type SigningKey, type SigningKeySource } from "./issuer.js";

/** What an active key is read from. */
export interface ActiveKeyOptions {
  /** Reads the active documents that are visible, the highest sequence first. */
  readonly read: () => Promise<readonly ActiveDocument[]>;
  /** Opens the key that a document names. */
  readonly open: (key: OpenableKey) => Promise<Signer>;
  /** For how many seconds a key signs without having been confirmed by a read, where its document does not say. */
  readonly maxAgeSeconds: number;
  /** How often, in seconds, it is confirmed in the background; a fifth earlier or later at random. Default 60. */
  readonly refreshSeconds?: number | undefined;
  /** The present as NumericDate in whole seconds; default the system's clock. */
  readonly clock?: (() => number) | undefined;
  /** Where the active document is looked for, for messages. */
  readonly location?: string | undefined;
  /** Answers a number from 0 up to 1. */
  readonly random?: (() => number) | undefined;
}

/** The active key of an issuer, followed through rotations. */
export interface ActiveKey extends SigningKeySource {
  /**
   * Reads the active document now, or joins the read that is under way.
   *
   * @throws SignetError `no_active_key`, `active_key_stale`, and what reading and opening throw; the last good key is kept
   */
  refresh(): Promise<void>;
  /** The key that was confirmed last; for logs and metrics. */
  inUse(): Signer | undefined;
}

interface Confirmed extends SigningKey {
  readonly document: ActiveDocument;
  /** When the read that confirmed it was sent. */
  readonly confirmedAt: number;
  /** How long it may sign without being confirmed again, as it says itself. */
  readonly maxAgeSeconds: number | undefined;
}

/**
 * Follows the active document: reads it at first use, confirms it in the background as it is used, keeps the last good key
 * while reads fail, and refuses to sign once that key has not been confirmed for `maxAgeSeconds`. Rotation relies on that
 * bound: after it, no issuer signs with a retired key.
 *
 * @param inBackground confirms the key in the background, at once or later; called again meanwhile, it may forget what it was given before
 */
export function createActiveKey(options: ActiveKeyOptions, inBackground = (confirm: () => void): void => confirm()): ActiveKey {
  const { maxAgeSeconds, refreshSeconds = 60, clock = presentSeconds, random = Math.random } = options;
  let confirmed: Confirmed | undefined;
  let inFlight: Promise<void> | undefined;
  let refreshAt = 0;

  async function readAndOpen(): Promise<void> {
    // The clock when the read is sent: a process that was frozen meanwhile must not date an old answer as new.
    const sentAt = clock();
    refreshAt = sentAt + refreshSeconds * (0.8 + 0.4 * random());
    confirmed = await readConfirmed(options, confirmed, sentAt);
  }

  function refresh(): Promise<void> {
    inFlight ??= readAndOpen().finally(() => {
      inFlight = undefined;
    });
    return inFlight;
  }

  async function refreshed(now: number): Promise<SigningKey> {
    // A read that was already under way may have been sent too long ago to confirm anything: then one more.
    for (let attempt = 0; attempt < 2; attempt++) {
      await refresh().catch((error: unknown) => {
        throw confirmed === undefined ? error : unconfirmed(confirmed.maxAgeSeconds ?? maxAgeSeconds, error);
      });
      if (isUsable(confirmed, Math.max(now, clock()), maxAgeSeconds)) return confirmed;
    }
    throw unconfirmed(confirmed?.maxAgeSeconds ?? maxAgeSeconds);
  }

  function current(now: number): SigningKey | Promise<SigningKey> {
    if (!isUsable(confirmed, now, maxAgeSeconds)) return refreshed(now);
    // A failing read keeps the last good key; the next use tries again, and its age is what counts in the end.
    if (now >= refreshAt && inFlight === undefined) inBackground(() => void refresh().catch(() => undefined));
    return confirmed;
  }

  return Object.freeze({ current, refresh, inUse: () => confirmed?.signer });
}

async function readConfirmed(options: ActiveKeyOptions, known: Confirmed | undefined, sentAt: number): Promise<Confirmed> {
  const { read, open, location } = options;
  const [document] = await read();
  if (document === undefined) {
    throw new SignetError(
      "no_active_key",
      `no key is active${location === undefined ? "" : ` in ${location}`}: mount or restore what should be there; \`signet init\` makes a new issuer, and resumes one that was interrupted`,
    );
  }
  if (known !== undefined && document.sequence < known.document.sequence) {
    throw new SignetError("active_key_stale", "the active document that was read is older than the one already known");
  }
  const isSame = known !== undefined && JSON.stringify(known.document) === JSON.stringify(document);
  let signer: Signer;
  try {
    signer = isSame ? known.signer : await open(document);
  } catch (error) {
    // A key may be removed as soon as a newer document is there: one that was written since is read in its place.
    const isOver = isSignetError(error, "key_not_found") && ((await read())[0]?.sequence ?? 0) > document.sequence;
    if (isOver) return readConfirmed(options, known, sentAt);
    throw error;
  }
  const { version, maxTtlSeconds, endless, maxAgeSeconds } = document;
  // Version 1 did not say: there the limits of each issuer decide.
  return { document, signer, maxTtlSeconds, endless: version !== 2 || endless === true, maxAgeSeconds, confirmedAt: sentAt };
}

// A confirmation from the future means that the clock was set back: its age is unknown.
function isUsable(key: Confirmed | undefined, now: number, maxAgeSeconds: number): key is Confirmed {
  return key !== undefined && key.confirmedAt <= now && now - key.confirmedAt < (key.maxAgeSeconds ?? maxAgeSeconds);
}

function unconfirmed(maxAgeSeconds: number, cause?: unknown): SignetError {
  return new SignetError(
    "active_key_stale",
    `the active key was not confirmed within ${maxAgeSeconds} seconds; nothing is signed until it can be read again`,
    { cause },
  );
}
