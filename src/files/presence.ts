import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { constants, lstat, mkdtemp, open, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { asUnwritable } from "./failures.js";
import { processIdentity } from "./process-identity.js";

/**
 * A process that holds something in a folder listens on a Unix socket there as long as it does. A process that shares the folder and the
 * kernel, in whatever container, can ask whether it is alive: the kernel answers for a process that is slow or stopped, and refuses
 * for one that is dead.
 */
const PREFIX = ".holder-";
const SUFFIX = ".sock";
// What a socket's address can hold is 104 bytes on macOS and 108 on Linux, with the zero at its end.
const MAX_ADDRESS_BYTES = 100;

interface Listening {
  users: number;
  readonly closing: Promise<() => Promise<void>>;
}

const listening = new Map<string, Listening>();

/**
 * Listens in a folder, once for all that the process holds there. Where no socket can be made (a file system without them) the
 * holder is judged as one that does not listen.
 *
 * @returns what ends it
 */
export async function announcePresence(folder: string): Promise<() => Promise<void>> {
  const entry = listening.get(folder) ?? { users: 0, closing: listenIn(folder) };
  entry.users += 1;
  listening.set(folder, entry);
  const close = await entry.closing;
  return async () => {
    entry.users -= 1;
    if (entry.users > 0) return;
    listening.delete(folder);
    await close();
  };
}

/** What a holder's socket in a folder says: it is there and answers, it is there and refuses, or neither is known. */
export async function askPresence(folder: string, identity: string): Promise<"answers" | "refused" | "unknown"> {
  return ask(folder, presenceOf(folder, identity));
}

/**
 * Removes sockets that no process listens on any more, where nothing is locked: to judge the lock of a dead process takes its socket.
 * Only for the holder of the lease.
 */
export async function removeDeadPresences(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.some((name) => name.includes(".lock"))) return;
  for (const name of names) {
    if (!name.startsWith(PREFIX) || !name.endsWith(SUFFIX)) continue;
    const path = join(folder, name);
    if ((await ask(folder, path)) !== "refused") continue;
    await rm(path, { force: true }).catch((error: unknown) => Promise.reject(asUnwritable(path, error)));
  }
}

async function ask(folder: string, path: string): Promise<"answers" | "refused" | "unknown"> {
  try {
    if (!(await lstat(path)).isSocket()) return "unknown";
    const { connect } = await import("node:net");
    const { text, release } = await addressOf(folder, path);
    const answer = new Promise<"answers" | "refused" | "unknown">((resolve) => {
      const probe = connect(text);
      probe.once("connect", () => {
        probe.destroy();
        resolve("answers");
      });
      probe.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED" ? "refused" : "unknown"));
    });
    return await answer.finally(release);
  } catch {
    return "unknown";
  }
}

/** Where a process listens that holds something in a folder. */
export function presenceOf(folder: string, identity: string): string {
  const name = `${PREFIX}${createHash("sha256").update(identity).digest("hex").slice(0, 16)}${SUFFIX}`;
  return join(folder, name);
}

async function listenIn(folder: string): Promise<() => Promise<void>> {
  const nothing = async () => undefined;
  // Named pipes of Windows have no place in a folder.
  if (process.platform === "win32") return nothing;
  const path = presenceOf(folder, processIdentity());
  let address: Address | undefined;
  try {
    const { createServer } = await import("node:net");
    // One that refuses was left by this very process: as long as it stands, others would take us for dead.
    if ((await ask(folder, path)) === "refused") await rm(path, { force: true });
    const server = createServer((connection) => connection.destroy());
    server.unref();
    address = await addressOf(folder, path);
    const { text, release } = address;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      // Exclusive: a worker's socket is its own, not one of the process above it.
      server.listen({ path: text, exclusive: true }, resolve);
    });
    server.on("error", () => undefined);
    cleanAtExit(path);
    return async () => {
      await new Promise((resolve) => server.close(resolve));
      // The server removes its address when it closes: until then that must lead nowhere else.
      await release();
      // What a failing disk keeps is in no process's way: the next holder of this process takes it away.
      await rm(path, { force: true }).catch(() => undefined);
      paths.delete(path);
    };
  } catch {
    await address?.release();
    return nothing;
  }
}

const paths = new Set<string>();
let isCleaning = false;

// A command that ends while something of it still listens.
function cleanAtExit(path: string): void {
  if (!isCleaning) {
    process.once("exit", () => {
      for (const each of paths) rmSync(each, { force: true });
    });
  }
  isCleaning = true;
  paths.add(path);
}

/** A name of a socket that is short enough for an address, as long as it is not released. */
interface Address {
  readonly text: string;
  release(): Promise<void>;
}

async function addressOf(folder: string, path: string): Promise<Address> {
  if (Buffer.byteLength(path) <= MAX_ADDRESS_BYTES) return { text: path, release: async () => undefined };
  const name = basename(path);
  if (process.platform === "linux") {
    const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    return { text: `/proc/self/fd/${handle.fd}/${name}`, release: () => handle.close() };
  }
  const scratch = await mkdtemp(join(tmpdir(), "sig-"));
  await symlink(folder, join(scratch, "f"));
  return { text: join(scratch, "f", name), release: () => rm(scratch, { recursive: true, force: true }) };
}
