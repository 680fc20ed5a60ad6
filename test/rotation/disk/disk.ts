/** A disk in memory: what the kernel answers, and what is left of it when the power goes. */

/** A file, a folder or a socket. */
export interface Node {
  readonly kind: "file" | "folder" | "socket";
  mode: number;
  content: Buffer;
  /** What has reached the platter; `undefined` where nothing has. */
  synced: Buffer | undefined;
  entries: Map<string, Node>;
  syncedEntries: ReadonlyMap<string, Node>;
  mtimeMs: number;
  /** Who listens on a socket: asked whether it still does. */
  readonly isListening?: () => boolean;
}

export type Errno =
  | "ENOENT"
  | "EEXIST"
  | "ENOSPC"
  | "EIO"
  | "EMFILE"
  | "EROFS"
  | "ENOTDIR"
  | "EISDIR"
  | "EINVAL"
  | "ENOTEMPTY"
  | "ECONNREFUSED"
  | "EADDRINUSE";

/** What a failed system call throws in Node. */
export function failure(code: Errno, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}

export interface Disk {
  /** The node at a path; `undefined` where there is none. */
  find(path: string): Node | undefined;
  /** @throws an error with the code ENOENT or ENOTDIR */
  get(path: string, call: string): Node;
  /** The folder of a path, and its last name. */
  parent(path: string, call: string): { readonly folder: Node; readonly name: string };
  put(path: string, node: Node, call: string): void;
  remove(path: string, call: string): void;
  file(content: Buffer, mode: number): Node;
  folder(mode: number): Node;
  socket(isListening: () => boolean): Node;
  /** Makes a copy of everything below a path, as by `cp -a`. Sockets stay where they are. */
  copy(from: string, to: string): void;
  /** The power goes: what was not synced is as it was, for each folder and file as the coin falls. */
  cutPower(isLost: () => boolean): void;
}

export function createDisk(nowMs: () => number): Disk {
  const make = (kind: Node["kind"], mode: number, more: Partial<Node> = {}): Node => ({
    kind,
    mode,
    content: Buffer.alloc(0),
    synced: undefined,
    entries: new Map(),
    syncedEntries: new Map(),
    mtimeMs: nowMs(),
    ...more,
  });
  const root = make("folder", 0o755);

  function find(path: string): Node | undefined {
    let node: Node | undefined = root;
    for (const name of namesOf(path)) node = node?.kind === "folder" ? node.entries.get(name) : undefined;
    return node;
  }

  function get(path: string, call: string): Node {
    const node = find(path);
    if (node === undefined) throw failure("ENOENT", call, path);
    return node;
  }

  function parent(path: string, call: string): { folder: Node; name: string } {
    const names = namesOf(path);
    const name = names.pop() ?? "";
    const folder = get(`/${names.join("/")}`, call);
    if (folder.kind !== "folder") throw failure("ENOTDIR", call, path);
    return { folder, name };
  }

  function copied(node: Node): Node {
    const entries = new Map<string, Node>();
    for (const [name, each] of node.entries) if (each.kind !== "socket") entries.set(name, copied(each));
    const content = Buffer.from(node.content);
    return make(node.kind, node.mode, { content, synced: content, entries, syncedEntries: new Map(entries) });
  }

  function cut(node: Node, isLost: () => boolean): void {
    if (node.kind === "folder") {
      if (isLost()) node.entries = new Map(node.syncedEntries);
      node.syncedEntries = new Map(node.entries);
      for (const each of node.entries.values()) cut(each, isLost);
    } else if (node.kind === "file") {
      // Of a file that was never synced there may be any part, or none.
      if (isLost()) node.content = node.synced ?? node.content.subarray(0, Math.floor(node.content.length / 3));
      node.synced = node.content;
    }
  }

  return {
    find,
    get,
    parent,
    put(path, node, call) {
      const { folder, name } = parent(path, call);
      folder.entries.set(name, node);
    },
    remove(path, call) {
      const { folder, name } = parent(path, call);
      folder.entries.delete(name);
    },
    file: (content, mode) => make("file", mode, { content }),
    folder: (mode) => make("folder", mode),
    socket: (isListening) => make("socket", 0o755, { isListening }),
    copy(from, to) {
      const node = copied(get(from, "cp"));
      const { folder, name } = parent(to, "cp");
      folder.entries.set(name, node);
      folder.syncedEntries = new Map(folder.entries);
    },
    cutPower: (isLost) => cut(root, isLost),
  };
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
