import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { Script } from "node:vm";
import type { Clockwork } from "../world/clockwork.js";
import { pooledKey } from "../world/key-pool.js";
import { createDisk, type Disk, failure } from "./disk.js";
import { type FileSystem, fileSystem, type Gate, sockets } from "./system-calls.js";

/** The product as one process has it: a module instance of its own, over the world's disk, clock, sockets and processes. */
type Product = typeof import("./product.js");

/** A container of a machine. They share its kernel, and the volume. */
export interface Container {
  readonly host: string;
  readonly pidNamespace: string;
}

export interface Process {
  readonly name: string;
  readonly pid: number;
  readonly product: Product;
  readonly clock: () => number;
  isDead: boolean;
}

/** A machine with a disk: processes come and go on it, and it is started anew. */
export interface Machine {
  readonly disk: Disk;
  /** Starts a process. Its calls go through its own gate. */
  start(container: Container, skewSeconds: number, gateOf: (process: Process) => Gate): Process;
  /** Ends every process; the kernel that comes up next has another boot id. */
  reboot(): void;
}

/** What has to come back from Node's own threads before virtual time may go on. */
let outstanding = 0;

/** Waits until every promise of the world has settled, those of Web Crypto among them. */
export async function settled(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (outstanding > 0);
}

/** Web Crypto as it is, but for the rounds of PBKDF2: a passphrase costs one of the 600,000 that its file still says. */
const subtle = new Proxy(crypto.webcrypto.subtle, {
  get(target, name) {
    const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
    return async (...[first, ...rest]: unknown[]) => {
      const cheap = (first as { name?: string } | undefined)?.name === "PBKDF2" ? { ...(first as object), iterations: 1 } : first;
      outstanding++;
      try {
        return await call.call(target, cheap, ...rest);
      } finally {
        outstanding--;
      }
    };
  },
});
const webCrypto = {
  subtle,
  getRandomValues: <T extends Uint8Array>(bytes: T): T => crypto.webcrypto.getRandomValues(bytes),
};

const builtin = (name: string): unknown => process.getBuiltinModule(name);

let script: Promise<Script> | undefined;

/** The product in one script, compiled once; a proof with many players bundles it for them. */
async function compiled(): Promise<Script> {
  const { SIGNET_PRODUCT: path } = process.env;
  const text = path === undefined ? await bundled() : readFileSync(path, "utf8");
  return new Script(`(function (require, module, process, Date, crypto) { const exports = module.exports; ${text}\n})`);
}

async function bundled(): Promise<string> {
  const [{ build }, { PRODUCT }] = await Promise.all([import("esbuild"), import("../../../tools/rotation-product.mjs")]);
  const { outputFiles } = await build({ ...PRODUCT, write: false });
  return outputFiles[0]?.text ?? "";
}

export async function createMachine(clockwork: Clockwork, nextKey: () => number, isWritable: () => boolean): Promise<Machine> {
  script ??= compiled();
  const body = (await script).runInThisContext() as (...args: unknown[]) => void;
  const disk = createDisk(() => clockwork.now() * 1_000);
  const running = new Map<string, Process & { readonly container: Container; readonly startedAt: string }>();
  let boot = 1;
  let pids = 100;

  function generateKeyPair(): void {
    throw new Error("only promisified by the product");
  }
  Object.assign(generateKeyPair, {
    [promisify.custom]: async () => ({ privateKey: pooledKey(nextKey()) }),
  });

  function start(container: Container, skewSeconds: number, gateOf: (process: Process) => Gate): Process {
    const pid = ++pids;
    const nowMs = (): number => (clockwork.now() + skewSeconds) * 1_000;
    const self = { name: `${container.host}:${pid}.${boot}`, pid, container, startedAt: String(pid * 7), isDead: false };
    const key = `${container.pidNamespace}/${pid}`;
    const module = { exports: {} as Product };
    const process: Process & { container: Container; startedAt: string } = Object.assign(self, {
      clock: () => Math.floor(clockwork.now() + skewSeconds),
      product: module.exports,
    });
    running.set(key, process);
    const files = fileSystem(disk, gateOf(process), nowMs);
    const modules = modulesOf(process, files);
    body((name: string) => modules[name] ?? builtin(name), module, processOf(process), virtualDate(nowMs), webCrypto);
    return Object.assign(process, { product: module.exports });
  }

  function modulesOf(process: Process & { container: Container }, files: FileSystem): Record<string, unknown> {
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => clockwork.at(clockwork.now() + ms / 1_000, () => process.isDead || resolve()));
    const kernel: Record<string, () => string> = {
      "/proc/sys/kernel/random/boot_id": () => `boot-${boot}`,
      "/proc/self/mountinfo": () => "",
      "/etc/machine-id": () => "the-machine",
      "/proc/self/ns/pid": () => process.container.pidNamespace,
    };
    const readSync = (path: string): string => {
      const found = kernel[path] ?? statOf(process.container, path);
      if (found === undefined) throw failure("ENOENT", "open", path);
      return found();
    };
    return {
      "node:fs/promises": files,
      "node:fs": { constants: files.constants, readFileSync: readSync, readlinkSync: readSync, rmSync: () => undefined },
      "node:net": sockets(disk, () => !process.isDead, isWritable),
      "node:os": { hostname: () => process.container.host, userInfo: () => ({ username: "story" }), tmpdir: () => "/tmp" },
      "node:timers/promises": { setTimeout: sleep },
      "node:crypto": { ...crypto, generateKeyPair },
    };
  }

  // Field 3 of /proc/PID/stat is the state, field 22 the start time.
  function statOf({ pidNamespace }: Container, path: string): (() => string) | undefined {
    const pid = /^\/proc\/(\d+)\/stat$/.exec(path)?.[1];
    const found = running.get(`${pidNamespace}/${pid}`);
    if (found === undefined || found.isDead) return undefined;
    return () => `${pid} (node) S ${Array.from({ length: 18 }, () => 0).join(" ")} ${found.startedAt}`;
  }

  function processOf(self: Process & { container: Container }) {
    return {
      ...{ pid: self.pid, platform: "linux", version: process.version, versions: process.versions, env: {} },
      kill(pid: number) {
        const found = running.get(`${self.container.pidNamespace}/${pid}`);
        if (found === undefined || found.isDead) throw Object.assign(new Error("no such process"), { code: "ESRCH" });
      },
      geteuid: () => 1_000,
      getuid: () => 1_000,
      once: () => undefined,
      emitWarning: () => undefined,
    };
  }

  return {
    disk,
    start,
    reboot() {
      for (const process of running.values()) process.isDead = true;
      running.clear();
      boot++;
      pids = 100;
    },
  };
}

function virtualDate(nowMs: () => number): typeof Date {
  return class extends Date {
    constructor(...given: []) {
      if (given.length === 0) super(nowMs());
      else super(...given);
    }
    static override now(): number {
      return nowMs();
    }
  } as typeof Date;
}
