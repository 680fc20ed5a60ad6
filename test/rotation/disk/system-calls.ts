import { type Disk, failure, type Node } from "./disk.js";

/** What a call does to the disk: `write` needs room, `change` needs only a disk that works. */
type CallKind = "read" | "write" | "change";

/** Carries a process's calls to the kernel, with what becomes of them. `half` is what a disk that fills leaves of a write. */
export type Gate = <T>(kind: CallKind, what: string, effect: () => T, half?: () => void) => Promise<T>;

const OWN_UID = 1_000;
const UMASK = 0o022;
/** statfs(2)'s magic number of tmpfs: a file system of this machine alone. */
const TMPFS = 0x01021994;

function statsOf(node: Node, uid = OWN_UID) {
  return {
    uid,
    gid: uid,
    mode: node.mode,
    mtimeMs: node.mtimeMs,
    size: node.content.length,
    isFile: () => node.kind === "file",
    isDirectory: () => node.kind === "folder",
    isSocket: () => node.kind === "socket",
    isSymbolicLink: () => false,
    isFIFO: () => false,
  };
}

/** `node:fs/promises` over a disk in memory, as far as the product uses it. */
export function fileSystem(disk: Disk, gate: Gate, nowMs: () => number) {
  const utf8 = (content: Buffer, encoding: string | undefined) =>
    encoding === undefined ? Buffer.from(content) : content.toString("utf8");

  function write(node: Node, data: string, how: (before: Buffer, data: Buffer) => Buffer, part = 1): void {
    const bytes = Buffer.from(data);
    node.content = how(node.content, bytes.subarray(0, Math.floor(bytes.length * part)));
    node.mtimeMs = nowMs();
  }

  function handleOf(node: Node, path: string) {
    let end = 0;
    const isFolder = node.kind === "folder";
    const replace = (_: Buffer, data: Buffer) => data;
    const append = (before: Buffer, data: Buffer): Buffer => Buffer.concat([before, data]);
    const writing = (data: string, how: typeof append) =>
      gate(
        "write",
        `write ${path}`,
        () => write(node, data, how),
        () => write(node, data, how, 0.5),
      );
    return {
      fd: 3,
      stat: async () => statsOf(node),
      readFile: (encoding?: string) => gate("read", `read ${path}`, () => utf8(node.content, encoding)),
      writeFile: (data: string) => writing(data, replace),
      appendFile: (data: string) => writing(data, append),
      truncate: (length: number) =>
        gate("change", `truncate ${path}`, () => {
          node.content = node.content.subarray(0, length);
        }),
      sync: () =>
        gate("change", `sync ${path}`, () => {
          if (isFolder) node.syncedEntries = new Map(node.entries);
          else node.synced = node.content;
        }),
      chown: async () => undefined,
      chmod: async (mode: number) => {
        node.mode = mode;
      },
      close: async () => {
        end = 1;
      },
      createReadStream: () => ({
        async *[Symbol.asyncIterator]() {
          if (end === 0) yield await gate("read", `read ${path}`, () => node.content.toString("utf8"));
        },
        destroy: () => undefined,
      }),
    };
  }

  function create(path: string, mode: number): Node {
    const node = disk.file(Buffer.alloc(0), mode & ~UMASK);
    disk.put(path, node, "open");
    return node;
  }

  return {
    constants: { O_RDONLY: 0, O_NONBLOCK: 0o4000, O_DIRECTORY: 0o200000 },
    open(path: string, flags: string | number, mode = 0o666) {
      const isNew = typeof flags === "string" && flags !== "r" && (flags === "wx" || disk.find(path) === undefined);
      return gate(isNew ? "write" : "read", `open ${path}`, () => {
        const present = disk.find(path);
        if (flags === "wx" && present !== undefined) throw failure("EEXIST", "open", path);
        return handleOf(isNew && present === undefined ? create(path, mode) : disk.get(path, "open"), path);
      });
    },
    link: (from: string, to: string) =>
      gate("write", `link ${to}`, () => {
        const node = disk.get(from, "link");
        if (disk.find(to) !== undefined) throw failure("EEXIST", "link", to);
        disk.put(to, node, "link");
      }),
    rename: (from: string, to: string) =>
      gate("change", `rename ${to}`, () => {
        const node = disk.get(from, "rename");
        disk.put(to, node, "rename");
        disk.remove(from, "rename");
      }),
    rm: (path: string, { force = false } = {}) =>
      gate("change", `rm ${path}`, () => {
        if (disk.find(path) === undefined && force) return;
        disk.get(path, "rm");
        disk.remove(path, "rm");
      }),
    mkdir: (path: string, { recursive = false, mode = 0o777 } = {}) =>
      gate(disk.find(path) === undefined ? "write" : "read", `mkdir ${path}`, () => {
        if (recursive) throw new Error("not asked for by the product");
        if (disk.find(path) !== undefined) throw failure("EEXIST", "mkdir", path);
        disk.put(path, disk.folder(mode & ~UMASK), "mkdir");
        return undefined;
      }),
    stat: (path: string) => gate("read", `stat ${path}`, () => statsOf(disk.get(path, "stat"))),
    lstat: (path: string) => gate("read", `lstat ${path}`, () => statsOf(disk.get(path, "lstat"))),
    statfs: (path: string) =>
      gate("read", `statfs ${path}`, () => {
        disk.get(path, "statfs");
        return { type: TMPFS };
      }),
    realpath: (path: string) =>
      gate("read", `realpath ${path}`, () => {
        disk.get(path, "realpath");
        return path;
      }),
    readlink: async (path: string) => {
      throw failure("EINVAL", "readlink", path);
    },
    readFile: (path: string, encoding?: string) =>
      gate("read", `read ${path}`, () => utf8(disk.get(path, "open").content, encoding)),
    readdir: (path: string) =>
      gate("read", `readdir ${path}`, () => {
        const node = disk.get(path, "readdir");
        if (node.kind !== "folder") throw failure("ENOTDIR", "readdir", path);
        return [...node.entries.keys()].sort();
      }),
  };
}

export type FileSystem = ReturnType<typeof fileSystem>;

/** `node:net` for sockets that stand on the disk: whose listener is gone refuses. */
export function sockets(disk: Disk, isAlive: () => boolean, isWritable: () => boolean) {
  type Listener = (error?: Error) => void;
  return {
    createServer: () => {
      let where = "";
      let isOpen = false;
      const heard: Record<string, Listener> = {};
      return {
        unref: () => undefined,
        once: (event: string, listener: Listener) => {
          heard[event] = listener;
        },
        on: () => undefined,
        listen({ path }: { path: string }, listening: () => void) {
          queueMicrotask(() => {
            if (!isAlive()) return;
            try {
              if (disk.find(path) !== undefined) throw failure("EADDRINUSE", "listen", path);
              if (!isWritable()) throw failure("EIO", "listen", path);
              isOpen = true;
              disk.put(
                path,
                disk.socket(() => isOpen && isAlive()),
                "listen",
              );
              where = path;
              listening();
            } catch (error) {
              isOpen = false;
              heard.error?.(error as Error);
            }
          });
        },
        close(closed: () => void) {
          queueMicrotask(() => {
            if (!isAlive()) return;
            isOpen = false;
            // Libuv removes what it bound.
            if (isWritable() && disk.find(where) !== undefined) disk.remove(where, "close");
            closed();
          });
        },
      };
    },
    connect(path: string) {
      const heard: Record<string, Listener> = {};
      queueMicrotask(() => {
        if (!isAlive()) return;
        const node = disk.find(path);
        if (node === undefined) heard.error?.(failure("ENOENT", "connect", path));
        else if (node.isListening?.() === true) heard.connect?.();
        else heard.error?.(failure("ECONNREFUSED", "connect", path));
      });
      return {
        once: (event: string, listener: Listener) => {
          heard[event] = listener;
        },
        destroy: () => undefined,
      };
    },
  };
}
