import { algorithmNamed, isSame } from "../algorithms/table.js";
import type { Installation } from "../assemble.js";
import type { Config } from "../config/schema.js";
import { SignetError } from "../errors.js";
import { presentSeconds } from "../issue/issuer.js";
import { recordByKid } from "../keyring/keyring.js";
import { partingWords } from "../operator/key-listing.js";
import { jwksMissing } from "../operator/load-installation.js";
import { bodyOf, certificateOf, type NamedKey, pemOf } from "../operator/upload-text.js";
import { algorithmsTaken } from "../relying-parties/algorithms-taken.js";
import { partiesNamed } from "../relying-parties/index.js";
import type { RelyingParty } from "../relying-parties/relying-party.js";
import { handsOut, type Upload, type UploadForm, uploadOf } from "../relying-parties/uploads.js";
import { nextKeys } from "../rotation/plan/successor.js";
import type { Output } from "./output.js";
import { namesGiven } from "./typed.js";

/** What is pasted at a party. */
export interface Pasted {
  readonly for: string;
  /** The key; `null` where it is the set of all that are published. */
  readonly kid: string | null;
  readonly form: UploadForm;
  readonly text: string;
  /** Of a certificate: its SHA-256, as `x5t#S256` has it. */
  readonly thumbprint?: string;
  /** Of a certificate: false where another run makes another one. */
  readonly isStable?: boolean;
}

/**
 * The parties that `--for` names; without it those of the config to which keys are uploaded, or which hand them out.
 *
 * @throws SignetError `usage`
 */
export function partiesGiven(option: string | undefined, { for: own = [] }: Pick<Config, "for">): readonly RelyingParty[] {
  if (option !== undefined) return partiesNamed(namesGiven(option, "--for"));
  return partiesNamed(own).filter(({ ways: [first] }) => isByHand(first));
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

/**
 * What a party wants of a key.
 *
 * @throws SignetError `usage` where nothing is pasted there, `unsupported_algorithm` where it takes no such key
 */
export async function pastedAt(party: RelyingParty, installation: Installation, record: NamedKey): Promise<Pasted> {
  const { form } = uploadAt(party);
  const { kid, alg } = record.publicJwk;
  assertTakes(party, alg, `the key ${kid}`);
  if (form === "jwks") {
    const published = await installation.stores.publicDocuments.read();
    if (published === undefined) throw jwksMissing(installation);
    return { for: party.id, kid: null, form, text: JSON.stringify(published.jwks, null, 2) };
  }
  if (form !== "certificate") {
    const pem = pemOf(record.publicJwk);
    return { for: party.id, kid, form, text: form === "body" ? bodyOf(pem) : pem };
  }
  const { pem, thumbprint, isStable } = await certificateOf(installation, record);
  return { for: party.id, kid, form, text: pem, thumbprint, isStable };
}

// One that may ask a URL as well can have the key before it signs.
function isOnlyGiven({ ways }: RelyingParty): boolean {
  return ways.every(isByHand);
}

function isByHand({ by: { value } }: RelyingParty["ways"][number]): boolean {
  return value === "pem" || value === "jwks" || value === "file";
}

function assertTakes(party: RelyingParty, alg: string, key: string): void {
  const taken = algorithmsTaken(party);
  if (taken === undefined || taken.some((name) => isSame(algorithmNamed(name), algorithmNamed(alg)))) return;
  throw new SignetError("unsupported_algorithm", `${party.name} takes ${taken.join(", ")}, and ${key} signs ${alg}`);
}

function uploadAt(party: RelyingParty): Upload {
  const upload = uploadOf(party);
  if (upload !== undefined) return upload;
  const why = handsOut(party)
    ? "makes the keys itself: nothing of ours is pasted there; `signet keys import FILE` takes the next one over"
    : `reads the keys at a URL: nothing is pasted there (\`signet doctor --for ${party.id}\` says what it needs)`;
  throw new SignetError("usage", `${party.name} ${why}`);
}

const FORM_WORDS: Readonly<Record<UploadForm, string>> = {
  spki: "its public key as a PEM",
  body: "its public key, without the first and last line of the PEM",
  certificate: "its certificate",
  jwks: "the set of all published keys",
};

/**
 * Prints what is pasted: the text on stdout, where it goes on stderr.
 *
 * @param what the key in words, "current: KID (RS256)"
 */
export function printPasted(output: Output, party: RelyingParty, what: string, pasted: Pasted): void {
  const { form, kid, text, thumbprint, isStable } = pasted;
  const { place } = uploadAt(party);
  output.note(`${party.name}, ${what}: ${FORM_WORDS[form]}`);
  if (form === "jwks") output.jsonText(text);
  else output.exact(text);
  if (place !== undefined) output.note(`  it goes there by: ${place}`);
  if (thumbprint === undefined || party.id !== "entra") return;
  output.note("  before the key signs, its thumbprint has to stand in tokens.certificates of signet.json:");
  output.command(`    ${JSON.stringify(kid)}: ${JSON.stringify(thumbprint)}`);
  if (isStable === false)
    output.note("  each run makes another certificate of this key, with another thumbprint: keep the one that you upload");
}

/** Says what to do at the other side with a key in whose place another one signs. */
export async function tellParting(output: Output, { keyring }: Installation["stores"], from: string): Promise<void> {
  const found = await keyring.read();
  if (found === undefined) return;
  const { keyring: present } = found;
  output.note(partingWords(from, recordByKid(present, from), present.policy, presentSeconds()));
}
