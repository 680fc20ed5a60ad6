import type { Installation } from "../assemble.js";
import { SignetError } from "../errors.js";
import { recordByKid } from "../keyring/keyring.js";
import type { KeyLives } from "../rotation/forecast/key-lives.js";
import type { TokensAtRisk } from "../rotation/steps/revoke.js";
import { markOfKeys } from "./key-overview.js";
import { keyringMissing } from "./load-installation.js";
import {
  assertUnderWay,
  goesOnSigning,
  hasSignedNothing,
  reportInWords,
  riskInWords,
  rotationInWords,
  youngSuccessor,
} from "./report-words.js";
import type { KeyChanger } from "./stack-manager.js";
import { assertRotatable } from "./upload-parties.js";

/** A change of keys that a person wants: a rotation, also to a key that was uploaded, or the revocation of a key. */
export type KeyChange =
  | { readonly change: "rotate"; readonly uploaded?: string | undefined }
  | { readonly change: "revoke"; readonly kid: string; readonly reason?: string | undefined };

/** What a change would do. */
interface ChangePreview {
  /** What is to be known first, then what would be done, and what waits. */
  readonly sentences: readonly string[];
  readonly lives: KeyLives;
  readonly tokensAtRisk: { readonly until: number | null; readonly cachedUntil: number; readonly words: string } | null;
  /** The state of the keys that this is true of, as `markOfKeys` has it. */
  readonly mark: string;
}

/**
 * Says what a change would do, by the dry run of the manager that would carry it out. Nothing is changed.
 *
 * @throws SignetError as the change itself, where it would be refused
 */
export async function previewChange(installation: Installation, changer: KeyChanger, change: KeyChange): Promise<ChangePreview> {
  const mark = await presentMark(installation);
  const manager = await installation.manager();
  if (change.change === "rotate") {
    const { uploaded } = change;
    await assertRotatable(installation, uploaded);
    const report = await changer.rotate({ dryRun: true, uploaded });
    const lives = await manager.livesAfter({ rotate: { uploaded } });
    const sentences = [
      ...(await rotationInWords(installation, report, { dryRun: true, uploaded })),
      ...reportInWords(report, true),
    ];
    return { sentences, lives, tokensAtRisk: null, mark };
  }
  const { kid, reason } = change;
  await assertThere(installation, kid);
  const report = await changer.revoke({ kid, ...(reason !== undefined && { reason }), dryRun: true });
  const lives = await manager.livesAfter({ revoke: kid });
  const goesOn = await goesOnSigning(installation, report, kid);
  const warnings = [...(goesOn === undefined ? [] : [goesOn]), ...youngSuccessor(report)].map((words) => `warning: ${words}`);
  return { sentences: [...warnings, ...reportInWords(report, true)], lives, tokensAtRisk: riskOf(report.tokensAtRisk), mark };
}

/**
 * Carries a change out.
 *
 * @param mark the state of the keys that a person has looked at
 * @returns what was done, a sentence each
 * @throws SignetError `keyring_conflict` where the keys are in another state by now, and what the manager throws
 */
export async function carryOut(
  installation: Installation,
  changer: KeyChanger,
  change: KeyChange,
  mark: string,
): Promise<readonly string[]> {
  if ((await presentMark(installation)) !== mark) {
    throw new SignetError(
      "keyring_conflict",
      "the keys have changed since you looked, and nothing was done: look again at what would be done",
    );
  }
  if (change.change === "rotate") {
    const { uploaded } = change;
    await assertRotatable(installation, uploaded);
    // The manager judges this under its lease: who else has looked at the same keys, and is first, has asked for the same rotation.
    const report = await changer.rotate({ uploaded, token: mark });
    if (uploaded !== undefined) assertUnderWay(report, uploaded);
    return [...(await rotationInWords(installation, report, { uploaded })), ...reportInWords(report, false)];
  }
  const { kid, reason } = change;
  return reportInWords(await changer.revoke({ kid, ...(reason !== undefined && { reason }) }), false);
}

async function presentMark(installation: Installation): Promise<string> {
  const found = await installation.stores.keyring.read();
  if (found === undefined) throw keyringMissing(installation);
  return markOfKeys(found.keyring);
}

async function assertThere({ stores }: Installation, kid: string): Promise<void> {
  const found = await stores.keyring.read();
  if (found !== undefined && recordByKid(found.keyring, kid) !== undefined) return;
  throw new SignetError("key_not_found", "the keyring has no key of this kid: look again at those that it has", { field: "kid" });
}

function riskOf(risk: TokensAtRisk): ChangePreview["tokensAtRisk"] {
  const { latestExpiry: until, cachedUntil } = risk;
  return hasSignedNothing(risk) ? null : { until, cachedUntil, words: riskInWords(risk).join(". ") };
}
