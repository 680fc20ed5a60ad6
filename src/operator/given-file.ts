import { isSignetError, SignetError } from "../errors.js";
import { readTrusted } from "../files/trusted-read.js";
import { pathGiven, type Surroundings } from "./surroundings.js";

/** The longest name of a file, in characters: no system has a longer one. */
const MAX_NAME = 255;
/** The most that a file with keys may have. */
export const MAX_KEY_BYTES = 1_048_576;

/**
 * Reads a file that was named on the command line: a regular one, or what the shell opened for the command (`<(...)`, `/dev/stdin`).
 *
 * @param what the option that names it, for errors; none for an argument
 * @param maxBytes more is refused, and not read
 * @throws SignetError `usage` for one that cannot be read, `store_insecure` for one that every user can write
 */
export async function readGivenFile(surroundings: Surroundings, path: string, what?: string, maxBytes?: number): Promise<Buffer> {
  const prefix = what === undefined ? "" : `${what}: `;
  // It may be a secret that was pasted in the place of a path: it is not repeated.
  if (path.split("/").some((name) => name.length > MAX_NAME))
    throw new SignetError("usage", `${prefix}there is no such file: a name in this path is longer than ${MAX_NAME} characters`);
  const text = await readTrusted("input", pathGiven(surroundings, path), "usage", maxBytes).catch((error: unknown) => {
    if (!isSignetError(error, "usage")) throw error;
    throw new SignetError("usage", `${prefix}${error.message}`, { cause: error });
  });
  if (text !== undefined) return text;
  throw new SignetError("usage", `${prefix}${path} cannot be read: there is no such file`);
}

/**
 * Reads what stands in a file that an option names: what is wrong with it is told with both.
 *
 * @throws SignetError what `read` throws, under its code
 */
export function readingGiven<T>(option: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isSignetError(error)) throw error;
    throw new SignetError(error.code, `${option} ${path}: ${error.message}`, { cause: error });
  }
}

/**
 * Reads standard input to its end.
 *
 * @throws SignetError `usage` for more than a file with keys may have
 */
export async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > MAX_KEY_BYTES) throw new SignetError("usage", "stdin holds more than a key");
  }
  return Buffer.concat(chunks);
}
