import { chmod, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Custodian } from "../../src/custody/contract.js";
import { materialForm } from "../../src/custody/material.js";
import { keyNotFound, makeStoredKey, openStoredKey, type StoredKey, sameAlgorithm } from "../../src/custody/stored-key.js";
import { makePrivateDirectory, PRIVATE_FILE, removeFile, replaceFile } from "../../src/files/durable.js";
import { withProcessLock } from "../../src/files/process-lock.js";
import { removeInterruptedWrites, writtenUnder } from "../../src/files/temporary.js";
import { readTrustedText } from "../../src/files/trusted-read.js";

interface OneFileOptions {
  readonly directory: string;
  /** Whether writers take turns. Default true. */
  readonly locks?: boolean | undefined;
  /** The mode of the file. Default 0600. */
  readonly mode?: number | undefined;
  /** Whether a file is read that others can read or write. Default false. */
  readonly isTrusting?: boolean | undefined;
}

const FILE = "keys.json";
const material = materialForm<{ readonly custody?: string; readonly id: string }>("one-file", "custody", "id");

/** Keeps all keys in one file. Its options make the faults that the contract has to find. */
export function createOneFileCustodian({
  directory,
  locks = true,
  mode = PRIVATE_FILE,
  isTrusting = false,
}: OneFileOptions): Custodian {
  const path = join(directory, FILE);

  async function read(): Promise<Map<string, StoredKey>> {
    const text = isTrusting
      ? await readFile(path, "utf8").catch(() => undefined)
      : await readTrustedText("key", path, "store_insecure");
    return new Map(Object.entries(JSON.parse(text ?? "{}")));
  }

  async function mustFind(id: string): Promise<StoredKey> {
    const found = (await read()).get(id);
    if (found === undefined) throw keyNotFound(`the entry ${id} of ${path}`);
    return found;
  }

  async function change(next: (keys: Map<string, StoredKey>) => void): Promise<void> {
    const write = async () => {
      const keys = await read();
      if (locks) await removeInterruptedWrites(directory, (name) => name === FILE);
      next(keys);
      await replaceFile(path, JSON.stringify(Object.fromEntries(keys)), PRIVATE_FILE);
      await chmod(path, mode);
    };
    await (locks ? withProcessLock(`${path}.lock`, write) : write());
  }

  const isInterrupted = (name: string) => writtenUnder(name) === FILE;

  return {
    ...material.own,
    isNear: true,
    isPlain: true,
    namesIn: ({ id }) => ({ id: `${id}` }),
    async create(id, algorithm) {
      const made = await makeStoredKey(algorithm);
      await makePrivateDirectory(directory);
      if (!(await read()).has(id)) await change((keys) => void (keys.has(id) || keys.set(id, made)));
      return sameAlgorithm((await mustFind(id)).publicJwk, algorithm, id);
    },
    async material(id) {
      await mustFind(id);
      return material.write({ id });
    },
    async open(key) {
      const { pkcs8, publicJwk } = await mustFind(material.read(key.material).id);
      return openStoredKey(Buffer.from(pkcs8, "base64"), publicJwk, key);
    },
    async destroy(id) {
      if (isInterrupted(id)) await removeFile(join(directory, id));
      else if ((await read()).has(id)) await change((keys) => void keys.delete(id));
    },
    async *list() {
      yield* (await read()).keys();
      yield* (await readdir(directory).catch(() => [])).filter(isInterrupted);
    },
  };
}
