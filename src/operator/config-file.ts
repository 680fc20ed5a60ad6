import { basename, dirname } from "node:path";
import { checkConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import { PUBLIC_FILE, replaceFile } from "../files/durable.js";
import { followLinks } from "../files/links.js";
import { withProcessLock } from "../files/process-lock.js";
import { removeInterruptedWrites } from "../files/temporary.js";
import { readTrustedText } from "../files/trusted-read.js";

/** What stands in `signet.json`, as it was written. */
export type ConfigMembers = Record<string, unknown>;

/**
 * Changes the config file: two commands at once take turns, a crash leaves the old file or the new one, and nothing is written
 * that could not be read again.
 *
 * @param change answers the new members, and what to hand on
 */
export async function changeConfig<T>(
  path: string,
  env: NodeJS.ProcessEnv,
  change: (members: ConfigMembers, config: Config) => { readonly members: ConfigMembers; readonly result: T },
): Promise<T> {
  // The lock is beside the file itself, so that those who reach it by other names take turns too.
  const target = await followLinks(path);
  return withProcessLock(`${target}.lock`, async () => {
    const before = await readMembers(path);
    const { members, result } = change(before, checkConfig(before, path, { env }));
    checkConfig(members, path, { env });
    await removeInterruptedWrites(dirname(target), (name) => name === basename(target));
    await replaceFile(target, `${JSON.stringify(members, null, 2)}\n`, PUBLIC_FILE);
    return result;
  });
}

/**
 * Reads the config file as it was written.
 *
 * @throws SignetError `config_missing`, and what its text can have
 */
export async function readMembers(path: string): Promise<ConfigMembers> {
  const text = await readTrustedText("document", path, "config_invalid");
  if (text !== undefined) return parseStrictJson(text, path) as ConfigMembers;
  throw new SignetError("config_missing", `there is no ${path}: run \`signet init\` to make an issuer here`);
}
