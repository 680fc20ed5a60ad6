import { overviewOf } from "../operator/key-overview.js";
import type { ChangeUnderWay } from "./changes.js";
import type { KeysView } from "./contract.js";
import type { IssuerAtHand } from "./issuer-at-hand.js";

/** How the keys stand, what may be done from here, and what is being done. */
export async function keysView(issuer: IssuerAtHand, underWay: ChangeUnderWay | null = null): Promise<KeysView> {
  const [survey, rights] = await Promise.all([issuer.survey(), issuer.rights()]);
  return {
    ...overviewOf(survey),
    place: issuer.place,
    rights,
    underWay: underWay && { change: underWay.change.change, steps: underWay.steps },
  };
}
