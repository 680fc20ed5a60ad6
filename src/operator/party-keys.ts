import { type PublicJwk, thumbprint } from "../algorithms/jwk.js";
import { type AlgorithmName, algorithmNamed, isSame } from "../algorithms/table.js";
import type { Config } from "../config/schema.js";
import { findCustody } from "../custody/registry.js";
import { ownMember } from "../encoding/own-member.js";
import { asArgument } from "../encoding/shell-argument.js";
import { SignetError } from "../errors.js";
import type { Custody } from "../keyring/key-record.js";
import { algorithmsTaken, takenByAll } from "../relying-parties/algorithms-taken.js";
import { partiesNamed } from "../relying-parties/index.js";
import { ruleValue } from "../relying-parties/notation.js";
import { ownChoice } from "../relying-parties/own-choices.js";
import type { RelyingParty } from "../relying-parties/relying-party.js";
import { handsOut } from "../relying-parties/uploads.js";
import type { ImportedKey } from "../rotation/steps/import-key.js";

/** Parties, and what all of them verify, the best first. */
interface Takers {
  readonly parties: readonly RelyingParty[];
  readonly algorithms: readonly string[];
}

/** A key whose tokens parties are to take. */
interface KeyToTake {
  readonly publicJwk: PublicJwk;
  readonly custody: Custody;
}

type PartyConfig = Pick<Config, "for" | "tokens">;

/** Those whom an issuer's tokens are for, by its config; `undefined` where it names none. */
function takersOf({ for: ids = [] }: PartyConfig): Takers | undefined {
  if (ids.length === 0) return undefined;
  const parties = partiesNamed(ids);
  return { parties, algorithms: takenByAll(parties) };
}

/** Whether the config says of keys what a key has to be held against. */
export function judgesKeys(config: PartyConfig): boolean {
  return takersOf(config) !== undefined || config.tokens?.certificates !== undefined;
}

/** The first of those whom an issuer's tokens are for that makes the private keys itself. */
export function handingParty(config: PartyConfig): RelyingParty | undefined {
  return takersOf(config)?.parties.find(handsOut);
}

/** What the config says of those whom its tokens are for that cannot be, in words; none where it fits. */
export function doubtsOfParties(config: Pick<Config, "for" | "algorithm">): readonly string[] {
  const takers = takersOf(config);
  if (takers === undefined || isTaken(takers.algorithms, config.algorithm)) return [];
  return [`algorithm (${config.algorithm}) is not taken by all that \`for\` names: ${takenInWords(takers)}`];
}

/**
 * Refuses an algorithm that not all of those take whom the tokens are for.
 *
 * @param where what names it, for the error
 * @throws SignetError `usage`
 */
export function assertAlgorithmTaken(config: PartyConfig, algorithm: string, where: string): void {
  const takers = takersOf(config);
  if (takers === undefined || isTaken(takers.algorithms, algorithm)) return;
  throw new SignetError("usage", `${where}: ${algorithm} is not taken by all that \`for\` names: ${takenInWords(takers)}`);
}

/**
 * A key that was made elsewhere, with an algorithm that all parties take: its own, or another of its type.
 *
 * @throws SignetError `usage` where there is none
 */
export function fittingKey({ algorithms, parties }: Takers, imported: ImportedKey): ImportedKey {
  const { kty, crv } = algorithmNamed(imported.algorithm);
  if ("existing" in imported || algorithms.includes(imported.algorithm)) return imported;
  const found = algorithms.find((name) => {
    const other = algorithmNamed(name);
    return other.kty === kty && (kty === "RSA" || other.crv === crv);
  });
  if (found !== undefined) return { ...imported, algorithm: algorithmNamed(found).name };
  const who = parties.map(({ id }) => id).join(", ");
  throw new SignetError(
    "usage",
    `the key that is to be imported is ${kty}${crv === undefined ? "" : ` ${crv}`}, and ${who} takes ${algorithms.join(", ")}: import another one`,
  );
}

/**
 * A key that is imported later, as those take it whom the tokens are for.
 *
 * @param asked the algorithm that was asked for: it is the only one then
 * @throws SignetError `usage`
 */
export function keyForParties(config: PartyConfig, imported: ImportedKey, asked: AlgorithmName | undefined): ImportedKey {
  const takers = takersOf(config);
  if (takers === undefined) return imported;
  if (asked === undefined && !("existing" in imported)) return fittingKey(takers, imported);
  assertAlgorithmTaken(config, imported.algorithm, asked === undefined ? "the key in KMS" : "--algorithm");
  return imported;
}

/**
 * Refuses a key whose tokens would not be taken, or not be issued at all.
 *
 * @param willSign it is let sign now: its certificate has to be known where tokens name one
 * @throws SignetError `plan_refused`, with what to do
 */
export function assertKeyTaken(config: PartyConfig, key: KeyToTake, willSign: boolean): void {
  const takers = takersOf(config);
  const { kid, alg } = key.publicJwk;
  if (takers !== undefined && !isTaken(takers.algorithms, alg))
    throw new SignetError("plan_refused", `the key ${kid} signs ${alg}: ${takenInWords(takers)}`, { field: "algorithm" });
  if (takers !== undefined) assertNamed(config, takers, key);
  if (willSign) assertCertified(config, key);
}

/** The name under which the other side finds a key; `undefined` where only we have named it. */
function nameThere({ tokens }: PartyConfig, { publicJwk, custody }: KeyToTake): string | undefined {
  const ours = thumbprint(publicJwk);
  const told = tokens?.kids && ownMember<string>(tokens.kids, ours);
  if (told !== undefined) return told;
  const isKept = findCustody(custody)?.namesImports !== true && publicJwk.kid !== ours;
  return isKept ? publicJwk.kid : undefined;
}

function assertNamed(config: PartyConfig, { parties }: Takers, key: KeyToTake): void {
  const party = partyNaming(parties);
  if (party === undefined) return;
  const name = nameThere(config, key);
  const wanted = ownChoice(party).forms?.kid;
  if (name !== undefined && (wanted === undefined || wanted.form.test(name))) return;
  const finds = `${party.id} finds a key by its kid (${nameThereInWords(party)})`;
  const isNamedByCustody = findCustody(key.custody)?.namesImports === true;
  const told = isNamedByCustody ? lineOfKids(key.publicJwk) : "give --kid";
  const why = name === undefined && isNamedByCustody ? `, and the custody ${key.custody} names keys itself` : "";
  const form = name === undefined ? "" : `, and ${name} is none`;
  throw new SignetError("plan_refused", `${finds}${why}${form}: ${told}`, { field: "kid" });
}

/** The party that hands keys out, and finds them by its own names for them. */
export function partyNaming(parties: readonly RelyingParty[]): RelyingParty | undefined {
  return parties.find((party) => handsOut(party) && ruleValue(party.kid) === "required");
}

/** What such a party's name for a key is, in words. */
export function nameThereInWords({ kid }: RelyingParty): string {
  return kid.basis === "?" ? "its name there" : (kid.about ?? "its name there");
}

/** @throws SignetError `usage` for a name that is none of that party's */
export function assertNameThere(party: RelyingParty, kid: string): void {
  const wanted = ownChoice(party).forms?.kid;
  if (wanted === undefined || wanted.form.test(kid)) return;
  throw new SignetError("usage", `--kid must be ${wanted.title}: ${nameThereInWords(party)}`);
}

/** Whether tokens give the name that a key has here to another one, whose name it is at the other side. */
export function isNameOfAnother({ tokens }: PartyConfig, publicJwk: PublicJwk): boolean {
  const { kids = {} } = tokens ?? {};
  return ownMember(kids, thumbprint(publicJwk)) === undefined && Object.values(kids).includes(publicJwk.kid);
}

/** What to do where tokens shall name a key otherwise than the keyring does. */
export function lineOfKids(key: Omit<PublicJwk, "kid" | "use">, kid = "KID"): string {
  return `add ${JSON.stringify(thumbprint(key))}: ${JSON.stringify(kid)} to tokens.kids of the config (in a stack: its parameter Tokens)`;
}

// An issuer refuses to sign with a key of which it does not know the certificate that it has to name.
function assertCertified({ tokens }: PartyConfig, { publicJwk: { kid } }: KeyToTake): void {
  const certificates = tokens?.certificates;
  if (certificates === undefined || ownMember<string>(certificates, kid) !== undefined) return;
  throw new SignetError(
    "plan_refused",
    `tokens.certificates does not name ${kid}, so that no token would be issued: once the keyring has the key (\`signet keys import\` without ` +
      `--as active, \`signet keys rotate\`), \`signet keys pem ${asArgument(kid)} --for entra\` says its thumbprint`,
    { field: "tokens.certificates" },
  );
}

function isTaken(algorithms: readonly string[], name: string): boolean {
  return algorithms.some((taken) => isSame(algorithmNamed(taken), algorithmNamed(name)));
}

function takenInWords({ parties, algorithms }: Takers): string {
  const who = parties.map(({ id }) => id).join(", ");
  if (algorithms.length > 0) return `${who} takes ${algorithms.join(", ")}`;
  return parties.map((party) => `${party.id} takes ${(algorithmsTaken(party) ?? ["what is not said"]).join(", ")}`).join("; ");
}
