import { findCustody } from "../custody/registry.js";
import { webUrlOf } from "../encoding/url-of.js";
import { SignetError, shortened } from "../errors.js";
import { jwksUrlOf } from "../keyring/documents.js";
import { type Choice, choose, exclusionInWords } from "../relying-parties/choose.js";
import { asksIssuer, exclusionAmong } from "../relying-parties/exclusions.js";
import { FACT_NAMES, FACTS, type FactName, type Facts } from "../relying-parties/facts.js";
import { partiesNamed, RELYING_PARTIES } from "../relying-parties/index.js";
import { factFor, factsOf, ownChoice } from "../relying-parties/own-choices.js";
import type { RelyingParty } from "../relying-parties/relying-party.js";
import { handsOut } from "../relying-parties/uploads.js";
import type { KeyPlace } from "../relying-parties/url-faults.js";
import { ruleSaid } from "../relying-parties/words.js";
import type { ImportedKey } from "../rotation/steps/import-key.js";
import { reachOfHost } from "../verify/reach.js";
import { type ChosenMembers, custodyAsked, type InitialOptions } from "./initial-config.js";
import { assertNameThere, partyNaming } from "./party-keys.js";
import type { Surroundings } from "./surroundings.js";

/** What an issuer for some parties is made of, as it was given. */
export interface PartyWishes
  extends Facts,
    Pick<InitialOptions, "issuer" | "allowInsecureIssuer" | "algorithm" | "ed25519Name" | "custody"> {
  /** Where the first key comes from, if it was made elsewhere, and what it is to be called. */
  readonly import?: string;
  readonly kid?: string;
}

/** What has to be known and was not given: facts, by their flags, the issuer's URL, where the first key is, and what it is called. */
export type Unknown = FactName | "issuer" | "import" | "kid";

/**
 * The parties of some names, each once, of which no two exclude each other.
 *
 * @throws SignetError `usage`
 */
export function partiesFor(names: readonly string[]): readonly RelyingParty[] {
  const parties = partiesNamed(names);
  const excluded = exclusionAmong(parties);
  if (excluded !== undefined) throw new SignetError("usage", `--for: ${exclusionInWords(excluded)}`);
  return parties;
}

/**
 * What parties need to be known that was not given.
 *
 * @throws SignetError `usage` for a flag that none of them wants, and for an issuer's URL beside an `iss` that is none
 */
export function unknownTo(
  surroundings: Pick<Surroundings, "env">,
  parties: readonly RelyingParty[],
  given: PartyWishes,
): readonly Unknown[] {
  const { env } = surroundings;
  const wanted = new Set(parties.flatMap(factsOf));
  for (const name of FACT_NAMES) if (given[name] !== undefined && !wanted.has(name)) throw unwanted(name, parties);
  const named = parties.find((party) => ownChoice(party).iss !== undefined);
  const issuer = given.issuer ?? (env.SIGNET_ISSUER || undefined);
  if (named !== undefined && issuer !== undefined) {
    const what = given.issuer === undefined ? "SIGNET_ISSUER: unset it" : "--issuer: leave it out";
    throw new SignetError("usage", `the iss of tokens for ${named.id} is no URL, and none is wanted beside it (${what})`);
  }
  const isIssuerUnknown = named === undefined && issuer === undefined && parties.some(asksIssuer);
  const unknown: readonly (Unknown | false)[] = [
    isIssuerUnknown && "issuer",
    ...[...wanted].filter((name) => given[name] === undefined),
    given.import === undefined && parties.some(handsOut) && "import",
    given.kid === undefined && partyNaming(parties) !== undefined && "kid",
  ];
  return unknown.filter((each) => each !== false);
}

/** Refuses such flags where no parties are named. @throws SignetError `usage` */
export function assertNoFacts(given: PartyWishes): void {
  const name = FACT_NAMES.find((each) => given[each] !== undefined);
  if (name !== undefined) throw unwanted(name, []);
}

/**
 * Chooses what all of some parties accept, of what was given.
 *
 * @param given with all that `unknownTo` asks for
 * @throws SignetError `usage`
 */
export function chooseFor(surroundings: Surroundings, parties: readonly RelyingParty[], given: PartyWishes): Choice {
  const facts: Facts = Object.fromEntries(
    parties.flatMap(factsOf).map((name) => [name, factFor(parties, name, given[name] ?? "")]),
  );
  const issuer = placeOf(surroundings, given);
  const jwksUrl = issuer && jwksUrlOf(issuer.url);
  const choice = choose(parties, { facts, issuer, jwksUrl, isImported: given.import !== undefined });
  return withAlgorithm(withName(surroundings, choice, given), algorithmAsked(surroundings, given));
}

/** What a choice makes of a new config. */
export function membersOf({ parties, tokens, limits, rotation }: Choice): ChosenMembers {
  return {
    for: parties.map(({ id }) => id),
    ...(Object.keys(tokens).length > 0 && { tokens }),
    limits,
    // A key that the other side has to know first is let sign by a person's word, made here or there.
    rotation: rotation === "schedule" ? {} : { rotateEverySeconds: 0, byUpload: true },
  };
}

/**
 * A choice as it is with the key that signs first: where the key's custodian names it, tokens say the name that it has at the other side; where a
 * party has a name of its own for it, which did not come with the key, tokens name none.
 *
 * @param kids what `tokens.kids` says of the key; absent where its own name is the one at the other side
 */
export function withKey(choice: Choice, imported: ImportedKey | undefined, kids: Choice["tokens"]["kids"]): Choice {
  const { tokens, parties, reasons } = choice;
  if (kids !== undefined) return { ...choice, tokens: { ...tokens, kids } };
  const party = parties.find((each) => ownChoice(each).namesKeyLater === true);
  const isNamed = imported === undefined || ("kid" in imported && imported.kid !== undefined);
  if (party === undefined || isNamed || tokens.kid === false) return choice;
  const reason = { member: "tokens.kid", value: "false", party: party.id, rule: ruleSaid(party, "kid") };
  return { ...choice, tokens: { ...tokens, kid: false }, reasons: [...reasons, reason] };
}

function unwanted(name: FactName, parties: readonly RelyingParty[]): SignetError {
  const who = RELYING_PARTIES.filter((party) => factsOf(party).includes(name)).map(({ id }) => id);
  const { flag } = FACTS[name];
  const asked = parties.length === 0 ? "and --for names none" : `and not for ${parties.map(({ id }) => id).join(", ")}`;
  return new SignetError("usage", `${flag} is for ${who.join(", ")}, ${asked}: leave it out, or name one of these with --for`);
}

// What cannot be an issuer's URL at all is refused with the config.
function placeOf({ env }: Surroundings, given: PartyWishes): KeyPlace | undefined {
  const url = given.issuer ?? (env.SIGNET_ISSUER || undefined);
  const found = url === undefined ? undefined : webUrlOf(url);
  if (url === undefined || found === undefined) return undefined;
  const { hostname } = found;
  // Only a resolver knows where other names lead, and a name without a dot is one of the network's own.
  const reach = reachOfHost(hostname) ?? (hostname.includes(".") ? "public" : "private");
  const allowsInsecure = given.allowInsecureIssuer ?? env.SIGNET_ALLOW_INSECURE_ISSUER === "true";
  return { url, isPublic: reach === "public", allowsInsecure };
}

// The other side finds its key by the name that it gave it. Where the custodian names keys itself, the tokens say that name all the same.
function withName(surroundings: Surroundings, choice: Choice, given: PartyWishes): Choice {
  const { tokens, parties, reasons } = choice;
  const party = partyNaming(parties);
  if (party === undefined) return choice;
  assertNameThere(party, given.kid ?? "");
  if (findCustody(custodyAsked(surroundings, given))?.namesImports !== true) return choice;
  const reason = { member: "tokens.kids", value: "of the key", party: party.id, rule: ruleSaid(party, "kid") };
  return { ...choice, tokens: { ...tokens, kids: {} }, reasons: [...reasons, reason] };
}

function algorithmAsked({ env }: Surroundings, given: PartyWishes): string | undefined {
  const asked = given.algorithm ?? (env.SIGNET_ALGORITHM || undefined);
  if (asked !== "EdDSA" && asked !== "Ed25519") return asked;
  return given.ed25519Name ?? (env.SIGNET_ED25519_NAME || "EdDSA");
}

// One that was asked for is the only one.
function withAlgorithm(choice: Choice, asked: string | undefined): Choice {
  if (asked === undefined) return choice;
  const { algorithms, parties, reasons } = choice;
  if (!algorithms.includes(asked)) {
    const who = parties.map(({ id }) => id).join(", ");
    throw new SignetError(
      "usage",
      `--algorithm: ${shortened(asked)} is not taken by all of ${who}; these are: ${algorithms.join(", ")}`,
    );
  }
  const reason = { member: "algorithm", value: asked, rule: "you asked for it, and all of them take it" };
  return { ...choice, algorithms: [asked], reasons: [reason, ...reasons.slice(1)] };
}
