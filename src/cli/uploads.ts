import { algorithmNamed, isSame } from "../algorithms/table.js";
import type { Installation } from "../assemble.js";
import type { Config } from "../config/schema.js";
import { SignetError } from "../errors.js";
import { jwksMissing } from "../operator/load-installation.js";
import { bodyOf, certificateOf, type NamedKey, pemOf } from "../operator/upload-text.js";
import { partyNamed } from "../relying-parties/index.js";
import { ruleValue } from "../relying-parties/notation.js";
import type { RelyingParty } from "../relying-parties/relying-party.js";
import { handsOut, type Upload, type UploadForm, uploadOf } from "../relying-parties/uploads.js";
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
  if (option !== undefined) return namesGiven(option, "--for").map(partyNamed);
  const isGiven = ({ ways: [{ by }] }: RelyingParty) => by.value === "pem" || by.value === "jwks" || by.value === "file";
  return own.map(partyNamed).filter(isGiven);
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
 * What a party wants of a key.
 *
 * @throws SignetError `usage` where nothing is pasted there, `unsupported_algorithm` where it takes no such key
 */
export async function pastedAt(party: RelyingParty, installation: Installation, record: NamedKey): Promise<Pasted> {
  const { form } = uploadAt(party);
  const { kid, alg } = record.publicJwk;
  const known = ruleValue(party.algorithms);
  const taken = [...(known ?? []), ...(ruleValue(party.optIn)?.algorithms ?? [])];
  if (known !== undefined && !taken.some((name) => isSame(algorithmNamed(name), algorithmNamed(alg)))) {
    throw new SignetError("unsupported_algorithm", `${party.name} takes ${taken.join(", ")}, and the key ${kid} signs ${alg}`);
  }
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
