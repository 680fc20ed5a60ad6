import { isSignetError, SignetError } from "../errors.js";
import { readTrusted } from "../files/trusted-read.js";
import { pathGiven, type Surroundings } from "./surroundings.js";

/**
 * Reads a file that was named on the command line: a regular one, or what the shell opened for the command (`<(...)`, `/dev/stdin`).
 *
 * @param what the option that names it, for errors; none for an argument
 * @throws SignetError `usage` for one that cannot be read, `store_insecure` for one that every user can write
 */
export async function readGivenFile(surroundings: Surroundings, path: string, what?: string): Promise<Buffer> {
  const prefix = what === undefined ? "" : `${what}: `;
  const text = await readTrusted("input", pathGiven(surroundings, path), "usage").catch((error: unknown) => {
    if (!isSignetError(error, "usage")) throw error;
    throw new SignetError("usage", `${prefix}${error.message}`, { cause: error });
  });
  if (text !== undefined) return text;
  throw new SignetError("usage", `${prefix}${path} cannot be read: there is no such file`);
}
