import type { Custodian } from "../../src/custody/contract.js";
import { SignetError } from "../../src/errors.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import { createManager, type Manager } from "../../src/rotation/manager.js";
import type { RotationSettings } from "../../src/rotation/plan/policy.js";
import type { Notice } from "../../src/rotation/session/notice.js";
import type { Stores } from "../../src/storage/contract.js";
import { type MemoryPlace, memoryPlace } from "../contracts/memory-place.js";
import { SETTINGS } from "./settings-fixture.js";

const ISSUER_WITHOUT_URL = null;

export const USUAL: RotationSettings = { ...SETTINGS, algorithm: "EdDSA", issuer: ISSUER_WITHOUT_URL };
export const UPLOADED: RotationSettings = { ...USUAL, policy: { ...SETTINGS.policy, byUpload: true } };

/** How an issuer was left. */
interface Left {
  readonly place: MemoryPlace;
  readonly now: number;
}

/** The issuers of a file's tests. */
export function issuersByUpload() {
  /** Those that were only begun, by their settings: a copy of one costs a tenth of another one. */
  const begun = new Map<string, Promise<Left>>();

  async function begin(first: RotationSettings): Promise<Left> {
    const issuer = issuerIn(memoryPlace(), 1_800_000_000, first);
    await issuer.manager.tick({ createKeyring: true });
    return issuer.left();
  }

  /** One that goes on where another was left, in a copy of its place. */
  async function issuerLeft(left: Left, first: RotationSettings = UPLOADED) {
    return issuerIn(left.place.copy(), left.now, first);
  }

  /** One with its first keys. */
  async function issuerByUpload(first: RotationSettings = UPLOADED) {
    const settings = JSON.stringify(first);
    const left = begun.get(settings) ?? begin(first);
    begun.set(settings, left);
    return issuerLeft(await left, first);
  }

  return { issuerByUpload, issuerLeft };
}

/** An issuer with a clock of its own, and managers of it. */
function issuerIn(place: MemoryPlace, start: number, first: RotationSettings) {
  const { stores, custodian: file } = place;
  let now = start;
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
  const left = (): Left => ({ place, now });
  return { stores, file, left, manager, managerOf, keyring, kids, signs, made, told, pass };
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
