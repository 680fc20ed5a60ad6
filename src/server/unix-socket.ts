import { linkSync, lstatSync, renameSync, type Stats, statSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { ownMember } from "../encoding/own-member.js";
import { isSignetError, SignetError } from "../errors.js";
import { errorCode } from "../files/failures.js";
import { withProcessLock } from "../files/process-lock.js";

/**
 * The path of a Unix socket. A server binds a name of its own beside it and takes the path only once something listens there: so nothing
 * that stands at the path is ever removed unseen, and libuv, which removes at its end whatever stands where it bound, removes nothing.
 */
export interface SocketPath {
  readonly path: string;
  /** What to bind. */
  readonly boundPath: string;
  /**
   * Refuses a path that cannot be taken.
   *
   * @throws SignetError `listen_failed`, with what stands there
   */
  check(): Promise<void>;
  /**
   * Puts what listens at the bound path to its place; nothing where it is there already.
   *
   * @throws SignetError `listen_failed` where another server was faster
   */
  publish(): Promise<void>;
  /** Removes the path if it is still the socket that was put there. */
  remove(): void;
}

/** The longest that the system takes (sun_path); what is longer would be cut. */
const MAX_PATH_BYTES = process.platform === "linux" ? 107 : 103;
const LOCK_WAIT_MS = 5_000;

/**
 * Binds a path.
 *
 * @param pid the process that serves, the one above where there are several
 */
export function createSocketPath(path: string, pid: number): SocketPath {
  const boundPath = join(dirname(path), `.s${pid.toString(36)}`);
  let ours: Stats | undefined;

  async function check(): Promise<void> {
    assertFolder(path);
    for (const each of [path, boundPath]) {
      if (Buffer.byteLength(each) > MAX_PATH_BYTES) {
        throw refused(`${path} is too long for a socket: ${MAX_PATH_BYTES} bytes are the limit; choose a shorter path`);
      }
      await removeDeadSocket(each, { isRemoved: each === boundPath });
    }
  }

  async function publish(): Promise<void> {
    const bound = found(boundPath);
    if (bound === undefined) return;
    ours = bound;
    await removeDeadSocket(path, { isRemoved: true });
    putInPlace(boundPath, path);
  }

  return Object.freeze({
    path,
    boundPath,
    check,
    // Two that start at once would both find the same dead socket, and the slower one remove the faster one's living one.
    publish: () =>
      withProcessLock(`${path}.lock`, publish, { waitMilliseconds: LOCK_WAIT_MS }).catch((error: unknown) => {
        throw isSignetError(error, "listen_failed") ? error : listenFailedAt(path, error);
      }),
    remove() {
      if (ours === undefined) return;
      for (const each of [path, boundPath]) {
        const there = found(each);
        // While it listens no other file can have its inode.
        if (there?.ino === ours.ino && there.dev === ours.dev) unlinkSync(each);
      }
      ours = undefined;
    },
  });
}

/** What to say of a failure to listen on a path. */
export function listenFailedAt(path: string, error: unknown): SignetError {
  const code = errorCode(error) ?? "unknown";
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: `${path} is taken: another server listens there; choose another path with --socket, or stop that one`,
    EACCES: `${path}: this user may not make a socket in ${dirname(path)}; choose another path with --socket`,
    EROFS: `${path}: ${dirname(path)} cannot be written to; choose another path with --socket`,
    store_locked: `${path} is taken: another server starts there; choose another path with --socket`,
  };
  return refused(ownMember(advice, code) ?? `${path} cannot be opened to listen (${code})`, error);
}

function assertFolder(path: string): void {
  const folder = dirname(path);
  try {
    if (statSync(folder).isDirectory()) return;
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      throw refused(`--socket: there is no folder ${folder}; make it with \`mkdir -p\`, or choose another path`, error);
    }
    if (errorCode(error) !== "ENOTDIR") throw listenFailedAt(path, error);
  }
  throw refused(`--socket: ${folder} is no folder; choose another path`);
}

function found(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

// A server that was killed leaves its socket behind; a living one answers on it. Nothing else is ever removed.
async function removeDeadSocket(path: string, { isRemoved }: { readonly isRemoved: boolean }): Promise<void> {
  const there = found(path);
  if (there === undefined) return;
  if (!there.isSocket()) {
    throw refused(
      `--socket: ${path} is ${kindOf(there)}, not a socket, and it stays: choose another path, or remove it yourself`,
    );
  }
  const failure = await failureToConnect(path);
  if (failure === "ENOENT") return;
  if (failure !== "ECONNREFUSED") {
    throw refused(`${path} is taken: another server listens there; choose another path with --socket, or stop that one`);
  }
  if (!isRemoved) return;
  const now = found(path);
  if (now?.ino === there.ino && now.dev === there.dev && now.isSocket()) unlinkSync(path);
}

/** Why no process could be reached at a socket; `undefined` where one was. */
function failureToConnect(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.once("error", (error) => resolve(errorCode(error) ?? "unknown"));
  });
}

// A link puts nothing in the place of what came in the meantime; some file systems have none.
function putInPlace(from: string, to: string): void {
  try {
    linkSync(from, to);
    unlinkSync(from);
  } catch (error) {
    const code = errorCode(error) ?? "";
    if (code === "EEXIST") throw listenFailedAt(to, Object.assign(new Error("it came in the meantime"), { code: "EADDRINUSE" }));
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
    if (found(to) === undefined) renameSync(from, to);
  }
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a FIFO";
  return stats.isFile() ? "a file" : "a device";
}

function refused(message: string, cause?: unknown): SignetError {
  return new SignetError("listen_failed", message, { cause });
}
