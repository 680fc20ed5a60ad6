import type { ActiveDocument } from "../../keyring/active-document.js";
import type { Keyring } from "../../keyring/keyring.js";
import { PLACE_REST_SECONDS } from "./policy.js";

/** What an allocation looks at. */
export interface PlacesView {
  readonly keyring: Pick<Keyring, "lastSequence" | "allocations">;
  /** How many names there are; `null` where each sequence has its own. */
  readonly places: number | null;
  /** The documents that were read. */
  readonly documents: readonly Pick<ActiveDocument, "sequence">[];
}

/**
 * The next sequence whose place is free and rested: a delete that was sent by a manager which slept since must not hit the
 * document that is written now.
 *
 * @param urgent takes the longest rested place where none has rested long enough
 * @returns `undefined` where every place is occupied or too young
 */
export function nextSequence(view: PlacesView, now: number, urgent: boolean): number | undefined {
  const first = view.keyring.lastSequence + 1;
  const { places } = view;
  if (places === null) return first;
  const candidates = Array.from({ length: places }, (_, offset) => first + offset)
    .map((sequence) => ({ sequence, freedAt: freedAt(view, sequence % places, places) }))
    .filter((candidate) => candidate.freedAt !== undefined);
  const rested = candidates.find((candidate) => (candidate.freedAt as number) + PLACE_REST_SECONDS <= now);
  if (rested !== undefined || !urgent) return rested?.sequence;
  return candidates.sort((a, b) => (a.freedAt as number) - (b.freedAt as number))[0]?.sequence;
}

/** Whether another document stands where a sequence's should. */
export function placeIsTaken({ places, documents }: PlacesView, sequence: number): boolean {
  return (
    places !== null && documents.some((other) => other.sequence !== sequence && other.sequence % places === sequence % places)
  );
}

/** The allocations worth remembering: those whose documents may stand, and those whose places still rest. */
export function rememberedAllocations(keyring: Keyring, now: number): Keyring["allocations"] {
  return keyring.allocations.filter(({ freedAt: at }) => at === undefined || at + PLACE_REST_SECONDS > now);
}

// When a place was freed last; negative infinity for one that was never used, undefined for one that is occupied.
function freedAt({ keyring, documents }: PlacesView, place: number, places: number): number | undefined {
  if (documents.some(({ sequence }) => sequence % places === place)) return undefined;
  const used = keyring.allocations.filter(({ sequence }) => sequence % places === place);
  if (used.some((allocation) => allocation.freedAt === undefined)) return undefined;
  return Math.max(Number.NEGATIVE_INFINITY, ...used.map((allocation) => allocation.freedAt as number));
}
