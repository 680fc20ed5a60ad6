import { endOf } from "../client/life.js";
import type { Clocks, Held, Renewal } from "../client/renewal.js";
import { isSignetError, SignetError } from "../errors.js";
import type { FolderWatch } from "../files/folder-watch.js";

/** Where a token is written to. */
export interface TokenPlace {
  /** The token that is there; `undefined` where none is. All three fail where something else stands there. */
  read(): Promise<string | undefined>;
  /** Replaces the token that is there: a reader sees the one or the other. */
  write(token: string): Promise<void>;
  /** Absent is success. */
  remove(): Promise<void>;
  /** Tells when it may have changed. */
  watch(onChange: () => void): FolderWatch;
}

/** What becomes of a token's file. */
export type TokenFileEvent =
  | { readonly what: "ready" | "renewed"; readonly leftMs: number }
  | { readonly what: "restored" | "removed" }
  /** Told once, until it is over. */
  | { readonly what: "failing" | "unwritable"; readonly failure: SignetError }
  | { readonly what: "recovered" };

/** What a file is kept by. */
export interface TokenFileOptions {
  readonly renewal: Renewal;
  readonly place: TokenPlace;
  readonly clocks: Clocks;
  readonly onEvent: (event: TokenFileEvent) => void;
}

/** Keeps a file. */
export interface TokenFile {
  /** Does what is due: begins a renewal, writes, restores, removes. It never waits for the issuer. */
  step(): Promise<void>;
  /** Calls what ends the wait between two steps: a token has come, or the file has changed. */
  onWake(wake: () => void): void;
  close(): void;
}

/** A token leaves the file so long before it is over: the next look comes after a second. */
const LAST_MS = 2_000;
/** So often the file is looked at, whether or not the system told of a change. */
const LOOK_EVERY_MS = 10_000;
/** A file that another process changes again and again is restored no oftener. */
const RESTORE_EVERY_MS = 1_000;
const MAX_WRITE_WAIT_MS = 30_000;

/** Makes the keeper of a file. Nothing is asked for, or written, before its first step. */
export function createTokenFile({ renewal, place, clocks, onEvent }: TokenFileOptions): TokenFile {
  const writing = createWriting(place, clocks, onEvent);
  let [wake, isFailing] = [(): void => undefined, false];
  let watch: FolderWatch | undefined;
  let [isChanged, lookedMs, isFirst] = [false, clocks.monotonic(), true];

  // Of one renewal each step hears the same promise.
  let watched: Promise<boolean> | undefined;
  function renew(): void {
    const renewed = renewal.renewIfDue();
    if (renewed === undefined || renewed === watched) return;
    watched = renewed;
    renewed.then((isRenewed) => {
      watched = undefined;
      const failure = renewal.failure();
      if (!isRenewed && !isFailing && failure !== undefined) onEvent({ what: "failing", failure });
      else if (isRenewed && isFailing) onEvent({ what: "recovered" });
      isFailing = !isRenewed;
      wake();
    });
  }

  function listen(): void {
    if (watch?.isAlive() === true) return;
    watch?.close();
    watch = place.watch(() => {
      isChanged = true;
      wake();
    });
  }

  return Object.freeze({
    async step() {
      if (isFirst) await writing.begin();
      isFirst = false;
      const held = renewal.held(LAST_MS);
      // A freeze while it is written ends with what is over: it is looked at once more below.
      if (held !== undefined && held !== writing.written() && (await writing.write(held, renewal.leftMs(held)))) {
        renewal.show();
        listen();
      }
      // After that: what was written is not replaced at once, where it has to be used for a while.
      renew();
      const written = writing.written();
      if (written === undefined) return writing.removeStale();
      if (renewal.leftMs(written) <= LAST_MS) return writing.remove();
      const sinceMs = clocks.monotonic() - lookedMs;
      if (sinceMs < (isChanged ? RESTORE_EVERY_MS : LOOK_EVERY_MS)) return;
      [isChanged, lookedMs] = [false, clocks.monotonic()];
      await writing.restore(written);
      listen();
    },
    onWake(next: () => void) {
      wake = next;
    },
    close: () => watch?.close(),
  });
}

/** What was written, and what is written next. */
interface Writing {
  readonly written: () => Held | undefined;
  /** Looks at what another process has left. */
  begin(): Promise<void>;
  /** @returns whether it stands there now */
  write(held: Held, leftMs: number): Promise<boolean>;
  restore(held: Held): Promise<void>;
  /** Removes what was written, or another token that stands there by now and is over by this machine's clock. */
  remove(): Promise<void>;
  /** Does so with what another process has left, once that is over by this machine's clock. */
  removeStale(): Promise<void>;
}

function createWriting(place: TokenPlace, clocks: Clocks, onEvent: TokenFileOptions["onEvent"]): Writing {
  let written: Held | undefined;
  let [isReady, staleAtMs]: [boolean, number | undefined] = [false, undefined];
  const tried = createTries(clocks, onEvent);
  const isStale = (): boolean => staleAtMs !== undefined && clocks.now() >= staleAtMs;

  async function remove(): Promise<void> {
    let isRemoved = false;
    await tried(async () => {
      const present = await place.read();
      if (present !== undefined && present !== written?.token) {
        // Another process can have put a good token there since, which is looked after instead.
        written = undefined;
        staleAtMs = overAtMs(present);
        if (!isStale()) return;
      }
      await place.remove();
      isRemoved = true;
    }, true);
    if (!isRemoved) return;
    [written, staleAtMs] = [undefined, undefined];
    onEvent({ what: "removed" });
  }

  return {
    written: () => written,
    async begin() {
      staleAtMs = overAtMs(await place.read().catch(() => undefined));
    },
    async write(held, leftMs) {
      if (!(await tried(() => place.write(held.token)))) return false;
      [written, staleAtMs] = [held, undefined];
      onEvent({ what: isReady ? "renewed" : "ready", leftMs });
      isReady = true;
      return true;
    },
    async restore(held) {
      const isThere = async () => (await place.read()) === held.token;
      let isWritten = false;
      await tried(async () => {
        if (await isThere()) return;
        await place.write(held.token);
        isWritten = true;
      });
      if (isWritten) onEvent({ what: "restored" });
    },
    remove,
    async removeStale() {
      if (isStale()) await remove();
    },
  };
}

/** When a token has to leave the file by this machine's clock; `undefined` where it says no end. */
function overAtMs(token: string | undefined): number | undefined {
  const end = token === undefined ? undefined : endOf(token.trim());
  return end === undefined ? undefined : end * 1_000 - LAST_MS;
}

/** Tries, now and then where the disk fails, and tells of that once. What is over is removed as soon as that can be. */
function createTries(
  clocks: Clocks,
  onEvent: TokenFileOptions["onEvent"],
): (work: () => Promise<void>, isUrgent?: boolean) => Promise<boolean> {
  let [failures, nextMs] = [0, Number.NEGATIVE_INFINITY];
  return async (work, isUrgent = false) => {
    if (clocks.monotonic() < nextMs && !isUrgent) return false;
    try {
      await work();
      [failures, nextMs] = [0, Number.NEGATIVE_INFINITY];
      return true;
    } catch (error) {
      failures += 1;
      nextMs = clocks.monotonic() + Math.min(MAX_WRITE_WAIT_MS, 500 * 2 ** Math.min(failures, 10));
      if (failures === 1) onEvent({ what: "unwritable", failure: asFailure(error) });
      return false;
    }
  };
}

function asFailure(error: unknown): SignetError {
  if (isSignetError(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new SignetError("store_failed", `the file cannot be written (${code ?? "unknown"})`, { cause: error });
}
