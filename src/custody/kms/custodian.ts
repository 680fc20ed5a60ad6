import type { PublicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import { KMS_KEY_MONTH_USD } from "../../aws/prices.js";
import type { KeyMaterial } from "../../keyring/active-document.js";
import type {
  ActiveKeyPointer,
  Custodian,
  IsNamed,
  KeyAdopter,
  KeyNames,
  KnownKey,
  NameKeeper,
  OpenableKey,
  Signer,
} from "../contract.js";
import { keyNotFound, pollUntilVisible } from "../stored-key.js";
import { pointAlias } from "./active-alias.js";
import { material, openKmsKey, reportedKey } from "./open.js";
import { type OwnKeysOptions, ownKeys, unlessAbsent } from "./own-keys.js";
import type { OnKmsSigned } from "./sign.js";

/** What a KMS custodian is made of. */
export interface KmsCustodianOptions extends OwnKeysOptions {
  readonly onSigned?: OnKmsSigned | undefined;
}

/** Keeps private keys in KMS, from where they never come out. What is signed with is pinned to the key's ARN. */
export function createKmsCustodian(options: KmsCustodianOptions): Custodian & KeyAdopter & ActiveKeyPointer & NameKeeper {
  const { kms, installation, onSigned } = options;
  const keys = ownKeys(options);

  async function find(key: string): Promise<{ arn: string; spki: Buffer } | undefined> {
    // What was just made may not be seen everywhere yet.
    return pollUntilVisible(() => unlessAbsent(kms.getPublicKey(key)), options.sleep);
  }

  async function reported(key: string, algorithm: Algorithm): Promise<{ arn: string; publicJwk: PublicJwk }> {
    const { arn, spki } = (await find(key)) ?? (await kms.getPublicKey(key));
    return { arn, publicJwk: reportedKey(spki, algorithm, arn).jwk };
  }

  // An alias is asked only for a key of which nothing else is known yet.
  async function arnOf(id: string, known: KnownKey | undefined): Promise<{ arn: string; spki: Buffer }> {
    const name = known?.keyArn ?? known?.kid ?? (await keys.byAlias(id))?.arn;
    const found = name === undefined ? undefined : await find(name);
    if (found !== undefined) return found;
    throw keyNotFound(name === undefined ? `the key ${id} in KMS` : `the KMS key ${name}`);
  }

  // Where nothing is known of a key but its id, its tags are.
  async function madeFor(id: string): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const name of keys.list()) if (name.startsWith(`${id}.`)) found.push(name.slice(id.length + 1));
    return found;
  }

  return Object.freeze({
    ...material.own,
    namesIn: ({ keyArn }: KeyMaterial) => ({ keyArn, arn: keyArn }) as KeyNames,
    isPlain: true as const,
    keyMonthUsd: KMS_KEY_MONTH_USD,
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      const { arn } = (await keys.usable(id)) ?? (await keys.make(id, algorithm));
      return (await reported(arn, algorithm)).publicJwk;
    },
    describe: async (key: string, algorithm: Algorithm): Promise<PublicJwk> => (await reported(key, algorithm)).publicJwk,
    async adopt(id: string, key: string, algorithm: Algorithm): Promise<PublicJwk> {
      const { arn, publicJwk } = await reported(key, algorithm);
      await keys.adopt(id, arn);
      return publicJwk;
    },
    pointTo: async (id: string, known?: KnownKey) => pointAlias(kms, installation, (await arnOf(id, known)).arn),
    async material(id: string, known?: KnownKey): Promise<KeyMaterial> {
      const { arn, spki } = await arnOf(id, known);
      return material.write({ keyArn: arn, spki: spki.toString("base64") });
    },
    open: (key: OpenableKey): Promise<Signer> => openKmsKey(kms, key, onSigned),
    async destroy(name: string, known?: KnownKey): Promise<void> {
      const [id = "", part] = name.split(".");
      const key = part ?? known?.keyArn ?? known?.kid;
      for (const each of key === undefined ? await madeFor(id) : [key]) await keys.delete(id, each);
    },
    list: () => keys.list(),
    removeNames: (isNamed: IsNamed) => keys.removeAliases(isNamed),
  });
}
