import type { Config } from "../../src/config/schema.js";
import { chooseFor, membersOf, type PartyWishes, partiesFor, unknownTo } from "../../src/operator/init-for.js";
import { wantedConfig } from "../../src/operator/initial-config.js";
import type { Choice } from "../../src/relying-parties/choose.js";
import { asksIssuer } from "../../src/relying-parties/exclusions.js";
import type { Facts } from "../../src/relying-parties/facts.js";
import { partyNamed } from "../../src/relying-parties/index.js";
import { factsOf } from "../../src/relying-parties/own-choices.js";
import { handsOut } from "../../src/relying-parties/uploads.js";

export const ISSUER = "https://issuer.example";
const SURROUNDINGS = { env: {}, cwd: "/srv/issuer", self: "signet" };

/** What a user would say of each party's side. */
export const GIVEN: Required<Facts> = {
  appId: "Iv23liAbCdEfGhIjKlMn",
  teamId: "A1B2C3D4E5",
  issuerId: "57246542-96fe-1a63-e053-0824d011072a",
  bundleId: "com.example.app",
  account: "myorg-account1",
  user: "ci",
  serviceAccount: "ci@my-project.iam.gserviceaccount.com",
  clientId: "6731de76-14a6-49ae-97bc-6eba6914391e",
};

/** What is given instead of what is usual, or left out. */
export type Instead = { readonly [Name in keyof PartyWishes]?: PartyWishes[Name] | undefined };

/** What `init --for` is told of some parties: as much as they need, and no more. */
function wishesFor(ids: readonly string[], more: Instead = {}): PartyWishes {
  const parties = ids.map(partyNamed);
  const facts = Object.fromEntries(parties.flatMap(factsOf).map((name) => [name, GIVEN[name]]));
  const all = {
    ...facts,
    ...(parties.some(asksIssuer) && { issuer: ISSUER }),
    ...(parties.some(handsOut) && { import: "key.pem", kid: "ABC123DEFG" }),
    ...more,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as PartyWishes;
}

/** What `init --for` chooses and writes, without keys. */
export function madeFor(ids: readonly string[], more: Instead = {}): { readonly choice: Choice; readonly config: Config } {
  const wishes = wishesFor(ids, more);
  const parties = partiesFor(ids);
  const unknown = unknownTo(SURROUNDINGS, parties, wishes);
  if (unknown.length > 0) throw new Error(`more is unknown for ${ids.join(", ")}: ${unknown.join(", ")}`);
  const choice = chooseFor(SURROUNDINGS, parties, wishes);
  const { issuer, allowInsecureIssuer } = wishes;
  const options = {
    ...(issuer !== undefined && { issuer }),
    ...(allowInsecureIssuer !== undefined && { allowInsecureIssuer }),
    algorithm: choice.algorithms[0],
    chosen: membersOf(choice),
  };
  const { config } = wantedConfig(SURROUNDINGS, options, "/srv/issuer/signet.json");
  return { choice, config };
}
