/** `signet`, and `npx signet`, as pages type them where `signet-jwt` is installed: the command of this clone. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));

/**
 * @param {string} folder where they are put, in a folder of their own
 * @returns {string} that folder, for the PATH
 */
export function putCommands(folder) {
  const bin = join(folder, "commands");
  mkdirSync(bin);
  const line = `exec "${process.execPath}" "${signet}" "$@"\n`;
  writeFileSync(join(bin, "signet"), `#!/bin/sh\n${line}`, { mode: 0o755 });
  // What follows `npx signet` is the command's.
  writeFileSync(join(bin, "npx"), `#!/bin/sh\nshift\n${line}`, { mode: 0o755 });
  return bin;
}
