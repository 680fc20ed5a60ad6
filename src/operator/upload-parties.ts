import { algorithmNamed, isSame } from "../algorithms/table.js";
import type { Installation } from "../assemble.js";
import type { Config } from "../config/schema.js";
import { asArgument } from "../encoding/shell-argument.js";
import { SignetError } from "../errors.js";
import { recordByKid } from "../keyring/keyring.js";
import { algorithmsTaken } from "../relying-parties/algorithms-taken.js";
import { partiesNamed } from "../relying-parties/index.js";
import type { RelyingParty } from "../relying-parties/relying-party.js";
import { handsOut, type Upload, uploadOf } from "../relying-parties/uploads.js";
import { nextKeys } from "../rotation/plan/successor.js";
import { listKeys } from "./key-listing.js";
import { assertKeyTaken, handingParty } from "./party-keys.js";

/** The parties of a config to which keys are uploaded, or which hand them out. */
export function partiesByUpload({ for: own = [] }: Pick<Config, "for">): readonly RelyingParty[] {
  return partiesNamed(own).filter(({ ways: [first] }) => isByHand(first));
}

/**
 * Refuses a rotation that could not be: a key would be made for who makes the keys itself, or would not be taken, or would sign before it is
 * known there.
 *
 * @param uploaded the key of which a person says that it is there
 * @throws SignetError `plan_refused`, `unsupported_algorithm`, `usage`
 */
export async function assertRotatable(installation: Installation, uploaded: string | undefined): Promise<void> {
  if (uploaded !== undefined) return assertTaken(installation, uploaded);
  const parties = partiesByUpload(installation.config);
  assertMadeHere(parties);
  await assertMayUpload(parties, installation, false);
}

/**
 * Refuses to make a key for who makes the keys itself.
 *
 * @throws SignetError `plan_refused`
 */
export function assertMadeHere(parties: readonly RelyingParty[]): void {
  const handing = parties.find(handsOut);
  if (handing === undefined) return;
  throw new SignetError(
    "plan_refused",
    `${handing.name} makes the keys itself, and knows none that is made here: get the next one there, then ` +
      "`signet keys import FILE --as active` lets it sign",
  );
}

/**
 * Refuses, before a key is made for parties, what they would not take, and a rotation that would let it sign before they have it.
 *
 * @param isAsked they are named by the command, and not by the config alone
 * @throws SignetError `usage` where nothing is pasted at one, `unsupported_algorithm`, and `plan_refused` where keys are let sign by no word
 */
export async function assertMayUpload(
  parties: readonly RelyingParty[],
  { config, stores }: Installation,
  isAsked: boolean,
): Promise<void> {
  const keyring = (await stores.keyring.read())?.keyring;
  if (keyring === undefined) return;
  const { policy } = keyring;
  const next = nextKeys(keyring)[0]?.publicJwk;
  for (const party of parties) {
    uploadAt(party);
    assertTakes(party, next?.alg ?? policy.algorithm, next === undefined ? "the next key" : `the key ${next.kid}`);
  }
  const isSet = config.rotation.byUpload === true;
  const first = parties.find((party) => isSet || (isAsked && isOnlyGiven(party)));
  if (first === undefined || policy.byUpload === true) return;
  const set = isSet ? "" : "set rotation.byUpload to true and rotation.rotateEverySeconds to 0 in the config, ";
  throw new SignetError(
    "plan_refused",
    `the next key would sign before ${first.name} has it, since rotation.byUpload is not in force: ${set}run \`signet keys apply\`, then this again`,
    { field: "rotation.byUpload" },
  );
}

// Also what was imported, or made, before the config said whom the tokens are for.
async function assertTaken({ config, stores }: Installation, kid: string): Promise<void> {
  const keyring = (await stores.keyring.read())?.keyring;
  const record = keyring && recordByKid(keyring, kid);
  if (record?.publicJwk === undefined) return;
  if (record.origin === "created") assertMadeHere(partiesByUpload(config));
  assertKeyTaken(config, { publicJwk: record.publicJwk, custody: record.custody }, true);
}

/** What lets another key sign where keys are uploaded, in words. */
export async function wayOfSuccession(installation: Installation): Promise<string> {
  const [next] = (await listKeys(installation)).awaitUpload;
  if (next?.publicJwk !== undefined)
    return `\`signet keys rotate --uploaded ${asArgument(next.publicJwk.kid)}\` lets the next one sign`;
  if (handingParty(installation.config) !== undefined)
    return "`signet keys import FILE --as active` lets the next one sign that you get there";
  return "`signet keys rotate` makes it, `signet keys rotate --uploaded KID` lets it sign";
}

/** @throws SignetError `unsupported_algorithm` where a party takes no such key */
export function assertTakes(party: RelyingParty, alg: string, key: string): void {
  const taken = algorithmsTaken(party);
  if (taken === undefined || taken.some((name) => isSame(algorithmNamed(name), algorithmNamed(alg)))) return;
  throw new SignetError("unsupported_algorithm", `${party.name} takes ${taken.join(", ")}, and ${key} signs ${alg}`);
}

/** How a key is given to a party. @throws SignetError `usage` where nothing is pasted there */
export function uploadAt(party: RelyingParty): Upload {
  const upload = uploadOf(party);
  if (upload !== undefined) return upload;
  const why = handsOut(party)
    ? "makes the keys itself: nothing of ours is pasted there; `signet keys import FILE` takes the next one over"
    : `reads the keys at a URL: nothing is pasted there (\`signet doctor --for ${party.id}\` says what it needs)`;
  throw new SignetError("usage", `${party.name} ${why}`);
}

// One that may ask a URL as well can have the key before it signs.
function isOnlyGiven({ ways }: RelyingParty): boolean {
  return ways.every(isByHand);
}

function isByHand({ by: { value } }: RelyingParty["ways"][number]): boolean {
  return value === "pem" || value === "jwks" || value === "file";
}
