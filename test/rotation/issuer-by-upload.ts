import { join } from "node:path";
import type { Custodian } from "../../src/custody/contract.js";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import { SignetError } from "../../src/errors.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import { createManager, type Manager } from "../../src/rotation/manager.js";
import type { RotationSettings } from "../../src/rotation/plan/policy.js";
import type { Notice } from "../../src/rotation/session/notice.js";
import type { Stores } from "../../src/storage/contract.js";
import { createFileStores } from "../../src/storage/file/stores.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { SETTINGS } from "./settings-fixture.js";

const scratch = scratchDirectories();
const ISSUER_WITHOUT_URL = null;

export const USUAL: RotationSettings = { ...SETTINGS, algorithm: "EdDSA", issuer: ISSUER_WITHOUT_URL };
export const UPLOADED: RotationSettings = { ...USUAL, policy: { ...SETTINGS.policy, byUpload: true } };

/** An issuer on files with a clock of its own, and managers of it. */
export async function issuerByUpload(first: RotationSettings = UPLOADED) {
  const directory = await scratch();
  const stores = createFileStores(directory);
  const file = createFileCustodian({ directory: join(directory, "keys") });
  let now = 1_800_000_000;
  const told: Notice[] = [];
  const managerOf = (settings = first, over: Stores = stores, custodian: Custodian = file): Manager =>
    createManager({
      stores: over,
      custodians: { file: custodian },
      settings,
      clock: () => now,
      sleep: async () => undefined,
      notify: async (notice) => void told.push(notice),
    });
  const manager = managerOf();
  await manager.tick({ createKeyring: true });
  const keyring = async () => (await stores.keyring.read())?.keyring as Keyring;
  const kids = async (state: string) =>
    (await keyring()).keys.flatMap((key) => (key.state === state ? [key.publicJwk?.kid as string] : []));
  const signs = async () => (await stores.active.read())[0]?.kid;
  const made = async () => {
    await manager.rotate();
    return (await kids("pending"))[0] as string;
  };
  const pass = (seconds: number): void => {
    now += seconds;
  };
  return { stores, file, manager, managerOf, keyring, kids, signs, made, told, pass };
}

/** Stores of which every write fails from one on, as after a crash. */
export function crashingAfter(stores: Stores, writes: number): { readonly stores: Stores; hasCrashed(): boolean } {
  let left = writes;
  let crashed = false;
  const dying = <A extends unknown[], R>(write: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (left-- > 0) return write(...args);
      crashed = true;
      throw new SignetError("store_failed", "the machine is off");
    };
  };
  const { keyring, active, publicDocuments, audit } = stores;
  return {
    stores: {
      ...stores,
      keyring: { ...keyring, write: dying(keyring.write) },
      active: { ...active, write: dying(active.write), delete: dying(active.delete) },
      publicDocuments: { ...publicDocuments, publish: dying(publicDocuments.publish) },
      audit: { ...audit, append: dying(audit.append) },
    },
    hasCrashed: () => crashed,
  };
}
