/**
 * Lets this process read and write its files by synchronous calls, each answered in a later turn of the event loop as those of
 * `node:fs/promises` are: a call takes microseconds, and its way through the pool of threads ten times that. What a call does on the disk
 * is the same.
 */
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const later = setImmediate;

/** @param {() => any} action @returns {Promise<any>} */
function soon(action) {
  return new Promise((resolve, reject) => {
    try {
      const value = action();
      later(() => resolve(value));
    } catch (error) {
      later(() => reject(error));
    }
  });
}

class Handle {
  /** @param {number} fd */
  constructor(fd) {
    this.fd = fd;
  }

  close() {
    const fd = this.#handOver();
    return soon(() => (fd === -1 ? undefined : fs.closeSync(fd)));
  }

  /** @param {any} [options] */
  createReadStream(options) {
    return fs.createReadStream("", { ...options, fd: this.#handOver() });
  }

  // What closes a descriptor has it alone: afterwards its number may be another file's.
  #handOver() {
    const { fd } = this;
    this.fd = -1;
    return fd;
  }
}

/** What a handle can do, by the functions that take a descriptor. */
const ON_DESCRIPTORS = {
  appendFile: fs.writeFileSync,
  chmod: fs.fchmodSync,
  chown: fs.fchownSync,
  datasync: fs.fdatasyncSync,
  read: (/** @type {any} */ fd, /** @type {any} */ buffer, /** @type {any[]} */ ...rest) => ({
    buffer,
    bytesRead: fs.readSync(fd, buffer, ...rest),
  }),
  readFile: fs.readFileSync,
  stat: fs.fstatSync,
  sync: fs.fsyncSync,
  truncate: fs.ftruncateSync,
  utimes: fs.futimesSync,
  writeFile: fs.writeFileSync,
};
for (const [name, call] of Object.entries(ON_DESCRIPTORS)) {
  const bound = /** @type {any} */ (call);
  Object.defineProperty(Handle.prototype, name, {
    /** @this {Handle} @param {any[]} rest */
    value(...rest) {
      return soon(() => bound(this.fd, ...rest));
    },
  });
}

/** What answers an iterator, or a directory to iterate over. */
const ITERATED = ["glob", "opendir"];

const all = /** @type {any} */ (promises);
/** What was there before, kept where every copy of this module finds it: a file of tests whose hooks fail puts nothing back. */
const BEFORE = Symbol.for("node:fs/promises by the pool of threads");

/** Lets this process use the pool of threads again. */
export function slowFiles() {
  const before = all[BEFORE];
  if (before === undefined) return;
  delete all[BEFORE];
  Object.assign(all, before);
  syncBuiltinESMExports();
}

export function quickenFiles() {
  slowFiles();
  const before = { ...all };
  for (const name of Object.keys(all)) {
    const call = /** @type {any} */ (fs)[`${name}Sync`];
    if (typeof call !== "function" || ITERATED.includes(name)) continue;
    all[name] = (/** @type {any} */ first, /** @type {any[]} */ ...rest) =>
      soon(() => call(first instanceof Handle ? first.fd : first, ...rest));
  }
  all.open = (/** @type {any} */ path, /** @type {any[]} */ ...rest) => soon(() => new Handle(fs.openSync(path, ...rest)));
  // Not each Node's `rmSync` tries again, and none lets others work meanwhile.
  const { rm } = all;
  all.rm = (/** @type {any} */ path, /** @type {any} */ options) => (options?.maxRetries ? before.rm : rm)(path, options);
  all[BEFORE] = before;
  syncBuiltinESMExports();
}
