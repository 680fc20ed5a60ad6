import type { Installation } from "../../assemble.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { kidOf } from "../../operator/key-listing.js";
import { assertUnderWay, rotationInWords, scheduledAt } from "../../operator/report-words.js";
import { assertMadeHere, assertMayUpload, assertRotatable } from "../../operator/upload-parties.js";
import type { NamedKey } from "../../operator/upload-text.js";
import type { RelyingParty } from "../../relying-parties/relying-party.js";
import { awaitingUpload, nextKeys } from "../../rotation/plan/successor.js";
import type { RotateReport } from "../../rotation/requests.js";
import type { Context } from "../context.js";
import { type ChangeOptions, managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { type Pasted, partiesGiven, pastedAt, printPasted } from "../uploads.js";

export interface RotateOptions extends ChangeOptions {
  /** The key that was uploaded, and shall sign. */
  readonly uploaded?: string;
  /** Who gets the next key. */
  readonly for?: string;
}

/**
 * `signet keys rotate`: the next key signs at the earliest safe instant, which is printed. Where keys are uploaded it is made, and what goes
 * where is printed; `--uploaded KID` then lets it sign.
 */
export async function keysRotate(context: Context, options: RotateOptions): Promise<void> {
  const { uploaded: given, dryRun } = options;
  const installation = await openInstallation(context, options);
  const parties = partiesGiven(options.for, installation.config);
  if (given === undefined) {
    assertMadeHere(parties);
    await assertMayUpload(parties, installation, options.for !== undefined);
  }
  const uploaded = given === undefined ? undefined : await kidOf(installation, given);
  if (uploaded !== undefined) await assertRotatable(installation, uploaded);
  const manager = await managerFor(context, installation);
  const report = await manager.rotate({ dryRun, uploaded });
  const next = uploaded === undefined && dryRun !== true ? await keyToUpload(installation) : undefined;
  const pasted = next === undefined ? [] : await Promise.all(parties.map((party) => pastedAt(party, installation, next)));
  if (options.json === true) {
    context.output.json(next === undefined ? report : { ...report, upload: { kid: next.publicJwk.kid, pasted } });
  } else {
    printReport(context, report, options);
    await tellOutcome(context, installation, report, options);
    if (next !== undefined) tellUpload(context, next, { parties, pasted });
  }
  if (uploaded !== undefined) assertUnderWay(report, uploaded);
}

async function tellOutcome(
  { output }: Context,
  installation: Installation,
  report: RotateReport,
  { dryRun, uploaded }: RotateOptions,
): Promise<void> {
  for (const words of await rotationInWords(installation, report, { dryRun, uploaded })) output.note(words);
  const at = scheduledAt(report, uploaded);
  if (at !== undefined) output.data(dateInWords(at));
}

/** The key that waits to be uploaded; `undefined` where none does, or keys are not uploaded here. */
async function keyToUpload({ stores }: Installation): Promise<NamedKey | undefined> {
  const keyring = (await stores.keyring.read())?.keyring;
  const [next] = keyring === undefined ? [] : nextKeys(keyring);
  if (keyring === undefined || next?.publicJwk === undefined || !awaitingUpload(keyring).includes(next)) return undefined;
  return { ...next, publicJwk: next.publicJwk };
}

function tellUpload(
  { output, self }: Context,
  { publicJwk: { kid, alg } }: NamedKey,
  { parties, pasted }: { readonly parties: readonly RelyingParty[]; readonly pasted: readonly Pasted[] },
): void {
  output.note(`the next key is ${kid} (${alg}); it signs nothing before you have uploaded it, and said so`);
  for (const [index, each] of pasted.entries()) {
    const party = parties[index];
    if (party !== undefined) printPasted(output, party, `next: ${kid} (${alg})`, each);
  }
  if (parties.length === 0) output.note(`\`${self} keys pem ${asArgument(kid)} --for NAME\` prints it as that place wants it`);
  output.note("once it is uploaded:");
  output.command(`  ${self} keys rotate --uploaded ${asArgument(kid)}`);
}
