import type { Installation } from "../assemble.js";
import type { Config } from "../config/schema.js";
import { jwksMissing } from "../operator/load-installation.js";
import { assertTakes, partiesByUpload, uploadAt } from "../operator/upload-parties.js";
import { bodyOf, certificateOf, type NamedKey, pemOf } from "../operator/upload-text.js";
import { partiesNamed } from "../relying-parties/index.js";
import type { RelyingParty } from "../relying-parties/relying-party.js";
import type { UploadForm } from "../relying-parties/uploads.js";
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
export function partiesGiven(option: string | undefined, config: Pick<Config, "for">): readonly RelyingParty[] {
  return option === undefined ? partiesByUpload(config) : partiesNamed(namesGiven(option, "--for"));
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
