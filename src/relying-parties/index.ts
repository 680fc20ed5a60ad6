import { SignetError } from "../errors.js";
import { AWS } from "./aws.js";
import { CLIENT_ASSERTIONS } from "./client-assertions.js";
import { CLOUDS } from "./clouds.js";
import { PARTY_IDS } from "./ids.js";
import { LIBRARIES } from "./libraries.js";
import { CLASSIC, ruleValue } from "./notation.js";
import { partiesMeant } from "./other-names.js";
import { PLATFORM_FEDERATIONS, PLATFORM_VERIFIERS } from "./platforms.js";
import type { RelyingParty } from "./relying-party.js";
import { SELF_SIGNED } from "./self-signed.js";

/** Who takes our tokens. The order is that of the answers and of the page. */
export const RELYING_PARTIES: readonly RelyingParty[] = [
  ...AWS,
  ...PLATFORM_VERIFIERS,
  ...LIBRARIES,
  ...CLOUDS,
  ...PLATFORM_FEDERATIONS,
  ...SELF_SIGNED,
  ...CLIENT_ASSERTIONS,
];

/** Those that take tokens of an issuer with a URL. */
export const ISSUER_PARTIES: readonly RelyingParty[] = RELYING_PARTIES.filter(({ kind }) => kind !== "self-signed");

/** The algorithms that every party of an issuer's takes, as far as it is said what they take. */
export const KNOWN_TO_ALL: readonly string[] = CLASSIC.filter((name) =>
  ISSUER_PARTIES.every(({ algorithms }) => ruleValue(algorithms)?.includes(name) ?? true),
);

/**
 * The party of an id, in capital letters too.
 *
 * @throws SignetError `usage`, which names the one that was most likely meant
 */
export function partyNamed(id: string): RelyingParty {
  const party = RELYING_PARTIES.find((each) => each.id === id.toLowerCase());
  if (party !== undefined) return party;
  throw new SignetError("usage", `--for knows no ${id}${partiesMeant(id)}; it knows ${PARTY_IDS.join(", ")}`);
}

/** The parties of some ids, each once, in their order. @throws SignetError `usage` as `partyNamed` does */
export function partiesNamed(ids: readonly string[]): readonly RelyingParty[] {
  return [...new Set(ids.map(partyNamed))];
}
