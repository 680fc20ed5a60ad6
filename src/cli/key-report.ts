import type { Installation } from "../assemble.js";
import { ownMember } from "../encoding/own-member.js";
import { dateInWords } from "../encoding/times-in-words.js";
import { SignetError } from "../errors.js";
import type { Manager } from "../rotation/manager.js";
import type { Report } from "../rotation/report.js";
import type { RotateReport } from "../rotation/requests.js";
import type { CommonOptions, Context } from "./context.js";
import type { Output } from "./output.js";
import type { Look } from "./style.js";

/** What the commands that change keys have in common. */
export interface ChangeOptions extends CommonOptions {
  readonly dryRun?: boolean;
}

const LOOKS = { active: "good", pending: "warn", creating: "warn", revoked: "bad", "active, revoked": "bad" } as const;

/** A key's state in its colour; what is retired has none. */
export function paintState({ paint }: Pick<Output, "paint">, state: string): string {
  const look = ownMember<Look>(LOOKS, state);
  return look === undefined ? state : paint(state, look);
}

/** A manager that tells its progress on a terminal. */
export function managerFor({ output }: Context, installation: Installation): Promise<Manager> {
  const onStep = ({ words }: { readonly words: string }): void => {
    if (output.isWatched) output.note(`  ${words}`);
  };
  return installation.manager({ onStep });
}

/** Says what was done, or would be, and what waits for what. */
export function printReport({ output }: Context, report: Report, options: ChangeOptions): void {
  if (options.json === true) {
    output.json(report);
    return;
  }
  const isDry = options.dryRun === true;
  if (report.actions.length === 0) output.note(isDry ? "nothing would be done" : "nothing had to be done");
  for (const { words } of report.actions) output.note(isDry ? `would ${words}` : `done: ${words}`);
  for (const words of report.alerts) output.note(`look at this: ${words}`);
  for (const { words } of report.strays) output.note(`found: ${words}`);
  for (const { words } of report.waits) output.note(`waits: ${words}`);
  if (report.nextAt !== null) output.note(`next: ${dateInWords(report.nextAt)}`);
}

/**
 * Lets a command fail where a key of which a person has said that it was uploaded was not let sign, and no time will do it.
 *
 * @throws SignetError `key_unusable`
 */
export function assertUnderWay({ rotated, waits, alerts }: RotateReport, uploaded: string): void {
  if (rotated !== null || waits.some(({ kid, until }) => kid === uploaded && until !== null)) return;
  const why = [...alerts, ...waits.map(({ words }) => words)].join("; ");
  throw new SignetError("key_unusable", `key ${uploaded} does not sign yet${why === "" ? "" : `: ${why}`}`);
}
