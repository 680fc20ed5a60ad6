import { readdir } from "node:fs/promises";
import { asUnreadable, errorCode } from "./failures.js";

/**
 * The names in a folder; none where it is not there.
 *
 * @throws SignetError `store_failed`
 */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error) => (errorCode(error) === "ENOENT" ? [] : Promise.reject(asUnreadable(folder, error))));
}
