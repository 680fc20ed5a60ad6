import { basename, dirname, join, relative, sep } from "node:path";

const BIN = join("bin", "signet");
const LINKED = join("node_modules", ".bin");

/**
 * How this command is called from here, for hints that can be pasted: by its path in a clone, by npx where npm has linked it into a
 * project, else by its name. Outside that project npx finds another package that is called `signet`, so that ours is named.
 *
 * @param script what Node runs, as it was called
 */
export function selfName(script: string, cwd: string): string {
  if (dirname(script).endsWith(LINKED)) return isWithin(cwd, dirname(dirname(dirname(script)))) ? "npx signet" : "npx signet-jwt";
  const clone = dirname(dirname(script));
  if (!isWithin(cwd, clone) || script !== join(clone, BIN) || basename(dirname(clone)) === "node_modules") return "signet";
  const path = relative(cwd, script);
  return path.startsWith("..") ? path : `.${sep}${path}`;
}

function isWithin(folder: string, above: string): boolean {
  return folder === above || folder.startsWith(`${above}${sep}`);
}
