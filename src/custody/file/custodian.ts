import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { type PublicJwk, privateJwk, privateKeyFromJwk, publicJwk } from "../../algorithms/jwk.js";
import { generatePrivateKey } from "../../algorithms/keys.js";
import { localSigner } from "../../algorithms/signature.js";
import { type Algorithm, algorithmNamed } from "../../algorithms/table.js";
import { isSignetError, SignetError } from "../../errors.js";
import { createFile, makePrivateDirectory, PRIVATE_FILE, removeFile } from "../../files/durable.js";
import { namesIn } from "../../files/names.js";
import { removeDeadWrites, TEMPORARY_SUFFIX } from "../../files/temporary.js";
import { readTrustedText } from "../../files/trusted-read.js";
import type { KeyMaterial } from "../../keyring/active-document.js";
import type { AlikeKeeper, Custodian, InterruptedWrites, KeyImporter, KeyNames, OpenableKey, Signer } from "../contract.js";
import { assertKeyId, isKeyId } from "../key-id.js";
import { materialForm } from "../material.js";
import { keyNotFound, sameAlgorithm, sameKey } from "../stored-key.js";
import { type KeyFile, keepingAlike } from "./kept-alike.js";
import { decodeKeyFile, encodeKeyFile, type PassphraseSource, type PrivateJwk } from "./key-file.js";

/** What a file custodian is made of. */
export interface FileCustodianOptions {
  /** Directory of the private keys; made with mode 0700 when it is missing. */
  readonly directory: string;
  /** Answers the passphrase that encrypts them; `undefined` stores them as plain JWKs. */
  readonly passphrase?: PassphraseSource | undefined;
}

/** The material of a key in a file: its id. */
const material = materialForm<{ readonly file: string }>("file", "file");

const SUFFIX = ".key";

/** Keeps private keys as files of one directory, one key a file, each readable by its owner alone. */
export function createFileCustodian(options: FileCustodianOptions): Custodian & KeyImporter & InterruptedWrites & AlikeKeeper {
  const { directory } = options;
  const passphrase: PassphraseSource = options.passphrase ?? (async () => undefined);

  async function load(id: string): Promise<{ key: KeyObject; algorithm: Algorithm; kid: string } | undefined> {
    const path = pathOf(directory, id);
    const text = await readKeyFile(path);
    return text === undefined ? undefined : keyOf(await decodeKeyFile(text, path, passphrase), path);
  }

  async function store(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): Promise<PublicJwk> {
    const wanted = publicJwk(privateKey, algorithm, kid);
    await makePrivateDirectory(directory);
    const text = await encodeKeyFile({ ...privateJwk(privateKey, algorithm), kid: wanted.kid }, await passphrase());
    await createFile(pathOf(directory, id), text, PRIVATE_FILE);
    return wanted;
  }

  async function stored(id: string): Promise<PublicJwk | undefined> {
    const found = await load(id);
    return found && publicJwk(found.key, found.algorithm, found.kid);
  }

  return Object.freeze({
    ...material.own,
    namesIn: ({ file }: KeyMaterial) => ({ id: file }) as KeyNames,
    ...({ isNear: true, isPlain: true } as const),
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      const existing = await stored(id);
      if (existing !== undefined) return sameAlgorithm(existing, algorithm, id);
      await store(id, await generatePrivateKey(algorithm), algorithm);
      // Read from the disk: what is reported is what was stored, also where another writer was first.
      return sameAlgorithm(await mustExist(id, stored(id)), algorithm, id);
    },
    async importKey(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): Promise<PublicJwk> {
      const wanted = await store(id, privateKey, algorithm, kid);
      return sameKey(await mustExist(id, stored(id)), wanted, id);
    },
    async material(id: string): Promise<KeyMaterial> {
      await mustExist(id, readKeyFile(pathOf(directory, id)));
      return material.write({ file: id });
    },
    async open(key: OpenableKey): Promise<Signer> {
      const { file } = material.read(key.material);
      const { key: privateKey, algorithm, kid } = await mustExist(file, load(file));
      if (kid !== key.kid || !mayBeUsedFor(algorithm, key.alg)) {
        throw new SignetError("key_mismatch", `the key file ${file} is not the key that the active document names`);
      }
      return localSigner({ privateKey, alg: key.alg, kid });
    },
    async destroy(id: string): Promise<void> {
      for (const name of await namesIn(directory)) {
        if (name === id ? isInterrupted(name) : idOf(name) === id) await removeFile(join(directory, name));
      }
    },
    removeDeadWrites: () => removeDeadWrites(directory),
    ...keepingAlike({ keyFiles: () => keyFilesIn(directory), passphrase }),
    async *list(): AsyncIterable<string> {
      // An interrupted write holds a private key too, and its id may be that of a key which is well: it goes by its own name.
      yield* (await namesIn(directory)).flatMap((name) => (isInterrupted(name) ? name : (idOf(name) ?? [])));
    },
  });
}

// An RSA key signs its certificate as RS256 says, whatever its tokens are signed with.
function mayBeUsedFor({ name, kty }: Algorithm, alg: string): boolean {
  return name === alg || (kty === "RSA" && alg === "RS256");
}

/** The key files of a folder. */
export async function* keyFilesIn(directory: string): AsyncIterable<KeyFile> {
  for (const name of await namesIn(directory)) {
    if (idOf(name) === undefined || isInterrupted(name)) continue;
    const path = join(directory, name);
    const text = await readKeyFile(path);
    if (text !== undefined) yield { path, text };
  }
}

function readKeyFile(path: string): Promise<string | undefined> {
  return readTrustedText("key", path, "store_insecure");
}

function pathOf(directory: string, id: string): string {
  assertKeyId(id);
  return join(directory, id + SUFFIX);
}

function idOf(name: string): string | undefined {
  const [id = "", suffix] = name.split(".");
  return `.${suffix}` === SUFFIX && isKeyId(id) ? id : undefined;
}

function isInterrupted(name: string): boolean {
  return idOf(name) !== undefined && name.endsWith(TEMPORARY_SUFFIX);
}

function keyOf(jwk: PrivateJwk, path: string): { key: KeyObject; algorithm: Algorithm; kid: string } {
  const { alg = "", kid = "" } = jwk;
  if (kid === "") throw new SignetError("invalid_key", `${path} is damaged: its JWK has no kid`);
  const algorithm = algorithmNamed(alg);
  try {
    return { key: privateKeyFromJwk(jwk, algorithm), algorithm, kid };
  } catch (cause) {
    if (!isSignetError(cause, "invalid_key")) throw cause;
    throw new SignetError("invalid_key", `${path} is damaged: it holds no key that signs. Restore it from a backup`, { cause });
  }
}

async function mustExist<T>(id: string, found: Promise<T | undefined>): Promise<T> {
  const value = await found;
  if (value !== undefined) return value;
  throw keyNotFound(`the key file of ${id}`);
}
