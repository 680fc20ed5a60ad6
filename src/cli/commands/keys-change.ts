import type { AlgorithmName } from "../../algorithms/table.js";
import type { Installation } from "../../assemble.js";
import { parseDuration } from "../../encoding/durations.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { kidOf } from "../../operator/key-listing.js";
import { lossOfEncryption } from "../../operator/passphrase-use.js";
import { assertWell } from "../../rotation/report.js";
import type { ApplyRequest } from "../../rotation/steps/apply-policy.js";
import { confirm } from "../confirm.js";
import type { Context } from "../context.js";
import { type ChangeOptions, managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { algorithmGiven, namesGiven } from "../typed.js";

/** `signet keys tick`: one run of the manager. */
export async function keysTick(context: Context, options: ChangeOptions): Promise<void> {
  const installation = await openInstallation(context, options);
  const manager = await managerFor(context, installation);
  const report = await manager.tick({ dryRun: options.dryRun, looksForLog: true });
  printReport(context, report, options);
  assertWell(report);
}

export interface ApplyOptions extends ChangeOptions {
  readonly algorithm?: string;
  readonly verifiersAccept?: string;
}

/** `signet keys apply`: puts what the config says of keys and limits in force. */
export async function keysApply(context: Context, options: ApplyOptions): Promise<void> {
  const installation = await openInstallation(context, options);
  const manager = await managerFor(context, installation);
  await warnOfLoss(context, installation);
  printReport(context, await manager.applySettings({ ...acceptance(options), keyFiles: true, dryRun: options.dryRun }), options);
}

/** Warns, before it is done, where keys that are encrypted under a passphrase are followed by keys that are not. */
export async function warnOfLoss({ output, env }: Context, installation: Pick<Installation, "config" | "stores">): Promise<void> {
  const loss = await lossOfEncryption(installation, env);
  if (loss !== undefined) output.note(`warning: ${loss}`);
}

/** What the operator says that verifiers accept. */
export function acceptance({ verifiersAccept }: ApplyOptions): ApplyRequest {
  if (verifiersAccept === undefined) return {};
  return {
    verifiersAccept: namesGiven(verifiersAccept, "--verifiers-accept").map(
      (name): AlgorithmName => algorithmGiven(name, "--verifiers-accept").name,
    ),
  };
}

export interface ExpiryOptions extends ChangeOptions {
  readonly tokensExpireBy: string;
}

/** `signet keys expire`: the operator's word on when the last token of a key ends. */
export async function keysExpire(context: Context, given: string, options: ExpiryOptions): Promise<void> {
  const tokensExpireBy = instantOf(options.tokensExpireBy);
  const installation = await openInstallation(context, options);
  const kid = await kidOf(installation, given);
  const manager = await managerFor(context, installation);
  const { dryRun } = options;
  if (dryRun !== true) {
    const question = `No token of ${kid} is accepted after ${dateInWords(tokensExpireBy)}, and the key is removed then?`;
    await confirm(question, options);
  }
  printReport(context, await manager.setTokensExpireBy({ kid, tokensExpireBy, dryRun }), options);
}

/** A date (`2027-01-31`, `2027-01-31T12:00:00Z`), a NumericDate, or a duration from now (`30d`). */
export function instantOf(text: string): number {
  if (/^\d{10,12}$/.test(text)) return Number(text);
  if (/^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text)) {
    const milliseconds = Date.parse(text);
    // A day that its month does not have is taken for one of the next.
    const day = new Date(text.slice(0, 10)).getUTCDate();
    if (!Number.isNaN(milliseconds) && day === Number(text.slice(8, 10))) return Math.ceil(milliseconds / 1_000);
  }
  try {
    return presentSeconds() + parseDuration(text, "--tokens-expire-by");
  } catch {
    throw new SignetError("usage", "--tokens-expire-by takes a date such as 2027-01-31, or a duration from now such as 30d");
  }
}
