import { type KeyObject, randomUUID } from "node:crypto";
import type { PublicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import { SECRET_MONTH_USD } from "../../aws/prices.js";
import type { Secret, SecretsManager } from "../../aws/secrets-manager.js";
import type { KeyMaterial } from "../../keyring/active-document.js";
import type { Custodian, KeyImporter, KeyNames } from "../contract.js";
import {
  keyNotFound,
  makeStoredKey,
  pollUntilVisible,
  type Sleep,
  type StoredKey,
  sameAlgorithm,
  sameKey,
  storedKeyOf,
} from "../stored-key.js";
import { material, openingSecrets, storedIn } from "./open.js";

/** What a Secrets Manager custodian is made of. */
export interface SecretsManagerCustodianOptions {
  readonly secrets: SecretsManager;
  /** What the names of its secrets begin with. */
  readonly prefix: string;
  /** The KMS key that encrypts them; the account's own for Secrets Manager when absent. */
  readonly kmsKey?: string | undefined;
  readonly sleep?: Sleep | undefined;
}

/**
 * Keeps private keys in Secrets Manager, a secret for each: the value of a version that lost its labels is not deleted, a secret
 * is. Opening reads the version that the active document names.
 */
export function createSecretsManagerCustodian(options: SecretsManagerCustodianOptions): Custodian & KeyImporter {
  const { secrets, prefix, kmsKey } = options;
  const nameOf = (id: string): string => prefix + id;

  /** @returns what the id holds afterwards: the new key, or one that was there before */
  async function store(id: string, held: StoredKey): Promise<StoredKey> {
    const input = { name: nameOf(id), value: JSON.stringify(held), token: randomUUID(), kmsKey };
    if (await secrets.create(input)) return held;
    return storedIn(await getOrThrow(id));
  }

  async function getOrThrow(id: string): Promise<Secret> {
    const found = await pollUntilVisible(() => secrets.get(nameOf(id)), options.sleep);
    if (found === undefined) throw keyNotFound(`the secret ${nameOf(id)}`);
    return found;
  }

  return Object.freeze({
    ...material.own,
    namesIn: ({ secretArn }: KeyMaterial) => ({ arn: secretArn }) as KeyNames,
    isPlain: true as const,
    keyMonthUsd: SECRET_MONTH_USD,
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      const present = await secrets.get(nameOf(id));
      const kept = present === undefined ? await store(id, await makeStoredKey(algorithm)) : storedIn(present);
      return sameAlgorithm(kept.publicJwk, algorithm, id);
    },
    async importKey(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): Promise<PublicJwk> {
      const held = storedKeyOf(privateKey, algorithm, kid);
      return sameKey((await store(id, held)).publicJwk, held.publicJwk, id);
    },
    async material(id: string): Promise<KeyMaterial> {
      const { arn, version } = await getOrThrow(id);
      return material.write({ secretArn: arn, version });
    },
    open: openingSecrets(secrets),
    destroy: (id: string) => secrets.delete(nameOf(id)),
    async *list(): AsyncIterable<string> {
      for await (const name of secrets.names(prefix)) yield name.slice(prefix.length);
    },
  });
}
