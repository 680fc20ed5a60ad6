import type { Installation } from "../../assemble.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { activeRecord, type Keyring, recordByKid } from "../../keyring/keyring.js";
import { kidNamed } from "../../operator/kid-prefix.js";
import { existingKeyring } from "../../operator/load-installation.js";
import { handingParty } from "../../operator/party-keys.js";
import { type NamedKey, pemOf } from "../../operator/upload-text.js";
import type { RelyingParty } from "../../relying-parties/relying-party.js";
import { handsOut } from "../../relying-parties/uploads.js";
import { awaitingUpload, nextKeys, publishedStandbys, readyAt } from "../../rotation/plan/successor.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";
import { type Pasted, partiesGiven, pastedAt, printPasted } from "../uploads.js";

export interface PemOptions extends CommonOptions {
  readonly current?: boolean;
  readonly next?: boolean;
  /** Who gets them, in the form that each wants. */
  readonly for?: string;
}

interface Chosen {
  readonly slot: "current" | "next" | "key";
  readonly record: NamedKey;
}

/** `signet keys pem`: the public keys for verifiers that hold pasted ones, one slot for each, or one key by its kid. */
export async function keysPem(context: Context, given: string | undefined, options: PemOptions): Promise<void> {
  const { output } = context;
  if (given !== undefined && (options.current === true || options.next === true))
    throw new SignetError("usage", "a KID names the key already: leave out --current and --next, or the KID");
  const installation = await openInstallation(context, options);
  const named = partiesGiven(options.for, installation.config);
  // By default who hands keys out is passed over, since it takes none.
  const parties = options.for === undefined ? named.filter((party) => !handsOut(party)) : named;
  const keyring = await existingKeyring(installation);
  const chosen =
    given === undefined
      ? slotsOf(keyring, options, handingParty(installation.config) !== undefined)
      : [{ slot: "key" as const, record: keyOf(keyring, given) }];
  const standby = nextOf(keyring);
  const next = given === undefined || standby?.id === chosen[0]?.record.id ? standby : undefined;
  const isAwaited = next !== undefined && awaitingUpload(keyring).includes(next);
  const notBefore = next?.publishedAt === undefined || isAwaited ? null : readyAt(next, keyring.policy);
  if (parties.length === 0) {
    const pems = chosen.map(({ slot, record: { publicJwk } }) => {
      const { kid, alg } = publicJwk;
      return { slot, kid, alg, pem: pemOf(publicJwk) };
    });
    if (options.json === true) return output.json({ keys: pems, nextSignsNotBefore: notBefore });
    for (const { slot, kid, alg, pem } of pems) {
      output.note(`${slot}: ${kid} (${alg})`);
      output.exact(pem);
    }
  } else {
    const keys: Printed[] = [];
    for (const party of parties) keys.push(...(await pastedOf(party, installation, chosen)));
    if (options.json === true)
      return output.json({ keys: keys.map(({ slot, pasted }) => ({ slot, ...pasted })), nextSignsNotBefore: notBefore });
    for (const { party, words, pasted } of keys) printPasted(output, party, words, pasted);
  }
  if (isAwaited)
    output.note(
      `the next key signs once you say that it was uploaded: \`signet keys rotate --uploaded ${asArgument(next.publicJwk?.kid ?? "KID")}\``,
    );
  if (notBefore === null) return;
  const ready = dateInWords(notBefore);
  output.note(`the next key does not sign before ${ready}, unless the current one is revoked: paste it before`);
}

/** What is printed for a party. */
interface Printed {
  readonly party: RelyingParty;
  readonly slot: Chosen["slot"] | null;
  readonly words: string;
  readonly pasted: Pasted;
}

async function pastedOf(party: RelyingParty, installation: Installation, chosen: readonly Chosen[]): Promise<readonly Printed[]> {
  const found: Printed[] = [];
  for (const { slot, record } of chosen) {
    const { kid, alg } = record.publicJwk;
    const pasted = await pastedAt(party, installation, record);
    // The set holds every key.
    if (pasted.kid === null) return [{ party, slot: null, words: `with ${kid} (${alg})`, pasted }];
    found.push({ party, slot, words: `${slot}: ${kid} (${alg})`, pasted });
  }
  return found;
}

function nextOf(keyring: Keyring): KeyRecord | undefined {
  return nextKeys(keyring)[0] ?? publishedStandbys(keyring)[0];
}

function slotsOf(keyring: Keyring, options: PemOptions, isHanded: boolean): Chosen[] {
  const both = options.current !== true && options.next !== true;
  const next = nextOf(keyring);
  // Where keys are uploaded there is none until one was asked for.
  const isThere = next !== undefined || keyring.policy.byUpload !== true;
  const current = both || options.current === true ? [inSlot("current", activeRecord(keyring), "tick")] : [];
  if (options.next !== true && !(both && isThere)) return current;
  return [...current, inSlot("next", next, keyring.policy.byUpload === true ? (isHanded ? "import FILE" : "rotate") : "tick")];
}

function inSlot(slot: "current" | "next", record: KeyRecord | undefined, command: string): Chosen {
  if (record?.publicJwk !== undefined) return { slot, record: { ...record, publicJwk: record.publicJwk } };
  throw new SignetError("key_not_found", `there is no ${slot} key yet: run \`signet keys ${command}\``);
}

function keyOf(keyring: Keyring, given: string): NamedKey {
  const record = recordByKid(keyring, kidNamed(keyring, given));
  if (record?.publicJwk !== undefined) return { ...record, publicJwk: record.publicJwk };
  throw new SignetError("key_not_found", "the keyring has no key of this kid: `signet keys list` shows those that it has");
}
