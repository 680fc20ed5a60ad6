import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import type { Kms } from "../../aws/kms.js";
import { SignetError } from "../../errors.js";
import type { KeyMaterial } from "../../keyring/active-document.js";
import type { Custodian, KeyImporter, KeyNames, OpenableKey, Signer } from "../contract.js";
import { type KeyParametersOptions, keyParameters } from "../key-parameters.js";
import { kmsKeySpec } from "../kms-names.js";
import { keyOfSpki, sameAlgorithm, sameKey, storedKeyOf } from "../stored-key.js";
import { contextOf, material, openWrappedKey, type Unwrapping, type WrappedKey } from "./open.js";

/** What a custodian of wrapped keys is made of. */
export interface KmsDataKeyCustodianOptions extends Unwrapping, KeyParametersOptions {
  readonly kms: Kms;
  /** The symmetric KMS key that wraps new private keys; absent, none are made. */
  readonly kmsKey: string | undefined;
}

/**
 * Keeps private keys encrypted by a KMS key that never leaves KMS: they are made there (GenerateDataKeyPairWithoutPlaintext),
 * opened by one Decrypt, and sign in memory. The encryption context binds each to its installation and id.
 */
export function createKmsDataKeyCustodian(options: KmsDataKeyCustodianOptions): Custodian & KeyImporter {
  const { kms, kmsKey, installation } = options;
  // What KMS has encrypted is no secret.
  const keys = keyParameters<WrappedKey>(options);

  function wrappingKey(): string {
    if (kmsKey !== undefined) return kmsKey;
    throw new SignetError("config_invalid", "no KMS key is configured that wraps private keys", { field: "aws.kmsKey" });
  }

  async function make(id: string, algorithm: Algorithm): Promise<WrappedKey> {
    if (algorithm.kty === "AKP") {
      throw new SignetError(
        "unsupported_algorithm",
        `KMS makes no data key pairs for ${algorithm.name}; the custody kms signs with it`,
      );
    }
    const { spki, wrapped } = await kms.generateDataKeyPair(wrappingKey(), kmsKeySpec(algorithm), contextOf(installation, id));
    return keys.keep(id, { wrapped: wrapped.toString("base64"), id, publicJwk: keyOfSpki(spki, algorithm).jwk });
  }

  return Object.freeze({
    ...material.own,
    namesIn: ({ id }: KeyMaterial) => ({ id }) as KeyNames,
    isSelfContained: true as const,
    isPlain: true as const,
    location: `parameters ${options.path}`,
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      const kept = (await keys.find(id)) ?? (await make(id, algorithm));
      return sameAlgorithm(kept.publicJwk, algorithm, id);
    },
    async importKey(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): Promise<PublicJwk> {
      const { pkcs8, publicJwk } = storedKeyOf(privateKey, algorithm, kid);
      const present = await keys.find(id);
      if (present !== undefined) return sameKey(present.publicJwk, publicJwk, id);
      const wrapped = (await kms.encrypt(wrappingKey(), Buffer.from(pkcs8, "base64"), contextOf(installation, id))).toString(
        "base64",
      );
      return sameKey((await keys.keep(id, { wrapped, id, publicJwk })).publicJwk, publicJwk, id);
    },
    material: async (id: string) => material.write(await keys.getOrThrow(id)),
    open: (key: OpenableKey): Promise<Signer> => openWrappedKey(options, key),
    destroy: (id: string) => keys.destroy(id),
    list: keys.list,
  });
}
