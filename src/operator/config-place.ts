import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { CONFIG_NAME, configPath, isFileAt } from "../config/load.js";
import { asArgument } from "../encoding/shell-argument.js";
import { SignetError } from "../errors.js";
import { mayPlant } from "../files/trust.js";
import type { Surroundings } from "./surroundings.js";

/**
 * The file that a command's config is read from: the one that was named, else `signet.json` of the present folder, else of the nearest
 * folder above it on the same file system, as git looks for a repository. A config says which programs run and where keys are, so above the
 * present folder only a file counts that this user or root has, in a folder where no other user can put one.
 *
 * @param path a file or its folder, as `--config` has it
 * @throws SignetError `config_missing` where the nearest one above is another user's
 */
export function placeOfConfig(surroundings: Surroundings, path?: string): string {
  const { cwd, env, onConfigAbove } = surroundings;
  const here = configPath({ path, cwd, env });
  if (path !== undefined || env.SIGNET_CONFIG || isFileAt(here)) return here;
  const device = deviceOf(cwd);
  for (let folder = dirname(cwd); deviceOf(folder) === device; folder = dirname(folder)) {
    const found = join(folder, CONFIG_NAME);
    if (isFileAt(found)) {
      assertOwn(found, here);
      onConfigAbove?.(found);
      return found;
    }
    if (folder === dirname(folder)) break;
  }
  return here;
}

function deviceOf(folder: string): number | undefined {
  return statSync(folder, { throwIfNoEntry: false })?.dev;
}

function assertOwn(found: string, here: string): void {
  if (!mayPlant(found)) return;
  throw new SignetError(
    "config_missing",
    `there is no ${here}, and ${found} is not looked at by itself, since another user can have put it there: name it with --config ${asArgument(dirname(found))} if it is yours`,
  );
}
