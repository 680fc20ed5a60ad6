import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import type { Kms } from "../../aws/kms.js";
import type { ParameterStore } from "../../aws/ssm.js";
import { SignetError } from "../../errors.js";
import type { Custodian, KeyImporter, OpenableKey, Signer } from "../contract.js";
import { heldKeyOf, keyNotFound, parseHeld, publicJwkOfSpki, type Sleep, sameAlgorithm, sameKey, seenSoon } from "../held-key.js";
import { contextOf, openWrappedKey, type Unwrapping } from "./open.js";

/** What a custodian of wrapped keys is made of. */
export interface KmsDataKeyCustodianOptions extends Unwrapping {
  readonly kms: Kms;
  readonly parameters: ParameterStore;
  /** The path of its parameters, without a slash at the end. */
  readonly path: string;
  readonly sleep?: Sleep | undefined;
}

/** A private key, encrypted by KMS. */
interface WrappedKey {
  /** Base64. */
  readonly wrapped: string;
  readonly id: string;
  readonly publicJwk: PublicJwk;
}

/**
 * Keeps private keys encrypted by a KMS key that never leaves KMS: they are made there (GenerateDataKeyPairWithoutPlaintext),
 * opened by one Decrypt, and sign in memory. The encryption context binds each to its installation and id.
 */
export function createKmsDataKeyCustodian(options: KmsDataKeyCustodianOptions): Custodian & KeyImporter {
  const { kms, parameters, path, kmsKey, installation } = options;
  const nameOf = (id: string): string => `${path}/${id}`;

  async function stored(id: string): Promise<WrappedKey | undefined> {
    const text = (await parameters.get([nameOf(id)])).get(nameOf(id));
    return text === undefined ? undefined : parseHeld(text, nameOf(id));
  }

  async function store(key: WrappedKey): Promise<WrappedKey> {
    // What KMS has encrypted is no secret.
    const isNew = await parameters.create({ name: nameOf(key.id), value: JSON.stringify(key), secret: false });
    const kept = isNew ? key : await seenSoon(() => stored(key.id), options.sleep);
    if (kept === undefined)
      throw new SignetError("store_failed", `${nameOf(key.id)} was written but cannot be read yet; try again`);
    return kept;
  }

  async function make(id: string, algorithm: Algorithm): Promise<WrappedKey> {
    if (algorithm.kty === "AKP") {
      throw new SignetError(
        "unsupported_algorithm",
        `KMS makes no data key pairs for ${algorithm.name}; the custody kms signs with it`,
      );
    }
    const { spki, wrapped } = await kms.generateDataKeyPair(kmsKey, algorithm.kms.keySpec, contextOf(installation, id));
    return store({ wrapped: wrapped.toString("base64"), id, publicJwk: publicJwkOfSpki(spki, algorithm) });
  }

  return Object.freeze({
    custody: "kms-data-key" as const,
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      const kept = (await stored(id)) ?? (await make(id, algorithm));
      return sameAlgorithm(kept.publicJwk, algorithm, id);
    },
    async importKey(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): Promise<PublicJwk> {
      const { pkcs8, publicJwk } = heldKeyOf(privateKey, algorithm, kid);
      const present = await stored(id);
      if (present !== undefined) return sameKey(present.publicJwk, publicJwk, id);
      const wrapped = (await kms.encrypt(kmsKey, Buffer.from(pkcs8, "base64"), contextOf(installation, id))).toString("base64");
      return sameKey((await store({ wrapped, id, publicJwk })).publicJwk, publicJwk, id);
    },
    async material(id: string): Promise<WrappedKey> {
      const key = await seenSoon(() => stored(id), options.sleep);
      if (key === undefined) throw keyNotFound(`the parameter ${nameOf(id)}`);
      return key;
    },
    open: (key: OpenableKey): Promise<Signer> => openWrappedKey(options, key),
    destroy: (id: string) => parameters.delete(nameOf(id)),
    async *list(): AsyncIterable<string> {
      for await (const name of parameters.names(path)) yield name.slice(path.length + 1);
    },
  });
}
