import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import { SignetError } from "../../errors.js";
import type { KeyMaterial } from "../../keyring/active-document.js";
import type { Custodian, KeyImporter, KeyNames, OpenableKey, Signer } from "../contract.js";
import { isKeyId } from "../key-id.js";
import { materialForm } from "../material.js";
import {
  assertNamed,
  keyNotFound,
  makeStoredKey,
  openStoredKey,
  parseStoredKey,
  type StoredKey,
  sameAlgorithm,
  sameKey,
  storedKeyOf,
} from "../stored-key.js";
import type { Ask } from "./calls.js";
import { type ProgramKey, programSigner, reportedKey } from "./signing.js";

/** The material of a key that a program keeps: its id. That of one that a program signs with has the program's name for it as well. */
const kept = materialForm<Named>("command", "custody", "id");
const inProgram = materialForm<Named & ProgramKey>("command", "custody", "id", "key", "spki");

/** It always names its custodian: no document is older than that. */
interface Named {
  readonly custody?: string;
  readonly id: string;
}

/** Keeps private keys with a program: it gets, stores, erases and lists them as texts, and they sign in memory. */
export function createKeepingCustodian(ask: Ask): Custodian & KeyImporter {
  async function find(id: string): Promise<StoredKey | undefined> {
    const { value } = await ask("get", { id });
    return value === null ? undefined : parseStoredKey(value, `the program's key ${id}`);
  }

  async function mustFind(id: string): Promise<StoredKey> {
    const found = await find(id);
    if (found === undefined) throw keyNotFound(`the program's ${id}`);
    return found;
  }

  // What is reported is what the program answers afterwards, also where another process was first.
  async function store(id: string, held: StoredKey): Promise<StoredKey> {
    await ask("store", { id, value: JSON.stringify(held) });
    return mustFind(id);
  }

  return Object.freeze({
    ...shared(ask, async (id) => (await find(id)) !== undefined),
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      const found = (await find(id)) ?? (await store(id, await makeStoredKey(algorithm)));
      return sameAlgorithm(found.publicJwk, algorithm, id);
    },
    async importKey(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): Promise<PublicJwk> {
      const held = storedKeyOf(privateKey, algorithm, kid);
      return sameKey((await store(id, held)).publicJwk, held.publicJwk, id);
    },
    async material(id: string): Promise<KeyMaterial> {
      await mustFind(id);
      return kept.write({ id });
    },
    open: (key: OpenableKey) => open(ask, key),
  });
}

/** Leaves private keys with a program that signs with them. */
export function createSigningCustodian(ask: Ask): Custodian {
  async function find(id: string): Promise<ProgramKey | undefined> {
    const { key, publicKey } = await ask("find", { id });
    if ((key === null) !== (publicKey === null)) {
      throw new SignetError("custodian_failed", `the program answered \`find\` with half of the key ${id}`);
    }
    return key === null || publicKey === null ? undefined : { key, spki: publicKey };
  }

  return Object.freeze({
    ...shared(ask, async (id) => (await find(id)) !== undefined),
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      const { name: alg, kty, crv = null } = algorithm;
      const spki = (await find(id))?.spki ?? (await ask("make", { id, alg, kty, crv })).publicKey;
      return reportedKey(spki, algorithm).jwk;
    },
    async material(id: string): Promise<KeyMaterial> {
      const found = await find(id);
      if (found === undefined) throw keyNotFound(`the program's ${id}`);
      return inProgram.write({ id, ...found });
    },
    open: (key: OpenableKey) => open(ask, key),
  });
}

// Which form a key has stands in its material: both can be open while one follows the other.
async function open(ask: Ask, key: OpenableKey): Promise<Signer> {
  if (Object.hasOwn(key.material, "key") || Object.hasOwn(key.material, "spki"))
    return programSigner(ask, inProgram.read(key.material), key);
  const { id } = kept.read(key.material);
  const { value } = await ask("get", { id });
  if (value === null) throw keyNotFound(`the program's ${id}`);
  const { pkcs8, publicJwk } = parseStoredKey<StoredKey>(value, `the program's key ${id}`);
  assertNamed(publicJwk, key);
  return openStoredKey(Buffer.from(pkcs8, "base64"), publicJwk, key);
}

/** What both forms do alike. */
function shared(ask: Ask, isThere: (id: string) => Promise<boolean>) {
  return {
    ...kept.own,
    isPlain: true as const,
    namesIn: ({ id }: KeyMaterial) => ({ id }) as KeyNames,
    async destroy(id: string): Promise<void> {
      await ask("erase", { id });
      if (await isThere(id)) throw new SignetError("custodian_failed", `the program said that it erased ${id}, but still has it`);
    },
    async *list(): AsyncIterable<string> {
      // Whatever else it keeps is none of ours.
      yield* (await ask("list")).ids.filter(isKeyId);
    },
  };
}
