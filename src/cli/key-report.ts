import type { Installation } from "../assemble.js";
import { ownMember } from "../encoding/own-member.js";
import { reportInWords } from "../operator/report-words.js";
import type { Manager } from "../rotation/manager.js";
import type { Report } from "../rotation/report.js";
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
  for (const words of reportInWords(report, options.dryRun === true)) output.note(words);
}
