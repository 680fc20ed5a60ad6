import type { Installation } from "../assemble.js";
import { SignetError } from "../errors.js";
import { presentSeconds } from "../issue/issuer.js";
import { type Keyring, recordByKid } from "../keyring/keyring.js";
import type { KeyLives } from "../rotation/forecast/key-lives.js";
import type { AuditEntry } from "../rotation/plan/audit-entry.js";
import type { Report } from "../rotation/report.js";
import { assertExpected, markOfKeys } from "../rotation/session/mark.js";
import type { TokensAtRisk } from "../rotation/steps/revoke.js";
import { existingKeyring } from "./load-installation.js";
import {
  assertUnderWay,
  goesOnSigning,
  isNothingAtRisk,
  obstacleToReplacing,
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
  /** `null` where what the manager would do cannot be drawn from here. */
  readonly lives: KeyLives | null;
  readonly tokensAtRisk: RiskOfRevocation | null;
  /** The state of the keys that this is true of, as `markOfKeys` has it. */
  readonly mark: string;
  /** For how many seconds it is true: another thing may happen by itself then. `null` where nothing does. */
  readonly goodForSeconds: number | null;
}

/** What a revocation breaks. */
interface RiskOfRevocation {
  readonly isNone: boolean;
  readonly words: string;
}

/**
 * Says what a change would do, by the dry run of the manager that would carry it out. Nothing is changed.
 *
 * @param history the audit log's, for what is drawn of keys that are gone
 * @throws SignetError as the change itself, where it would be refused
 */
export async function previewChange(
  installation: Installation,
  changer: KeyChanger,
  change: KeyChange,
  history: readonly AuditEntry[],
): Promise<ChangePreview> {
  const keyring = await existingKeyring(installation);
  const mark = markOfKeys(keyring);
  const manager = await installation.manager();
  if (change.change === "rotate") {
    const { uploaded } = change;
    await assertRotatable(installation, uploaded);
    const report = await changer.rotate({ dryRun: true, uploaded });
    const lives = await manager.livesAfter({ rotate: { uploaded } }, report.actions, { history });
    const sentences = [
      ...(await rotationInWords(installation, report, { dryRun: true, uploaded })),
      ...reportInWords(report, true),
    ];
    return { sentences, lives, tokensAtRisk: null, mark, goodForSeconds: goodFor(report) };
  }
  const { kid, reason } = change;
  assertThere(keyring, kid);
  const report = await changer.revoke({ kid, ...(reason !== undefined && { reason }), dryRun: true });
  const lives = await manager.livesAfter({ revoke: kid }, report.actions, { history });
  const goesOn = await goesOnSigning(installation, report, kid);
  const obstacle = obstacleToReplacing(report);
  const warnings = [...[goesOn, obstacle].filter((words) => words !== undefined), ...youngSuccessor(report)].map(
    (words) => `warning: ${words}`,
  );
  const sentences = [...warnings, ...reportInWords(report, true)];
  return { sentences, lives, tokensAtRisk: riskOf(report.tokensAtRisk), mark, goodForSeconds: goodFor(report) };
}

function goodFor({ nextAt }: Report): number | null {
  return nextAt === null ? null : Math.max(0, nextAt - presentSeconds());
}

/**
 * Carries a change out.
 *
 * @param mark the state of the keys that a person has looked at
 * @param assertGood asked at the last moment: what was agreed to may be too old by then
 * @returns what was done, a sentence each
 * @throws SignetError `keyring_conflict` where the keys are in another state by now, and what the manager throws
 */
export async function carryOut(
  installation: Installation,
  changer: KeyChanger,
  change: KeyChange,
  mark: string,
  assertGood: () => void,
): Promise<readonly string[]> {
  // The manager judges the same under its lease: this is for what can be told at once.
  assertExpected(await existingKeyring(installation), mark);
  if (change.change === "rotate") {
    const { uploaded } = change;
    await assertRotatable(installation, uploaded);
    assertGood();
    // Who else has looked at the same keys, and is first, has asked for the same rotation.
    const report = await changer.rotate({ uploaded, token: mark, expected: mark });
    if (uploaded !== undefined) assertUnderWay(report, uploaded);
    return [...(await rotationInWords(installation, report, { uploaded })), ...reportInWords(report, false)];
  }
  const { kid, reason } = change;
  assertGood();
  return reportInWords(await changer.revoke({ kid, ...(reason !== undefined && { reason }), expected: mark }), false);
}

function assertThere(keyring: Keyring, kid: string): void {
  if (recordByKid(keyring, kid) !== undefined) return;
  throw new SignetError("key_not_found", "the keyring has no key of this kid: look again at those that it has", { field: "kid" });
}

function riskOf(risk: TokensAtRisk): RiskOfRevocation {
  return { isNone: isNothingAtRisk(risk), words: riskInWords(risk).join(". ") };
}
