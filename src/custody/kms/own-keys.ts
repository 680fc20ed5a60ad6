import { setTimeout as delay } from "node:timers/promises";
import type { Algorithm } from "../../algorithms/table.js";
import { isAws } from "../../aws/failure.js";
import type { Kms, KmsKey } from "../../aws/kms.js";
import { activeAlias, aliasesPrefix } from "../../aws/names.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { IsNamed } from "../contract.js";
import { isKeyId } from "../key-id.js";
import { kmsKeySpec } from "../kms-names.js";
import { pollUntilVisible, type Sleep } from "../stored-key.js";

/**
 * The KMS keys of one installation. What tells a key as its own are the tags that it was made with. The aliases
 * `alias/signet/INSTALLATION/ID` save a crash from making a key twice; they may be missing, old or foreign, and nothing is
 * destroyed because of one.
 */
export interface OwnKeys {
  /** What the alias of an id names, even a foreign one. */
  byAlias(id: string): Promise<KmsKey | undefined>;
  /** The key that an earlier try has made for an id, as far as its alias tells. */
  usable(id: string): Promise<KmsKey | undefined>;
  /** Makes a key; answers the one of an earlier try where that was first. */
  make(id: string, algorithm: Algorithm): Promise<KmsKey>;
  /** Gives a key that is there already the alias of an id. */
  adopt(id: string, arn: string): Promise<void>;
  /** Schedules a key away that was made here for this very id, and removes its aliases; any other key stays as it is. */
  delete(id: string, key: string): Promise<void>;
  /** Every key that was made here, as `ID.KEY`. */
  list(): AsyncIterable<string>;
  /** Removes the aliases that name no key of the keyring's. */
  removeAliases(isNamed: IsNamed): Promise<void>;
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
const MIN_DELETION_DAYS = 7;

/** Binds the keys of an installation. */
export function ownKeys(options: OwnKeysOptions): OwnKeys {
  const { kms, installation, deletionDays = 30, sleep } = options;
  const aliasOf = (id: string): string => aliasesPrefix(installation) + id;
  const byAlias = (id: string): Promise<KmsKey | undefined> => unlessAbsent(kms.describeKey(aliasOf(id)));

  const idOf = (key: string): Promise<string | undefined> => idByTags(kms, installation, key);

  async function usable(id: string): Promise<KmsKey | undefined> {
    const key = await byAlias(id);
    return key !== undefined && !isPendingDeletion(key) && (await idOf(key.arn)) === id ? key : undefined;
  }

  async function* list(): AsyncIterable<string> {
    for await (const keyId of kms.keyIds()) {
      const id = await ownId(keyId);
      if (id !== undefined) yield `${id}.${keyId}`;
    }
  }

  async function ownId(keyId: string): Promise<string | undefined> {
    try {
      const id = await idOf(keyId);
      return id === undefined || isPendingDeletion(await kms.describeKey(keyId)) ? undefined : id;
    } catch (error) {
      // Keys whose tags may not be read are not ours: our own are made with a right to read them.
      if (isAws(error, "AccessDeniedException", "NotFoundException")) return undefined;
      throw error;
    }
  }

  return Object.freeze({
    byAlias,
    usable,
    list,
    async make(id: string, algorithm: Algorithm) {
      const tags = { [INSTALLATION_TAG]: installation, [KEY_TAG]: id };
      const description = `Signet ${installation}: signs tokens (${algorithm.name})`;
      const input = { keySpec: kmsKeySpec(algorithm), description, tags, policy: options.keyPolicy };
      const key = await onceRolesAreKnown(() => kms.createKey(input), sleep);
      const goes = () => kms.scheduleKeyDeletion(key.arn, MIN_DELETION_DAYS);
      const isNamed = await createAliasIfAbsent(kms, aliasOf(id), key.arn).catch(async (error) => {
        // No later try finds a key that was refused its alias: each would leave another one. Where no answer came, it may have it.
        if (!isSignetError(error, "aws_unavailable")) await goes();
        throw error;
      });
      // An earlier try came so far, or this one did and its answer was lost. No other place knows this key: it can go by its ARN.
      const first = isNamed ? key : ((await pollUntilVisible(() => usable(id), sleep)) ?? key);
      if (first.arn !== key.arn) await goes();
      return first;
    },
    async adopt(id: string, arn: string) {
      if (await createAliasIfAbsent(kms, aliasOf(id), arn)) return;
      const named = await pollUntilVisible(() => byAlias(id), sleep);
      if (named?.arn !== arn) throw new SignetError("key_mismatch", `${aliasOf(id)} already names another key than ${arn}`);
    },
    async delete(id: string, key: string) {
      if ((await idOf(key)) === id) await schedule(kms, key, deletionDays);
      await removeAliases(kms, aliasesPrefix(installation), (_, kid) => kid !== key.slice(key.lastIndexOf("/") + 1));
    },
    removeAliases: (isNamed) =>
      removeAliases(kms, aliasOf(""), (id, kid) => isNamed(kid, aliasOf(id) === activeAlias(installation) ? undefined : id)),
  } satisfies OwnKeys);
}

/** The id that a key was made for here; `undefined` for every other key. */
async function idByTags(kms: Kms, installation: string, key: string): Promise<string | undefined> {
  const tags = (await unlessAbsent(kms.tags(key))) ?? {};
  const id = tags[INSTALLATION_TAG] === installation ? tags[KEY_TAG] : undefined;
  // A principal that may tag keys chooses the text: an id is put into names and messages.
  return isKeyId(id) ? id : undefined;
}

async function removeAliases(kms: Kms, prefix: string, stays: (id: string, kid: string) => boolean): Promise<void> {
  const over: string[] = [];
  for await (const { alias, keyId } of kms.aliases()) {
    if (alias.startsWith(prefix) && !stays(alias.slice(prefix.length), keyId)) over.push(alias);
  }
  for (const alias of over) await unlessAbsent(kms.deleteAlias(alias));
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

function isPendingDeletion({ state }: KmsKey): boolean {
  return state.endsWith("Deletion");
}

/** Makes an alias; answers false where there is one of that name already, which is not changed. */
export async function createAliasIfAbsent(kms: Kms, alias: string, arn: string): Promise<boolean> {
  try {
    await kms.createAlias(alias, arn);
    return true;
  } catch (error) {
    if (isAws(error, "AlreadyExistsException")) return false;
    throw error;
  }
}

async function schedule(kms: Kms, key: string, days: number): Promise<void> {
  await kms.scheduleKeyDeletion(key, days).catch((error) => {
    // It is scheduled already, or gone.
    if (!isAws(error, "KMSInvalidStateException", "NotFoundException")) throw error;
  });
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
