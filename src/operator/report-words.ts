import type { Installation } from "../assemble.js";
import { dateInWords } from "../encoding/times-in-words.js";
import { SignetError } from "../errors.js";
import { settled } from "../rotation/reading.js";
import type { Report } from "../rotation/report.js";
import type { RevokeReport, RotateReport } from "../rotation/requests.js";
import type { TokensAtRisk } from "../rotation/steps/revoke.js";
import { SLOWEST_CACHE_SECONDS } from "../settings/times.js";
import { presentPartingWords } from "./key-listing.js";
import { wayOfSuccession } from "./upload-parties.js";

/** Whether something was done, or would be, and which key was said to be uploaded. */
interface Telling {
  readonly dryRun?: boolean | undefined;
  readonly uploaded?: string | undefined;
}

/** What was done, or would be, and what waits for what, a sentence each. */
export function reportInWords(report: Report, isDry: boolean): readonly string[] {
  const { actions, alerts, strays, waits, nextAt } = report;
  return [
    ...(actions.length === 0 ? [isDry ? "nothing would be done" : "nothing had to be done"] : []),
    ...actions.map(({ words }) => (isDry ? `would ${planned(words)}` : `done: ${words}`)),
    ...alerts.map((words) => `look at this: ${words}`),
    ...strays.map(({ words }) => `found: ${words}`),
    ...waits.map(({ words }) => `waits: ${isDry ? planned(words) : words}`),
    ...(nextAt === null ? [] : [`next: ${dateInWords(nextAt)}`]),
  ];
}

// A key that would be made has no name yet, and is called "new key 1" where others have theirs.
function planned(words: string): string {
  return words.replaceAll("key new key ", "new key ");
}

/** What became of a rotation that was asked for, or would, a sentence each. */
export async function rotationInWords(
  installation: Installation,
  report: RotateReport,
  { dryRun, uploaded }: Telling,
): Promise<readonly string[]> {
  const { rotated, actions } = report;
  const at = scheduledAt(report, uploaded);
  const [is, carries] = dryRun === true ? ["would be", "would carry"] : ["is", "carries"];
  const scheduled =
    at === undefined ? [] : [`the rotation ${is} scheduled: the first tick after ${dateInWords(at)} ${carries} it out`];
  if (rotated !== null) {
    const verb = dryRun === true ? "would rotate now: key" : "rotated: key";
    const done = `${verb} ${rotated.to} signs in place of ${rotated.from}`;
    if (uploaded === undefined) return [done];
    // What was done is told whatever can be read afterwards.
    const { answer: parting } = await settled(presentPartingWords(installation, rotated.from));
    return parting === undefined ? [done] : [done, parting];
  }
  const other = actions.find(({ because }) => because !== undefined);
  if (other?.because === "first") return ["the first key was made, and signs: there was none to rotate", ...scheduled];
  if (other !== undefined) return ["this was no rotation: what was done to the active document stands above", ...scheduled];
  return scheduled;
}

/** When a rotation that waits is carried out, as NumericDate; `undefined` where it does not wait for a time. */
export function scheduledAt({ rotated, waits }: RotateReport, uploaded?: string): number | undefined {
  if (rotated !== null) return undefined;
  const waiting = waits.find(({ rule }) => rule === "second_standby" || (uploaded !== undefined && rule === "publish_ahead"));
  return waiting?.until ?? undefined;
}

/** Which tokens a revocation breaks, a sentence each. */
export function riskInWords(risk: TokensAtRisk): readonly string[] {
  const { issuedFrom, issuedUntil, latestExpiry, cachedUntil } = risk;
  const cached = `caches may still hold it, and accept its tokens, until ${dateInWords(cachedUntil)}`;
  if (isNothingAtRisk(risk)) {
    const hasSigned = issuedUntil !== null || latestExpiry !== judgedAt(risk);
    return [hasSigned ? `the last of its tokens ended ${dateInWords(risk.latestExpiry)}` : "it has signed no token here", cached];
  }
  const from = issuedFrom === null ? "an unknown time" : dateInWords(issuedFrom);
  const until = issuedUntil === null ? "an unknown time" : dateInWords(issuedUntil);
  const expiry = latestExpiry === null ? "they may have no end" : `the last ends ${dateInWords(latestExpiry)}`;
  return [`tokens at risk: all that it signed from ${from} to ${until} at the latest; ${expiry}`, cached];
}

/** Whether no token of a key is in use: it has signed none, or the last one, of this issuer or another, has ended. */
export function isNothingAtRisk(risk: TokensAtRisk): risk is TokensAtRisk & { readonly latestExpiry: number } {
  return risk.latestExpiry !== null && risk.latestExpiry <= judgedAt(risk);
}

// By the clock of the manager that has judged, which may be another machine's.
function judgedAt({ cachedUntil }: TokensAtRisk): number {
  return cachedUntil - SLOWEST_CACHE_SECONDS;
}

/**
 * Why a key that is revoked goes on signing, and what ends that; `undefined` where it does not.
 *
 * @param preview of a dry run
 */
export async function goesOnSigning(installation: Installation, preview: RevokeReport, kid: string): Promise<string | undefined> {
  // The wait of the key that signs: no other one may take over.
  if (!preview.waits.some((wait) => wait.rule === "by_upload" && wait.kid === kid)) return undefined;
  return (
    `no other key is known to who verifies, so that ${kid} goes on signing until one is and takes over: ` +
    `${await wayOfSuccession(installation)}. ` +
    "Delete this one at the other side: only that ends its tokens there"
  );
}

/**
 * Why no key could be made after a revocation, and what becomes of the revoked one: a standby takes over without a new one.
 *
 * @param preview of a dry run
 * @returns `undefined` where one could be made, or none would be
 */
export function obstacleToReplacing({ obstacle, actions }: RevokeReport): string | undefined {
  if (obstacle === undefined) return undefined;
  // What is activated after a key was made is that key.
  const next = actions.find(({ kind }) => kind === "activate" || kind === "make" || kind === "finish-making");
  const meanwhile =
    next?.kind === "activate"
      ? "The key is revoked all the same, and a standby takes over"
      : "A key that signs is revoked all the same, and signs on until another one is proven";
  return `${obstacle}. ${meanwhile}`;
}

/** What else a person has to know before a key is revoked: some verifiers refuse its successor's tokens for a while. */
export function youngSuccessor({ waits }: Report): readonly string[] {
  return waits.filter(({ rule }) => rule === "young_standby").map(({ words }) => words);
}

/**
 * Fails where a key of which a person has said that it was uploaded was not let sign, and no time will do it.
 *
 * @throws SignetError `key_unusable`
 */
export function assertUnderWay({ rotated, waits, alerts }: RotateReport, uploaded: string): void {
  if (rotated !== null || waits.some(({ kid, until }) => kid === uploaded && until !== null)) return;
  const why = [...alerts, ...waits.map(({ words }) => words)].join("; ");
  throw new SignetError("key_unusable", `key ${uploaded} does not sign yet${why === "" ? "" : `: ${why}`}`);
}
