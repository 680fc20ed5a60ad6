import { setTimeout as delay } from "node:timers/promises";
import type { Algorithm } from "../../algorithms/table.js";
import { isAws } from "../../aws/failure.js";
import type { Kms, KmsKey } from "../../aws/kms.js";
import { activeAlias, aliasesPrefix } from "../../aws/names.js";
import { SignetError } from "../../errors.js";
import { keyNotFound, type Sleep, seenSoon } from "../held-key.js";

/** The KMS keys of one installation, each found by an alias of its own: `alias/signet/INSTALLATION/ID`. */
export interface OwnKeys {
  /** @returns `undefined` where there is none */
  find(id: string): Promise<KmsKey | undefined>;
  /** @throws SignetError `key_not_found` */
  mustFind(id: string): Promise<KmsKey>;
  /** Makes a key, or answers the one that an earlier try has made. */
  make(id: string, algorithm: Algorithm): Promise<KmsKey>;
  /** Gives a key that is there already the alias of an id. */
  lend(id: string, arn: string): Promise<void>;
  /** Removes the alias of an id; absent is success. */
  forget(id: string): Promise<void>;
  /** Schedules away a key that this installation has made; a key that was only lent to it stays as it is. */
  delete(arn: string): Promise<void>;
  /** The ids of its aliases, and as `ID.KEY` the keys that a crash left between their making and their alias. */
  list(): AsyncIterable<string>;
}

/** What the keys of an installation are found and made with. */
export interface OwnKeysOptions {
  readonly kms: Kms;
  /** The installation that the keys belong to. */
  readonly installation: string;
  /** The key policy of keys that are made; KMS's own default when absent. */
  readonly keyPolicy?: string | undefined;
  /** How long a key that is no longer needed can still be saved, 7 to 30. Default 30. */
  readonly deletionDays?: number | undefined;
  readonly sleep?: Sleep | undefined;
}

const INSTALLATION_TAG = "signet:installation";
const KEY_TAG = "signet:key";
const SHORTEST_DELETION_DAYS = 7;

/** Binds the keys of an installation. An alias can be made only once, so a key that a retry made twice is recognised and deleted. */
export function ownKeys(options: OwnKeysOptions): OwnKeys {
  const { kms, installation, deletionDays = 30 } = options;
  const aliasOf = (id: string): string => aliasesPrefix(installation) + id;
  // Keys that this process has made: their aliases need not be visible yet.
  const made = new Map<string, string>();

  async function find(id: string): Promise<KmsKey | undefined> {
    return unlessAbsent(kms.describeKey(made.get(id) ?? aliasOf(id)));
  }

  async function mustFind(id: string): Promise<KmsKey> {
    const key = await seenSoon(() => find(id), options.sleep);
    if (key !== undefined && !isGoing(key)) return key;
    throw keyNotFound(aliasOf(id));
  }

  async function lend(id: string, arn: string): Promise<void> {
    if ((await aliasTaken(kms, aliasOf(id), arn)) && (await mustFind(id)).arn !== arn) {
      throw new SignetError("key_mismatch", `${aliasOf(id)} already names another key than ${arn}`);
    }
    made.set(id, arn);
  }

  return Object.freeze({
    find,
    mustFind,
    lend,
    async make(id: string, algorithm: Algorithm) {
      const tags = { [INSTALLATION_TAG]: installation, [KEY_TAG]: id };
      const description = `Signet ${installation}: signs tokens (${algorithm.name})`;
      const input = { keySpec: algorithm.kms.keySpec, description, tags, policy: options.keyPolicy };
      const key = await onceRolesAreKnown(() => kms.createKey(input), options.sleep);
      if (await aliasTaken(kms, aliasOf(id), key.arn)) {
        // An earlier try came so far, or this one did and its answer was lost.
        const first = await mustFind(id);
        if (first.arn !== key.arn) await kms.scheduleKeyDeletion(key.arn, SHORTEST_DELETION_DAYS);
        return first;
      }
      made.set(id, key.arn);
      return key;
    },
    async forget(id: string) {
      made.delete(id);
      await unlessAbsent(kms.deleteAlias(aliasOf(id)));
    },
    async delete(arn: string) {
      if ((await kms.tags(arn))[INSTALLATION_TAG] === installation) await schedule(kms, arn, deletionDays);
    },
    async *list() {
      const named = new Set<string>();
      for await (const { alias, keyId } of kms.aliases()) {
        if (!alias.startsWith(aliasOf("")) || alias === activeAlias(installation)) continue;
        named.add(keyId);
        yield alias.slice(aliasOf("").length);
      }
      for await (const keyId of kms.keyIds()) {
        const id = named.has(keyId) ? undefined : await orphanId(kms, keyId, installation);
        if (id !== undefined) yield `${id}.${keyId}`;
      }
    },
  });
}

/** A role that was just made may be unknown to KMS for some seconds (IAM user guide, "Changes that I make are not always immediately visible"). */
const WAITS_FOR_ROLES_MS = [2_000, 4_000, 8_000, 16_000];

// A key policy that names it is refused until then.
async function onceRolesAreKnown<T>(make: () => Promise<T>, sleep: Sleep = delay): Promise<T> {
  for (const waitMs of WAITS_FOR_ROLES_MS) {
    try {
      return await make();
    } catch (error) {
      if (!isAws(error, "MalformedPolicyDocumentException")) throw error;
      await sleep(waitMs);
    }
  }
  return make();
}

/** Tells whether a key is about to be deleted. */
export function isGoing({ state }: KmsKey): boolean {
  return state === "PendingDeletion" || state === "PendingReplicaDeletion";
}

/** Makes an alias, unless it is there already: then nothing is changed. */
export async function aliasTaken(kms: Kms, alias: string, arn: string): Promise<boolean> {
  try {
    await kms.createAlias(alias, arn);
    return false;
  } catch (error) {
    if (isAws(error, "AlreadyExistsException")) return true;
    throw error;
  }
}

async function schedule(kms: Kms, arn: string, days: number): Promise<void> {
  try {
    await kms.scheduleKeyDeletion(arn, days);
  } catch (error) {
    // It is scheduled already.
    if (!isAws(error, "KMSInvalidStateException")) throw error;
  }
}

async function orphanId(kms: Kms, keyId: string, installation: string): Promise<string | undefined> {
  try {
    const tags = await kms.tags(keyId);
    if (tags[INSTALLATION_TAG] !== installation) return undefined;
    return isGoing(await kms.describeKey(keyId)) ? undefined : tags[KEY_TAG];
  } catch (error) {
    // Keys whose tags may not be read are not ours: our own are made with a right to read them.
    if (isAws(error, "AccessDeniedException", "NotFoundException")) return undefined;
    throw error;
  }
}

/** What a call answers; `undefined` where there is no such thing. */
export async function unlessAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isAws(error, "NotFoundException")) return undefined;
    throw error;
  }
}
