import type { PublicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import type { KeyMaterial } from "../../keyring/active-document.js";
import type { ActiveKeyPointer, Custodian, KeyLender, OpenableKey, Signer } from "../contract.js";
import { pointAlias, removeAlias } from "./active-alias.js";
import { openKmsKey, reportedJwk } from "./open.js";
import { isGoing, type OwnKeysOptions, ownKeys } from "./own-keys.js";
import type { OnKmsSigned } from "./sign.js";

/** What a KMS custodian is made of. */
export interface KmsCustodianOptions extends OwnKeysOptions {
  readonly onSigned?: OnKmsSigned | undefined;
}

/** Keeps private keys in KMS, from where they never come out. What is signed with is pinned to the key's ARN. */
export function createKmsCustodian(options: KmsCustodianOptions): Custodian & KeyLender & ActiveKeyPointer {
  const { kms, installation, onSigned } = options;
  const keys = ownKeys(options);

  async function reported(key: string, algorithm: Algorithm): Promise<{ arn: string; publicJwk: PublicJwk }> {
    const { arn, spki } = await kms.getPublicKey(key);
    return { arn, publicJwk: reportedJwk(spki, algorithm, arn) };
  }

  return Object.freeze({
    custody: "kms" as const,
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      let key = await keys.find(id);
      if (key !== undefined && isGoing(key)) {
        await keys.forget(id);
        key = undefined;
      }
      const { arn } = key ?? (await keys.make(id, algorithm));
      return (await reported(arn, algorithm)).publicJwk;
    },
    describe: async (key: string, algorithm: Algorithm): Promise<PublicJwk> => (await reported(key, algorithm)).publicJwk,
    async lend(id: string, key: string, algorithm: Algorithm): Promise<PublicJwk> {
      const { arn, publicJwk } = await reported(key, algorithm);
      await keys.lend(id, arn);
      return publicJwk;
    },
    pointTo: async (id: string) => pointAlias(kms, installation, (await keys.mustFind(id)).arn),
    async material(id: string): Promise<KeyMaterial> {
      const { arn } = await keys.mustFind(id);
      return { keyArn: arn, spki: (await kms.getPublicKey(arn)).spki.toString("base64") };
    },
    open: (key: OpenableKey): Promise<Signer> => openKmsKey(kms, key, onSigned),
    async destroy(id: string): Promise<void> {
      const [name = "", orphan] = id.split(".");
      if (orphan !== undefined) return keys.delete(orphan);
      const key = await keys.find(name);
      if (key !== undefined) {
        await keys.delete(key.arn);
        await removeAlias(kms, installation, key.arn);
      }
      await keys.forget(name);
    },
    list: () => keys.list(),
  });
}
