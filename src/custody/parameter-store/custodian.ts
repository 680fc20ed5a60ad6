import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import type { Custodian, KeyImporter } from "../contract.js";
import { type KeyParametersOptions, keyParameters } from "../key-parameters.js";
import { makeStoredKey, type StoredKey, sameAlgorithm, sameKey, storedKeyOf } from "../stored-key.js";
import { material, openParameterKey } from "./open.js";

/** What a Parameter Store custodian is made of. */
export interface ParameterStoreCustodianOptions extends KeyParametersOptions {
  /** The KMS key that encrypts them; the account's own for Parameter Store when absent. */
  readonly kmsKey?: string | undefined;
  /** The id that is its key's kid as well; every other key is named by its RFC 7638 thumbprint. */
  readonly ownName?: string | undefined;
}

/**
 * Keeps private keys in Parameter Store, one SecureString a key. Once a key signs, the active document holds its private part
 * and the copy here goes: opening costs no call of its own.
 */
export function createParameterStoreCustodian(options: ParameterStoreCustodianOptions): Custodian & KeyImporter {
  const keys = keyParameters<StoredKey>(options, { kmsKey: options.kmsKey });

  return Object.freeze({
    ...material.own,
    isSelfContained: true as const,
    location: `parameters ${options.path}`,
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      const kept =
        (await keys.find(id)) ?? (await keys.keep(id, await makeStoredKey(algorithm, id === options.ownName ? id : undefined)));
      return sameAlgorithm(kept.publicJwk, algorithm, id);
    },
    async importKey(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): Promise<PublicJwk> {
      const held = storedKeyOf(privateKey, algorithm, kid);
      return sameKey((await keys.keep(id, held)).publicJwk, held.publicJwk, id);
    },
    material: async (id: string) => material.write(await keys.getOrThrow(id)),
    open: openParameterKey,
    destroy: (id: string) => keys.destroy(id),
    list: keys.list,
  });
}
