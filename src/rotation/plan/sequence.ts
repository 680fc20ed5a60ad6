import type { ActiveDocument } from "../../keyring/active-document.js";
import type { Keyring } from "../../keyring/keyring.js";
import { SLOT_REST_SECONDS } from "./policy.js";

/** What an allocation looks at. */
export interface SlotsView {
  readonly keyring: Pick<Keyring, "lastSequence" | "allocations">;
  /** How many names there are; `null` where each sequence has its own. */
  readonly slots: number | null;
  /** The documents that were read. */
  readonly documents: readonly Pick<ActiveDocument, "sequence">[];
}

/**
 * The next sequence whose slot is free and rested: a delete that was sent by a manager which slept since must not hit the
 * document that is written now.
 *
 * @param urgent takes the longest rested slot where none has rested long enough
 * @returns `undefined` where every slot is occupied or too young
 */
export function nextSequence(view: SlotsView, now: number, urgent: boolean): number | undefined {
  const first = view.keyring.lastSequence + 1;
  const { slots } = view;
  if (slots === null) return first;
  const candidates = Array.from({ length: slots }, (_, offset) => first + offset)
    .map((sequence) => ({ sequence, freedAt: freedAt(view, sequence % slots, slots) }))
    .filter((candidate) => candidate.freedAt !== undefined);
  const rested = candidates.find((candidate) => (candidate.freedAt as number) + SLOT_REST_SECONDS <= now);
  if (rested !== undefined || !urgent) return rested?.sequence;
  return candidates.sort((a, b) => (a.freedAt as number) - (b.freedAt as number))[0]?.sequence;
}

/** Whether another document stands where a sequence's should. */
export function isSlotTaken({ slots, documents }: SlotsView, sequence: number): boolean {
  return slots !== null && documents.some((other) => other.sequence !== sequence && other.sequence % slots === sequence % slots);
}

/** The allocations worth remembering: those whose documents may stand, and those whose slots still rest. */
export function rememberedAllocations(keyring: Keyring, now: number): Keyring["allocations"] {
  return keyring.allocations.filter(({ freedAt: at }) => at === undefined || at + SLOT_REST_SECONDS > now);
}

// When a slot was freed last; negative infinity for one that was never used, undefined for one that is occupied.
function freedAt({ keyring, documents }: SlotsView, slot: number, slots: number): number | undefined {
  if (documents.some(({ sequence }) => sequence % slots === slot)) return undefined;
  const used = keyring.allocations.filter(({ sequence }) => sequence % slots === slot);
  if (used.some((allocation) => allocation.freedAt === undefined)) return undefined;
  return Math.max(Number.NEGATIVE_INFINITY, ...used.map((allocation) => allocation.freedAt as number));
}
