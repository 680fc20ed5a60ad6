import { basename, dirname, join, relative, sep } from "node:path";

const BIN = join("bin", "signet");
const LINKED = join("node_modules", ".bin");

/**
 * How this command is called from here, for hints that can be pasted: by its path in a clone, by npx where npm has linked it into a
 * project, else by its name.
 *
 * @param script what Node runs, as it was called
 */
export function selfName(script: string, cwd: string): string {
  if (dirname(script).endsWith(LINKED)) return "npx signet-jwt";
  const clone = dirname(dirname(script));
  const isHere = cwd === clone || cwd.startsWith(`${clone}${sep}`);
  if (!isHere || script !== join(clone, BIN) || basename(dirname(clone)) === "node_modules") return "signet";
  const path = relative(cwd, script);
  return path.startsWith("..") ? path : `.${sep}${path}`;
}
