import type { Installation } from "../../assemble.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { recordByKid } from "../../keyring/keyring.js";
import { kidOf } from "../../operator/key-listing.js";
import { assertKeyTaken } from "../../operator/party-keys.js";
import type { NamedKey } from "../../operator/upload-text.js";
import type { RelyingParty } from "../../relying-parties/relying-party.js";
import { awaitingUpload, nextKeys } from "../../rotation/plan/successor.js";
import type { RotateReport } from "../../rotation/requests.js";
import type { Context } from "../context.js";
import { assertUnderWay, type ChangeOptions, managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { assertMadeHere, assertMayUpload, type Pasted, partiesGiven, pastedAt, printPasted, tellParting } from "../uploads.js";

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
  if (uploaded !== undefined) await assertTaken(installation, uploaded);
  const manager = await managerFor(context, installation);
  const report = await manager.rotate({ dryRun, uploaded });
  const next = uploaded === undefined && dryRun !== true ? await keyToUpload(installation) : undefined;
  const pasted = next === undefined ? [] : await Promise.all(parties.map((party) => pastedAt(party, installation, next)));
  if (options.json === true) {
    context.output.json(next === undefined ? report : { ...report, upload: { kid: next.publicJwk.kid, pasted } });
  } else {
    printReport(context, report, options);
    await tellOutcome(context, installation, report, options);
    if (next !== undefined) tellUpload(context, next, { parties, pasted }, options);
  }
  if (uploaded !== undefined) assertUnderWay(report, uploaded);
}

// Also what was imported, or made, before the config said whom the tokens are for.
async function assertTaken({ config, stores }: Installation, kid: string): Promise<void> {
  const keyring = (await stores.keyring.read())?.keyring;
  const record = keyring && recordByKid(keyring, kid);
  if (record?.publicJwk === undefined) return;
  if (record.origin === "created") assertMadeHere(partiesGiven(undefined, config));
  assertKeyTaken(config, { publicJwk: record.publicJwk, custody: record.custody }, true);
}

async function tellOutcome(
  { output }: Context,
  { stores }: Installation,
  report: RotateReport,
  { dryRun, uploaded }: RotateOptions,
): Promise<void> {
  const { rotated, waits, actions } = report;
  const waiting = waits.find(({ rule }) => rule === "second_standby" || (uploaded !== undefined && rule === "publish_ahead"));
  const other = actions.find(({ because }) => because !== undefined);
  if (rotated !== null) {
    const verb = dryRun === true ? "would rotate now: key" : "rotated: key";
    output.note(`${verb} ${rotated.to} signs in place of ${rotated.from}`);
    if (uploaded !== undefined) await tellParting(output, stores, rotated.from);
  } else if (other?.because === "first") output.note("the first key was made, and signs: there was none to rotate");
  else if (other !== undefined) output.note("this was no rotation: what was done to the active document stands above");
  if (rotated === null && waiting?.until != null) {
    output.note(`the rotation is scheduled: the first tick after ${dateInWords(waiting.until)} carries it out`);
    output.data(dateInWords(waiting.until));
  }
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
  { config }: RotateOptions,
): void {
  const place = config === undefined ? "" : ` --config ${asArgument(config)}`;
  output.note(`the next key is ${kid} (${alg}); it signs nothing before you have uploaded it, and said so`);
  for (const [index, each] of pasted.entries()) {
    const party = parties[index];
    if (party !== undefined) printPasted(output, party, `next: ${kid} (${alg})`, each);
  }
  if (parties.length === 0)
    output.note(`\`${self} keys pem ${asArgument(kid)} --for NAME${place}\` prints it as that place wants it`);
  output.note("once it is uploaded:");
  output.command(`  ${self} keys rotate --uploaded ${asArgument(kid)}${place}`);
}
