/** `npx`, as pages type it where `signet-jwt` is installed, with the command of this clone. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));

/**
 * @param {string} folder where it is put, in a folder of its own
 * @returns {string} that folder, for the PATH
 */
export function putNpx(folder) {
  const bin = join(folder, "npx-bin");
  mkdirSync(bin);
  const npx = join(bin, "npx");
  // What follows `npx signet` is the command's.
  writeFileSync(npx, `#!/bin/sh\nshift\nexec "${process.execPath}" "${signet}" "$@"\n`);
  chmodSync(npx, 0o755);
  return bin;
}
