import { randomBytes } from "node:crypto";
import { turns } from "../encoding/turns.js";
import { SignetError } from "../errors.js";
import { carryOut, type KeyChange, previewChange } from "../operator/key-changes.js";
import type { ChangeLine, ChangeRequest, PreviewAnswer, PreviewRequest } from "./contract.js";
import type { IssuerAtHand } from "./issuer-at-hand.js";
import { keysView } from "./keys-view.js";
import { failingPlainly, plainNamesOf } from "./plain-names.js";

/** What a person has looked at, and may have done. */
interface Previewed {
  readonly change: KeyChange;
  readonly mark: string;
  readonly expiresAt: number;
}

/** A change that is being carried out, with the steps so far. */
export interface ChangeUnderWay {
  readonly change: KeyChange;
  readonly steps: readonly string[];
}

/** Shows changes of keys, and carries out what was shown. */
export interface Changes {
  preview(request: PreviewRequest): Promise<PreviewAnswer>;
  /**
   * Carries out what was previewed.
   *
   * @param told told of each step before it is done
   * @returns the last line
   * @throws SignetError `keyring_conflict` where nothing of that name was previewed lately, or the keys have changed since; `usage` where what
   *   has to be typed was not; and what the manager throws
   */
  carryOut(request: ChangeRequest, told: (line: ChangeLine) => void): Promise<ChangeLine>;
  /** The change that is under way and began first; `null` where none is. */
  underWay(): ChangeUnderWay | null;
  /** Resolves once all changes that are under way have ended, however they end. */
  settled(): Promise<void>;
}

/** A person reads it, and decides. */
const KEPT_MS = 600_000;
/** As many can be open in a person's tabs. */
const MAX_KEPT = 32;

/** Makes what shows and carries out the changes of an issuer's keys. @param now milliseconds on a clock that is never set */
export function createChanges(issuer: IssuerAtHand, now: () => number): Changes {
  const previews: KeptPreviews = keptPreviews(now);
  const running = new Map<ChangeUnderWay, Promise<unknown>>();

  // One change at a time: each has a manager of its own.
  const inTurn = turns();

  async function carry(previewed: Previewed, onStep: (step: string) => void): Promise<ChangeLine> {
    const { change, mark } = previewed;
    const installation = await issuer.installation();
    const plain = await plainNamesOf(installation);
    const changer = await issuer.changer((step) => onStep(plain(step)));
    const assertGood = () => previews.assertGood(previewed);
    const sentences = await failingPlainly(plain, carryOut(installation, changer, change, mark, assertGood));
    // What was done is done, whatever can be read afterwards.
    return { done: { sentences: sentences.map(plain), keys: await keysView(issuer).catch(() => null) } };
  }

  return Object.freeze({
    async preview(change: PreviewRequest) {
      const installation = await issuer.installation();
      // Without its log it draws no keys of the past.
      const read = await issuer.log().catch(() => undefined);
      const changer = await issuer.changer(() => undefined);
      const plain = await plainNamesOf(installation);
      const found = await failingPlainly(plain, previewChange(installation, changer, change, read?.log.history ?? []));
      const { mark, goodForSeconds, lives, tokensAtRisk } = found;
      return {
        preview: previews.keep({ change, mark }, goodForSeconds),
        sentences: found.sentences.map(plain),
        lives,
        tokensAtRisk,
        confirm: wordFor(change),
      };
    },
    async carryOut({ preview, confirm }: ChangeRequest, told: (line: ChangeLine) => void): Promise<ChangeLine> {
      const previewed = previews.take(preview, ({ change }) => assertTyped(change, confirm));
      const steps: string[] = [];
      const underWay = { change: previewed.change, steps };
      const onStep = telling(steps, told);
      const ending = inTurn(() => carry(previewed, onStep)).finally(() => running.delete(underWay));
      running.set(underWay, ending);
      return ending;
    },
    underWay: () => running.keys().next().value ?? null,
    settled: () => Promise.allSettled(running.values()).then(() => undefined),
  });
}

interface KeptPreviews {
  /** @returns its name */
  keep(previewed: Omit<Previewed, "expiresAt">, goodForSeconds: number | null): string;
  /**
   * Takes a preview away, before anything is done: what was looked at once is done once.
   *
   * @param agreed throws where it is not agreed to: then it stays
   * @throws SignetError `keyring_conflict` where there is none
   */
  take(name: string, agreed: (previewed: Previewed) => void): Previewed;
  /** @throws SignetError `keyring_conflict` where it is none, or has grown too old */
  assertGood(previewed: Previewed | undefined): asserts previewed is Previewed;
}

function keptPreviews(now: () => number): KeptPreviews {
  const previews = new Map<string, Previewed>();

  function assertGood(previewed: Previewed | undefined): asserts previewed is Previewed {
    if (previewed !== undefined && previewed.expiresAt > now()) return;
    throw new SignetError(
      "keyring_conflict",
      "what was looked at was done already, or is too old, and nothing was done now: look again at what would be done",
    );
  }

  return {
    keep(previewed, goodForSeconds) {
      const name = randomBytes(16).toString("base64url");
      const keptMs = Math.min(KEPT_MS, (goodForSeconds ?? Number.POSITIVE_INFINITY) * 1_000);
      previews.set(name, { ...previewed, expiresAt: now() + keptMs });
      const [oldest] = previews.keys();
      if (previews.size > MAX_KEPT && oldest !== undefined) previews.delete(oldest);
      return name;
    },
    take(name, agreed) {
      const found = previews.get(name);
      if (found !== undefined) agreed(found);
      previews.delete(name);
      assertGood(found);
      return found;
    },
    assertGood,
  };
}

/** What has to be typed. */
function wordFor(change: KeyChange): string | null {
  return change.change === "revoke" ? change.kid : null;
}

// The page asks as well; this is for whatever else has the session.
function assertTyped(change: KeyChange, confirm: string | undefined): void {
  const wanted = wordFor(change);
  if (wanted === null || confirm === wanted) return;
  throw new SignetError("usage", "nothing was done: the kid of the key that is to be revoked has to be typed in full", {
    field: "confirm",
  });
}

function telling(steps: string[], told: (line: ChangeLine) => void): (step: string) => void {
  return (step) => {
    steps.push(step);
    told({ step });
  };
}
