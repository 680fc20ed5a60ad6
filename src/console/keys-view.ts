import { overviewOf } from "../operator/key-overview.js";
import type { KeysView } from "./contract.js";
import type { IssuerAtHand } from "./issuer-at-hand.js";

/** How the keys stand, and what may be done from here. */
export async function keysView(issuer: IssuerAtHand): Promise<KeysView> {
  const [survey, rights] = await Promise.all([issuer.survey(), issuer.rights()]);
  return { ...overviewOf(survey), place: issuer.place, rights };
}
