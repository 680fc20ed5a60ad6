import { overviewOf } from "../operator/key-overview.js";
import type { ChangeUnderWay } from "./changes.js";
import type { KeysView } from "./contract.js";
import type { IssuerAtHand } from "./issuer-at-hand.js";
import { plainNames } from "./plain-names.js";

/** How the keys stand, what may be done from here, and what is being done. */
export async function keysView(issuer: IssuerAtHand, underWay: ChangeUnderWay | null = null): Promise<KeysView> {
  const [survey, rights] = await Promise.all([issuer.survey(), issuer.rights()]);
  const plain = plainNames(survey.keyring, Object.values(survey.unread));
  const plainly = <T extends { readonly words: string }>(each: T): T => ({ ...each, words: plain(each.words) });
  const overview = overviewOf(survey);
  return {
    ...overview,
    keys: overview.keys.map((card) => ({ ...card, why: plain(card.why) })),
    waits: overview.waits.map(plainly),
    alerts: overview.alerts.map(plain),
    health: { ...overview.health, items: overview.health.items.map(plainly) },
    place: issuer.place.words,
    rights,
    underWay: underWay && { change: underWay.change.change, steps: underWay.steps },
  };
}
